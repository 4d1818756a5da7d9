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


def record(
    unit: Unit,
    events: Sequence[tuple[str, Document]],
    *,
    now: int,
    new_id: Callable[[str], str],
    render: Callable[[Document], Document],
) -> bool:
    """Store the events of one change, and a delivery for each endpoint that gets one.

    Most accounts have no endpoint. Events that no endpoint gets are stored without
    their objects, neighbours in one short document.

    Args:
        unit: The unit of work of the change.
        events: A type of ``events.json``, and the object, of each event.
        now: The account's time, in milliseconds since the epoch.
        new_id: Returns a new id for a kind.
        render: Returns the public, unexpanded form of an object; called only for an
            event that an endpoint gets.

    Returns:
        Whether an endpoint gets one of them.

    Raises:
        NotFoundError: A type is unknown.
    """
    has_endpoints = unit.count(ENDPOINT_KIND) > 0
    has_deliveries = False
    notes: list[tuple[str, str, str]] = []
    for type_, data in events:
        if type_ not in EVENTS:
            raise NotFoundError.among("type of event", type_, list(EVENTS))
        event_id = new_id(KIND)
        endpoints = subscribed_endpoints(unit, type_) if has_endpoints else []
        if not endpoints:
            notes.append((event_id, type_, data["id"]))
            continue
        _save_notes(unit, now, notes)
        notes, has_deliveries = [], True
        event = new_event(event_id, type_, render(data), now)
        unit.put(KIND, event_id, encode(event))
        add_deliveries(unit, event, endpoints, new_id=new_id, now=now)
    _save_notes(unit, now, notes)
    return has_deliveries


def new_event(event_id: str, event_type: str, data: Document, now: int) -> Document:
    """Return an event, with members in the order of the published sample.

    Args:
        event_id: Its id.
        event_type: A type of ``events.json``.
        data: The public, unexpanded form of its object.
        now: The account's time, in milliseconds since the epoch.
    """
    return {
        "id": event_id,
        "object": "event",
        "createdAt": now,
        "test": True,
        "eventData": {"type": event_type, "version": event_version(), "data": data},
    }


def add_deliveries(
    unit: Unit,
    event: Document,
    endpoints: Sequence[Document],
    *,
    new_id: Callable[[str], str],
    now: int,
) -> list[str]:
    """Store a delivery of a complete event to each of ``endpoints``.

    Returns:
        The ids of the deliveries, which are due at ``now``.
    """
    body = encode(event)
    ids = []
    for endpoint in endpoints:
        delivery = _new_delivery(new_id(DELIVERY_KIND), event, endpoint, now)
        save_delivery(unit, delivery, body)
        ids.append(delivery["id"])
    return ids


def find_event(unit: Unit, event_id: str) -> Document:
    """Return an event as it is stored: complete, or short without its object.

    Raises:
        NotFoundError: The account keeps no such event.
    """
    for row in unit.page(KIND, limit=KEPT):
        for event in read_events(row.body):
            if event["id"] == event_id:
                return event
    raise NotFoundError(
        f"This account keeps no event {event_id!r}; list its events to see their ids."
    )


def trim(unit: Unit) -> None:
    """Delete the oldest events beyond ``KEPT``."""
    unit.trim(KIND, KEPT)


def read_events(body: bytes) -> list[Document]:
    """Return the events of a stored document: one complete event, or short ones."""
    stored = decode(body)
    if "notes" not in stored:
        return [stored]
    at = stored["createdAt"]
    return [
        {"id": event_id, "type": type_, "createdAt": at, "objectId": object_id}
        for event_id, type_, object_id in stored["notes"]
    ]


def summarize_event(event: Document) -> Document:
    """Return id, type, createdAt and objectId of an event of either form."""
    if "eventData" not in event:
        return event
    data = event["eventData"]
    summary = {"id": event["id"], "type": data["type"], "createdAt": event["createdAt"]}
    return {**summary, "objectId": data["data"]["id"]}


def subscribed_endpoints(unit: Unit, event_type: str) -> list[Document]:
    """Return the active webhook endpoints that get ``event_type``, oldest first.

    An endpoint without ``eventSubscriptions`` gets every type.
    Source: SDK go:types.go.
    """
    rows = unit.page(ENDPOINT_KIND, limit=_ALL)
    endpoints = [decode(row.body) for row in reversed(rows)]
    return [
        endpoint
        for endpoint in endpoints
        if endpoint.get("active", True)
        and event_type in (endpoint.get("eventSubscriptions") or EVENTS)
    ]


def _save_notes(unit: Unit, now: int, notes: list[tuple[str, str, str]]) -> None:
    """Store id, type and object id of some events of one change in one document."""
    if notes:
        unit.put(KIND, notes[0][0], encode({"createdAt": now, "notes": notes}))


# -- deliveries ------------------------------------------------------------------------


def _new_delivery(
    delivery_id: str, event: Document, endpoint: Document, now: int
) -> Document:
    """Return the document of a delivery that is due now."""
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
    """Store a delivery with the bytes to send, indexed by endpoint and due time.

    Only a pending one is due: a worker would send any other again and again.
    """
    is_pending = document["state"] == PENDING
    unit.put(
        DELIVERY_KIND,
        document["id"],
        encode(document),
        index_key=document["endpoint"],
        due=document["nextAttemptAt"] if is_pending else None,
        attachment=body,
    )


def view_delivery(row: Row) -> Document:
    """Return a delivery as the control plane shows it, with its body as text."""
    members = decode(row.body).items()
    shown = {name: value for name, value in members if not name.startswith("_")}
    return {**shown, "body": (row.attachment or b"").decode()}


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
    limit: int = _ALL,
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
    read = limit if state is None else _ALL
    rows = unit.page(DELIVERY_KIND, limit=read, index_key=endpoint)
    if state is not None:
        rows = [row for row in rows if decode(row.body)["state"] == state]
    return rows[:limit]


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
    rows = list_deliveries(unit, state=state)
    if not rows:
        which = f"{state} webhook delivery" if state else "webhook delivery"
        raise SandboxUsageError(
            f"This account has no {which} to replay; create a webhook endpoint, then "
            "create an order."
        )
    return [replay_delivery(unit, row.id, now=now) for row in reversed(rows)]
