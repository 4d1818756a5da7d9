"""Typed, frozen rows of the four tables: operations, errors, lifecycles, clauses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from smartpay_schemas._load import collection_of, names, read

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint of the API.

    Attributes:
        id: Name used everywhere, such as `create_order`.
        tag: Family of the endpoint in the reference documentation.
        side: `merchant` (secret key, below /v1), `consumer` (bearer token, host root)
            or `consumer-login` (no credential, host root).
        method: HTTP method in upper case.
        path: Path template, relative to /v1 or to the host root as `side` says.
        summary: One sentence.
        request: Schema of the body, or None when a body is ignored.
        response: Schema of the answer or of one entry of it, None when it is empty.
        collection: Whether the answer is a page of resources.
        status: HTTP status of success.
        expand: `always`, `query` (`?expand=all|no` decides) or `never`.
        idempotent: Whether an Idempotency-Key is honoured.
        errors: Codes this endpoint can answer beside those that any call can get.
        source: Where the row comes from.
    """

    id: str
    tag: str
    side: str
    method: str
    path: str
    summary: str
    request: str | None
    response: str | None
    collection: bool
    status: int
    expand: str
    idempotent: bool
    errors: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error code: its HTTP status, message template, condition and source."""

    code: str
    status: int
    message: str
    condition: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a lifecycle. `from_state` is `new` before the object exists."""

    action: str
    from_state: str
    to_state: str
    events: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of a resource and the steps between them.

    Attributes:
        resource: Such as `order`.
        states: Every state; `new` is not one of them.
        final: States that no action leaves.
        transitions: Every step, in the order of the table.
        refusals: Error code that answers an action where it has no step; None for an
            action that no caller can ask for.
        source: Where the lifecycle comes from.
    """

    resource: str
    states: tuple[str, ...]
    final: tuple[str, ...]
    transitions: tuple[Transition, ...]
    refusals: Mapping[str, str | None]
    source: str

    def find(self, state: str, action: str) -> Transition | None:
        """Return the step that an action takes from a state, None if it has none."""
        for transition in self.transitions:
            if (transition.from_state, transition.action) == (state, action):
                return transition
        return None


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise of the contract.

    Attributes:
        id: Such as `orders.create.succeeded`.
        area: Group of the report, such as `orders`.
        operations: Ids of the operations it speaks of.
        statement: The promise, in one sentence.
        source: Document, SDK suite, or `assumed`.
        confidence: `documented`, `observed` or `assumed`.
        checkable: Whether a test can check it from outside.
        reason: Why it cannot be checked; empty when it can.
    """

    id: str
    area: str
    operations: tuple[str, ...]
    statement: str
    source: str
    confidence: str
    checkable: bool
    reason: str


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
    told = row["checkable"]
    changes = {
        "operations": tuple(row["operations"]),
        "checkable": told is True,
        "reason": "" if told is True else told,
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
    )
