"""The outbox: events are written in the same unit as the change they tell of.

What is rolled back is never told; what is kept is told at least once.
Source: *assumed* for the guarantee; shape from docs:/reference/the-event-object.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smartpay_mock.events.deliveries import new_delivery, save_delivery
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.storage.contract import Unit
from smartpay_schemas import EVENTS
from smartpay_schemas.event_types import event_version

KIND = "event"
ENDPOINT_KIND = "webhook_endpoint"

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
    if event_type not in EVENTS:
        raise NotFoundError.among("type of event", event_type, list(EVENTS))
    event_id = new_id(KIND)
    endpoints = subscribed_endpoints(unit, event_type)
    if not endpoints:
        return _note(unit, event_id, event_type=event_type, data=data, now=now)
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


def is_delivered(event: Document) -> bool:
    """Return whether an event that ``record`` returned goes to any endpoint."""
    return "eventData" in event


def summarize_event(body: bytes) -> Document:
    """Return id, type, createdAt and objectId of a stored event of either form."""
    event = decode(body)
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


def _note(
    unit: Unit, event_id: str, *, event_type: str, data: Document, now: int
) -> Document:
    # Most accounts have no endpoint: their events are history, not post.
    event = {
        "id": event_id,
        "type": event_type,
        "createdAt": now,
        "objectId": data["id"],
    }
    unit.put(KIND, event_id, encode(event))
    return event


def _compose(event_id: str, *, event_type: str, data: Document, now: int) -> Document:
    # The order of the members is the published sample's.
    return {
        "id": event_id,
        "object": "event",
        "createdAt": now,
        "test": True,
        "eventData": {"type": event_type, "version": event_version(), "data": data},
    }
