"""The shape of the Smartpay API as data. Imports no other package of the project.

Five tables (`OPERATIONS`, `ERRORS`, `LIFECYCLES`, `CLAUSES`, `EVENTS`), the JSON
Schemas of every request and answer, and the questions one asks of them: does a document
fit, what exactly is wrong with it, which of its members does nobody know.

Importing this package reads no file and loads no validator; the tables are read when
they are first looked at, a validator when it is first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartpay_schemas import _tables, event_types
from smartpay_schemas._load import collection_of, names, registry, schema
from smartpay_schemas._rows import Clause, ErrorRow, Lifecycle, Operation, Transition
from smartpay_schemas._tables import response_schema
from smartpay_schemas.event_types import EventType
from smartpay_schemas.validation import (
    NumberText,
    Problem,
    UnknownMember,
    accepts,
    accepts_strictly,
    problems,
    replace_number_texts,
    unknown_members,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    OPERATIONS: Mapping[str, Operation]
    ERRORS: Mapping[str, ErrorRow]
    LIFECYCLES: Mapping[str, Lifecycle]
    CLAUSES: Mapping[str, Clause]
    EVENTS: Mapping[str, EventType]

__all__ = [
    "CLAUSES",
    "ERRORS",
    "EVENTS",
    "LIFECYCLES",
    "OPERATIONS",
    "Clause",
    "ErrorRow",
    "EventType",
    "Lifecycle",
    "NumberText",
    "Operation",
    "Problem",
    "Transition",
    "UnknownMember",
    "accepts",
    "accepts_strictly",
    "collection_of",
    "names",
    "problems",
    "registry",
    "replace_number_texts",
    "response_schema",
    "schema",
    "unknown_members",
]

_TABLES = {
    "OPERATIONS": _tables.operations,
    "ERRORS": _tables.errors,
    "LIFECYCLES": _tables.lifecycles,
    "CLAUSES": _tables.clauses,
    "EVENTS": event_types.events,
}


if not TYPE_CHECKING:  # else a type checker would believe in every name

    def __getattr__(name: str) -> Any:
        """Read a table when it is first looked at, and keep it as a plain global."""
        if name not in _TABLES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = table = _TABLES[name]()
        return table
