"""The outbox: events are written in the same unit as the change they tell of.

What is rolled back is never told; what is kept is told at least once.
Source: *assumed* for the guarantee; shape from docs:/reference/the-event-object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from smartpay_mock.events.deliveries import new_delivery, save_delivery
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.storage.base import Unit
from smartpay_schemas import EVENTS
from smartpay_schemas.event_types import event_version

KIND = "event"
ENDPOINT_KIND = "webhook_endpoint"
KEPT = 10_000
"""Documents of events that an account keeps: the newest, as many as are ever shown.
What is to be delivered is kept with the delivery."""

Document = dict[str, Any]


def _as_it_is(document: Document) -> Document:
    return document


def record(
    unit: Unit,
    *,
    event_type: str,
    data: Document,
    now: int,
    new_id: Callable[[str], str],
    render: Callable[[Document], Document] = _as_it_is,
) -> Document:
    """Write an event, and a delivery for each webhook endpoint that subscribed to it.

    Args:
        unit: The unit in which the change is made.
        event_type: A type of ``events.json``.
        data: The object concerned.
        now: The account's time, in milliseconds since the epoch.
        new_id: Returns a new id for a kind.
        render: Makes the public, unexpanded form of ``data``; asked only when somebody
            gets the event.

    Returns:
        The event as it is kept: whole (with ``eventData``) when an endpoint gets it;
        else only ``id``, ``type``, ``createdAt`` and ``objectId``.

    Raises:
        NotFoundError: There is no such type of event.
    """
    _check_type(event_type)
    event_id = new_id(KIND)
    endpoints = subscribed_endpoints(unit, event_type)
    if not endpoints:
        _keep_notes(unit, now, [(event_id, event_type, data["id"])])
        return _note(event_id, event_type, data["id"], at=now)
    event = _compose(event_id, event_type=event_type, data=render(data), now=now)
    body = encode(event)
    unit.put(KIND, event_id, body)
    for endpoint in endpoints:
        delivery_id = new_id("delivery")
        delivery = new_delivery(
            delivery_id=delivery_id, event=event, endpoint=endpoint, now=now
        )
        save_delivery(unit, delivery, body)
    return event


def record_all(
    unit: Unit,
    events: Sequence[tuple[str, Document]],
    *,
    now: int,
    new_id: Callable[[str], str],
    render: Callable[[Document], Document] = _as_it_is,
) -> bool:
    """Write the events of one change; return whether an endpoint gets one of them.

    Most accounts have no endpoint: their events are history, not post, and the notes
    of one change are kept together.

    Args:
        unit: The unit in which the change is made.
        events: Type and object concerned of each.
        now: As for :func:`record`.
        new_id: Likewise.
        render: Likewise.

    Raises:
        NotFoundError: There is no such type of event.
    """
    if unit.count(ENDPOINT_KIND):
        kept = [
            record(
                unit, event_type=type_, data=data, now=now, new_id=new_id, render=render
            )
            for type_, data in events
        ]
        return any(is_delivered(event) for event in kept)
    for type_, _ in events:
        _check_type(type_)
    if events:
        notes = [(new_id(KIND), type_, data["id"]) for type_, data in events]
        _keep_notes(unit, now, notes)
    return False


def trim(unit: Unit) -> None:
    """Forget the oldest events beyond ``KEPT``."""
    unit.trim(KIND, KEPT)


def is_delivered(event: Document) -> bool:
    """Return whether an event that ``record`` returned goes to any endpoint."""
    return "eventData" in event


def read_events(body: bytes) -> list[Document]:
    """Return the events of a stored document: one that is whole, or notes."""
    kept = decode(body)
    if is_delivered(kept):
        return [kept]
    return [_note(*note, at=kept["createdAt"]) for note in kept["notes"]]


def summarize_event(event: Document) -> Document:
    """Return id, type, createdAt and objectId of an event of either form."""
    if not is_delivered(event):
        return dict(event)
    return {
        "id": event["id"],
        "type": event["eventData"]["type"],
        "createdAt": event["createdAt"],
        "objectId": event["eventData"]["data"]["id"],
    }


def subscribed_endpoints(unit: Unit, event_type: str) -> list[Document]:
    """Return the active webhook endpoints that get ``event_type``, oldest first.

    An endpoint without ``eventSubscriptions``, or with none, gets every type.
    Source: SDK go:types.go.
    """
    known = unit.count(ENDPOINT_KIND)
    if not known:
        return []
    rows = unit.page(ENDPOINT_KIND, limit=known)
    endpoints = [decode(row.body) for row in reversed(rows)]
    return [endpoint for endpoint in endpoints if _gets(endpoint, event_type)]


def _gets(endpoint: Document, event_type: str) -> bool:
    subscriptions = endpoint.get("eventSubscriptions")
    is_meant = not subscriptions or event_type in subscriptions
    return is_meant and bool(endpoint.get("active", True))


def _keep_notes(unit: Unit, now: int, notes: list[tuple[str, str, str]]) -> None:
    """Keep id, type and object's id of events of one moment, in one document."""
    unit.put(KIND, notes[0][0], encode({"createdAt": now, "notes": notes}))


def _note(event_id: str, event_type: str, object_id: str, *, at: int) -> Document:
    return {"id": event_id, "type": event_type, "createdAt": at, "objectId": object_id}


def _check_type(event_type: str) -> None:
    if event_type not in EVENTS:
        raise NotFoundError.among("type of event", event_type, list(EVENTS))


def _compose(event_id: str, *, event_type: str, data: Document, now: int) -> Document:
    # The order of the members is the published sample's.
    return {
        "id": event_id,
        "object": "event",
        "createdAt": now,
        "test": True,
        "eventData": {"type": event_type, "version": event_version(), "data": data},
    }
