"""The table of event types matches the other tables."""

from __future__ import annotations

import json

import pytest

from smartpay_schemas import EVENTS, LIFECYCLES, names, schema
from smartpay_schemas.event_types import event_version


def test_there_are_twenty_types_and_one_version() -> None:
    """As in the SDKs."""
    assert len(EVENTS) == 20
    assert event_version() == "2022-02-18"


def test_every_event_of_a_lifecycle_is_a_published_type() -> None:
    """A transition cannot cause an event outside the catalogue."""
    caused = {
        event
        for lifecycle in LIFECYCLES.values()
        for transition in lifecycle.transitions
        for event in transition.events
    }

    assert caused <= {row.type for row in EVENTS.values() if row.emitted}


@pytest.mark.parametrize(
    "name",
    [name for name in names() if name.endswith(("/event", "webhook-endpoint-create"))],
)
def test_the_schemas_contain_the_same_types(name: str) -> None:
    """Types to subscribe to and types of events are the same list."""
    text = json.dumps(schema(name)) + json.dumps(
        [schema(common) for common in names() if "event" in common]
    )

    assert {event for event in EVENTS if f'"{event}"' not in text} == set()
