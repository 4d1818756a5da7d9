"""The outbox: stored events, and one stored delivery per endpoint that gets an event.

Both are written in the unit of work of the change, so a change that is rolled back
leaves neither, and a change that is committed is delivered at least once.
Source: *assumed* for the guarantee; shape from docs:/reference/the-event-object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.storage.base import Row, Unit
from smartpay_schemas import EVENTS
from smartpay_schemas.event_types import event_version

KIND = "event"
ENDPOINT_KIND = "webhook_endpoint"
DELIVERY_KIND = "delivery"
KEPT = 10_000
"""How many events an account keeps: the newest. Deliveries keep their own body."""

PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"
BLOCKED = "blocked"
DROPPED = "dropped"

STATES = {
    PENDING: "will be attempted at `nextAttemptAt`",
    DELIVERED: "the receiver answered 200",
    FAILED: "no attempt of the schedule was answered with 200",
    BLOCKED: "not sent, because the address is not allowed; see `reason`",
    DROPPED: "not sent again, because the endpoint was deleted or is not active",
}
"""State of a delivery -> its meaning."""

_ALL = 1_000_000_000

Document = dict[str, Any]


# -- events ----------------------------------------------------------------------------


def _unchanged(document: Document) -> Document:
    return document


def record(
    unit: Unit,
    *,
    event_type: str,
    data: Document,
    now: int,
    new_id: Callable[[str], str],
    render: Callable[[Document], Document] = _unchanged,
) -> Document:
    """Store an event, and a delivery for each webhook endpoint that subscribed to it.

    Args:
        unit: The unit of work of the change.
        event_type: A type of ``events.json``.
        data: The object of the event.
        now: The account's time, in milliseconds since the epoch.
        new_id: Returns a new id for a kind.
        render: Returns the public, unexpanded form of ``data``; called only if an
            endpoint gets the event.

    Returns:
        The stored event: complete (with ``eventData``) if an endpoint gets it; else
        only ``id``, ``type``, ``createdAt`` and ``objectId``.

    Raises:
        NotFoundError: The type is unknown.
    """
    _check_type(event_type)
    event_id = new_id(KIND)
    endpoints = subscribed_endpoints(unit, event_type)
    if not endpoints:
        _save_notes(unit, now, [(event_id, event_type, data["id"])])
        return _note(event_id, event_type, data["id"], at=now)
    event = _compose(event_id, event_type=event_type, data=render(data), now=now)
    body = encode(event)
    unit.put(KIND, event_id, body)
    for endpoint in endpoints:
        delivery_id = new_id(DELIVERY_KIND)
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
    render: Callable[[Document], Document] = _unchanged,
) -> bool:
    """Store the events of one change; return whether it made a delivery.

    Most accounts have no endpoint. Their events share one short document per change.

    Args:
        unit: The unit of work of the change.
        events: Type and object of each event.
        now: As in :func:`record`.
        new_id: As in :func:`record`.
        render: As in :func:`record`.

    Raises:
        NotFoundError: A type is unknown.
    """
    if unit.count(ENDPOINT_KIND):
        stored = [
            record(
                unit, event_type=type_, data=data, now=now, new_id=new_id, render=render
            )
            for type_, data in events
        ]
        return any(is_delivered(event) for event in stored)
    for type_, _ in events:
        _check_type(type_)
    if events:
        notes = [(new_id(KIND), type_, data["id"]) for type_, data in events]
        _save_notes(unit, now, notes)
    return False


def trim(unit: Unit) -> None:
    """Delete the oldest events beyond ``KEPT``."""
    unit.trim(KIND, KEPT)


def is_delivered(event: Document) -> bool:
    """Return whether an event from ``record`` goes to an endpoint."""
    return "eventData" in event


def read_events(body: bytes) -> list[Document]:
    """Return the events of a stored document: one complete event, or short ones."""
    stored = decode(body)
    if is_delivered(stored):
        return [stored]
    return [_note(*note, at=stored["createdAt"]) for note in stored["notes"]]


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

    An endpoint without ``eventSubscriptions`` gets every type.
    Source: SDK go:types.go.
    """
    count = unit.count(ENDPOINT_KIND)
    if not count:
        return []
    rows = unit.page(ENDPOINT_KIND, limit=count)
    endpoints = [decode(row.body) for row in reversed(rows)]
    return [endpoint for endpoint in endpoints if _gets(endpoint, event_type)]


def _gets(endpoint: Document, event_type: str) -> bool:
    subscriptions = endpoint.get("eventSubscriptions")
    is_subscribed = not subscriptions or event_type in subscriptions
    return is_subscribed and bool(endpoint.get("active", True))


def _save_notes(unit: Unit, now: int, notes: list[tuple[str, str, str]]) -> None:
    """Store id, type and object id of the events of one change in one document."""
    unit.put(KIND, notes[0][0], encode({"createdAt": now, "notes": notes}))


def _note(event_id: str, event_type: str, object_id: str, *, at: int) -> Document:
    return {"id": event_id, "type": event_type, "createdAt": at, "objectId": object_id}


def _check_type(event_type: str) -> None:
    if event_type not in EVENTS:
        raise NotFoundError.among("type of event", event_type, list(EVENTS))


def _compose(event_id: str, *, event_type: str, data: Document, now: int) -> Document:
    # Members in the order of the published sample.
    return {
        "id": event_id,
        "object": "event",
        "createdAt": now,
        "test": True,
        "eventData": {"type": event_type, "version": event_version(), "data": data},
    }


# -- deliveries ------------------------------------------------------------------------


def new_delivery(
    *, delivery_id: str, event: Document, endpoint: Document, now: int
) -> Document:
    """Return the document of a delivery that is due now.

    Args:
        delivery_id: Its id.
        event: The complete event.
        endpoint: The webhook endpoint that gets it.
        now: Milliseconds since the epoch.
    """
    return {
        "id": delivery_id,
        "event": event["id"],
        "type": event["eventData"]["type"],
        "endpoint": endpoint["id"],
        "url": endpoint["url"],
        "createdAt": now,
        "state": PENDING,
        "reason": None,
        "nextAttemptAt": now,
        "attempts": [],
        "_tries": 0,
        "_run": 0,
        "_signedAt": None,
    }


def save_delivery(unit: Unit, document: Document, body: bytes) -> None:
    """Store a delivery with the bytes to send, indexed by endpoint and due time."""
    unit.put(
        DELIVERY_KIND,
        document["id"],
        encode(document),
        index_key=document["endpoint"],
        due=document["nextAttemptAt"],
        attachment=body,
    )


def view_delivery(row: Row) -> Document:
    """Return a delivery as the control plane shows it, with its body as text."""
    shown = {
        name: value
        for name, value in decode(row.body).items()
        if not name.startswith("_")
    }
    shown["body"] = (row.attachment or b"").decode("utf-8")
    return shown


def find_delivery(unit: Unit, delivery_id: str) -> Row:
    """Return the stored delivery.

    Raises:
        NotFoundError: The account has no delivery with this id.
    """
    row = unit.row(DELIVERY_KIND, delivery_id)
    if row is None:
        raise NotFoundError(
            f"This account has no webhook delivery {delivery_id!r}; "
            "list its deliveries to see their ids."
        )
    return row


def list_deliveries(
    unit: Unit,
    *,
    state: str | None = None,
    endpoint: str | None = None,
    limit: int = 100,
) -> list[Row]:
    """Return deliveries, newest first.

    Args:
        unit: A unit of the account.
        state: Only those in this state, a key of ``STATES``.
        endpoint: Only those to this webhook endpoint.
        limit: How many at most.

    Raises:
        NotFoundError: The state is unknown.
    """
    if state is not None and state not in STATES:
        raise NotFoundError.among("state of a delivery", state, list(STATES))
    found: list[Row] = []
    before = None
    while len(found) < limit:
        rows = unit.page(DELIVERY_KIND, limit=limit, before=before, index_key=endpoint)
        found += [row for row in rows if state in (None, decode(row.body)["state"])]
        if len(rows) < limit:
            break
        before = rows[-1].seq
    return found[:limit]


def replay_delivery(unit: Unit, delivery_id: str, *, now: int) -> Document:
    """Make a delivery pending again, due now, from the start of the schedule.

    Its earlier attempts stay recorded.

    Raises:
        NotFoundError: The account has no delivery with this id.
    """
    row = find_delivery(unit, delivery_id)
    document = decode(row.body)
    document.update(state=PENDING, reason=None, nextAttemptAt=now)
    document.update(_tries=0, _run=document["_run"] + 1, _signedAt=None)
    save_delivery(unit, document, row.attachment or b"")
    return view_delivery(find_delivery(unit, delivery_id))


def replay_deliveries(
    unit: Unit, *, now: int, state: str | None = None
) -> list[Document]:
    """Make every delivery, or those in one state, pending again; oldest first.

    Raises:
        NotFoundError: The state is unknown.
        SandboxUsageError: The account has no such delivery.
    """
    rows = list_deliveries(unit, state=state, limit=_ALL)
    if not rows:
        which = f"{state} webhook delivery" if state else "webhook delivery"
        raise SandboxUsageError(
            f"This account has no {which} to replay; create a webhook endpoint, then "
            "create an order."
        )
    return [replay_delivery(unit, row.id, now=now) for row in reversed(rows)]
