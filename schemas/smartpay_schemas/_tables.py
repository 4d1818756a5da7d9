"""Read the four tables: operations, errors, lifecycles and clauses, each once."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from smartpay_schemas._load import collection_of, names, read
from smartpay_schemas._rows import Clause, ErrorRow, Lifecycle, Operation, Transition

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def operations() -> Mapping[str, Operation]:
    """Return every operation by id, in the order of the table."""
    return _by("id", [_operation(row) for row in read("operations.json")["operations"]])


@cache
def errors() -> Mapping[str, ErrorRow]:
    """Return every error row by code, in the order of the table."""
    return _by("code", [ErrorRow(**row) for row in read("errors.json")["errors"]])


@cache
def lifecycles() -> Mapping[str, Lifecycle]:
    """Return every lifecycle by resource."""
    table = read("lifecycles.json")
    rows = [_lifecycle(key, row) for key, row in table.items() if key != "$comment"]
    return _by("resource", rows)


@cache
def clauses() -> Mapping[str, Clause]:
    """Return every clause of the contract by id, in the order of the table."""
    return _by("id", [_clause(row) for row in read("clauses.json")["clauses"]])


def response_schema(
    operation: Operation | str, *, expanded: bool = False
) -> str | dict[str, Any] | None:
    """Return what a successful answer must look like.

    Args:
        operation: The operation or its id.
        expanded: Whether the caller asked for `expand=all`; only counts where the
            query decides.

    Returns:
        A schema name, for a page of resources a schema, None for an empty answer.

    Raises:
        KeyError: If there is no operation of this id.
    """
    row = operations()[operation] if isinstance(operation, str) else operation
    if row.response is None:
        return None
    name = row.response
    grown = row.expand == "always" or (row.expand == "query" and expanded)
    if grown and f"{name}-expanded" in names():
        name = f"{name}-expanded"
    return collection_of(name) if row.collection else name


def _by(key: str, rows: list[Any]) -> Mapping[str, Any]:
    return MappingProxyType({getattr(row, key): row for row in rows})


def _operation(row: dict[str, Any]) -> Operation:
    return Operation(**{**row, "errors": tuple(row["errors"])})


def _clause(row: dict[str, Any]) -> Clause:
    checkable = row["checkable"]
    changes = {
        "operations": tuple(row["operations"]),
        "checkable": checkable is True,
        "reason": "" if checkable is True else checkable,
    }
    return Clause(**{**row, **changes})


def _lifecycle(resource: str, row: dict[str, Any]) -> Lifecycle:
    return Lifecycle(
        resource=resource,
        states=tuple(row["states"]),
        final=tuple(row["final"]),
        transitions=tuple(_transition(step) for step in row["transitions"]),
        refusals=MappingProxyType(dict(row["refusals"])),
        source=row["source"],
    )


def _transition(row: dict[str, Any]) -> Transition:
    return Transition(
        action=row["action"],
        from_state=row["from"],
        to_state=row["to"],
        events=tuple(row["events"]),
        note=row.get("note", ""),
        operations=tuple(row["operations"]),
    )
