"""An account's events: list them, cause any of them, deliver them again.

The form of payouts and merchant users is *assumed*: no source shows them.
"""

from __future__ import annotations

from typing import Any

from smartpay_fixtures import load, names
from smartpay_mock.control.routes import Request, Routes, json_object
from smartpay_mock.events.outbox import (
    ENDPOINT_KIND,
    KEPT,
    KIND,
    add_deliveries,
    find_event,
    new_event,
    read_events,
    subscribed_endpoints,
    summarize_event,
)
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.json import encode
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import kind_of
from smartpay_mock.resources.views import Document, in_event
from smartpay_schemas import EVENTS, LIFECYCLES, problems

routes = Routes()

_ID = {"type": "string", "minLength": 1, "maxLength": 100}
_NEW = json_object(
    "type",
    type={"enum": list(EVENTS)},
    objectId={**_ID, "description": "Id of its object; an example object if absent."},
    data={"type": "object", "description": "Members of the object to replace."},
)
_TO = json_object(
    endpoint={**_ID, "description": "Id of one webhook endpoint, subscribed or not."}
)
# Object of an event -> its members besides id, object, test and the two times.
_WITHOUT_SCHEMA: dict[str, Document] = {
    "payout": {"amount": 128_400, "currency": "JPY"},
    "merchantUser": {"emailAddress": "staff@example.jp"},
}


@routes.add("GET", "/events")
def list_events(request: Request) -> Any:
    """List events, oldest first."""
    with request.opened() as ctx:
        rows = ctx.unit.page(KIND, limit=KEPT)
    return [
        summarize_event(event)
        for row in reversed(rows)
        for event in read_events(row.body)
    ]


@routes.add("POST", "/events", body=_NEW)
def trigger_event(request: Request) -> Any:
    """Cause an event of any type; show it and its deliveries."""
    type_, object_id = request.body["type"], request.body.get("objectId")
    with request.opened() as ctx:
        data = _stored(ctx, type_, object_id) if object_id else _example(ctx, type_)
        data |= request.body.get("data", {})
        event = new_event(ctx.ids.new("event"), type_, data, ctx.now)
        found = problems("resources/event", event)
        if found:
            listed = "; ".join(item.message for item in found)
            raise SandboxUsageError(f"The event is not valid: {listed}.")
        ctx.unit.put(KIND, event["id"], encode(event))
        ids = _add_deliveries(ctx, event, subscribed_endpoints(ctx.unit, type_))
    request.application.wake(request.account)
    return {"event": event, "deliveries": ids}


@routes.add("GET", "/events/{id}")
def show_event(request: Request) -> Any:
    """Show an event with its body.

    An event that no endpoint got was stored without its object: its data shows the
    object as it is now.
    """
    with request.opened() as ctx:
        return _complete(ctx, request.id)


@routes.add("POST", "/events/{id}/deliver", body=_TO)
def deliver_event(request: Request) -> Any:
    """Deliver an event again, also to endpoints that came later; show deliveries."""
    named = request.body.get("endpoint")
    with request.opened() as ctx:
        event = _complete(ctx, request.id)
        endpoints = subscribed_endpoints(ctx.unit, event["eventData"]["type"])
        if named:
            endpoints = [_load(ctx, ENDPOINT_KIND, named)]
        if not endpoints:
            raise SandboxUsageError(
                "No active webhook endpoint subscribes to this event. Create one, or "
                "name one in endpoint."
            )
        ids = _add_deliveries(ctx, event, endpoints)
    request.application.wake(request.account)
    return {"event": event, "deliveries": ids}


def _add_deliveries(
    ctx: Context, event: Document, endpoints: list[Document]
) -> list[str]:
    return add_deliveries(ctx.unit, event, endpoints, new_id=ctx.ids.new, now=ctx.now)


def _complete(ctx: Context, event_id: str) -> Document:
    event = find_event(ctx.unit, event_id)
    if "eventData" in event:
        return event
    data = _stored(ctx, event["type"], event["objectId"])
    return new_event(event_id, event["type"], data, event["createdAt"])


def _stored(ctx: Context, type_: str, object_id: str) -> Document:
    """Return the object of an event as it is now."""
    return in_event(_load(ctx, kind_of(EVENTS[type_].object), object_id))


def _load(ctx: Context, kind: str, id_: str) -> Document:
    document = ctx.load(kind, id_)
    if document is None:
        known = [row.id for row in ctx.unit.page(kind, limit=20)]
        raise NotFoundError.among(kind, id_, known)
    return document


def _example(ctx: Context, type_: str) -> Document:
    """Return an example object, with the status that the event leaves it in."""
    kind = kind_of(EVENTS[type_].object)
    times = {"createdAt": ctx.now, "updatedAt": ctx.now}
    if EVENTS[type_].object in _WITHOUT_SCHEMA:
        prefix = f"{kind.replace('_', '')}_test_"
        head = {"id": prefix + ctx.ids.characters(22), "object": EVENTS[type_].object}
        return {**head, "test": True, **times, **_WITHOUT_SCHEMA[head["object"]]}
    name = f"resources/{kind.replace('_', '-')}"
    status = _status_after(type_)
    variant = f"{name}@{status.replace('_', '-')}"
    example = load(variant if variant in names("resources") else name)
    if status:
        example["status"] = status
    return {**example, **times, "id": ctx.ids.new(kind)}


def _status_after(type_: str) -> str:
    lifecycle = LIFECYCLES.get(type_.partition(".")[0])
    steps = lifecycle.transitions if lifecycle else ()
    return next((step.to_state for step in steps if type_ in step.events), "")
