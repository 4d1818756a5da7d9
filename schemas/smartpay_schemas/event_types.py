"""The catalogue of event types, read from `events.json`."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from smartpay_schemas._load import read

if TYPE_CHECKING:
    from collections.abc import Mapping


class EventType(NamedTuple):
    """One type of event.

    Attributes:
        type: Such as `order.authorized`.
        object: The `object` member of the resource in `eventData.data`.
        emitted: Whether any call of this API can cause it.
        when: What makes it happen, as the end of a sentence.
        source: Where the row comes from.
    """

    type: str
    object: str
    emitted: bool
    when: str
    source: str


@cache
def events() -> Mapping[str, EventType]:
    """Return every event type by its name, in the order of the table."""
    rows = [EventType(**row) for row in read("events.json")["types"]]
    return MappingProxyType({row.type: row for row in rows})


@cache
def event_version() -> str:
    """Return the `version` member that every event carries."""
    version: str = read("events.json")["version"]
    return version
