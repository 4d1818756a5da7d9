"""An account's webhooks: deliveries, draining, replaying, faults."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from smartpay_mock.control.routes import TEXT, Request, Routes, json_object
from smartpay_mock.events import outbox
from smartpay_mock.events.faults import SCHEMA, faults_of, read_faults, save_faults
from smartpay_mock.kernel.clock import LAST_MS

routes = Routes()

_MOST_DELIVERIES = 10_000
_DRAIN = json_object(
    until={
        "type": "integer",
        "minimum": 0,
        "maximum": LAST_MS,
        "description": "Milliseconds since the epoch.",
    }
)


@routes.add("GET", "/webhooks/deliveries", query={"state": TEXT, "endpoint": TEXT})
def show_deliveries(request: Request) -> Any:
    """List webhook deliveries and their attempts, oldest first."""
    state, endpoint = request.query.get("state"), request.query.get("endpoint")
    with request.opened() as ctx:
        if endpoint and not outbox.list_deliveries(
            ctx.unit, endpoint=endpoint, limit=1
        ):
            ctx.find(outbox.ENDPOINT_KIND, endpoint)  # a deleted one has deliveries
        rows = outbox.list_deliveries(
            ctx.unit, state=state, endpoint=endpoint, limit=_MOST_DELIVERIES
        )
        return [outbox.view_delivery(row) for row in reversed(rows)]


@routes.add("GET", "/webhooks/deliveries/{id}")
def show_delivery(request: Request) -> Any:
    """Show a delivery and its attempts."""
    with request.opened() as ctx:
        return outbox.view_delivery(outbox.find_delivery(ctx.unit, request.id))


@routes.add("POST", "/webhooks/deliveries/{id}/replay")
def replay_delivery(request: Request) -> Any:
    """Make a delivery due again, now."""
    with request.opened() as ctx:
        shown = outbox.replay_delivery(ctx.unit, request.id, now=ctx.now)
    request.application.wake(request.account)
    return shown


@routes.add("POST", "/webhooks/replay", query={"state": TEXT})
def replay_deliveries(request: Request) -> Any:
    """Make every delivery, or those in one state, due again, now."""
    with request.opened() as ctx:
        state = request.query.get("state")
        shown = outbox.replay_deliveries(ctx.unit, now=ctx.now, state=state)
    request.application.wake(request.account)
    return shown


@routes.add("POST", "/webhooks/drain", body=_DRAIN)
def drain(request: Request) -> Any:
    """Deliver what is due, or falls due until a time; show the outcomes."""
    with request.opened():
        pass  # opening the account applies expiries, which may have webhooks
    until = request.body.get("until")
    return request.application.deliverer.drain(request.account, until=until)


@routes.add("GET", "/webhooks/faults")
def show_webhook_faults(request: Request) -> Any:
    """Show the account's webhook faults."""
    with request.opened() as ctx:
        return asdict(read_faults(ctx.unit))


@routes.add("PUT", "/webhooks/faults", body=SCHEMA)
def set_webhook_faults(request: Request) -> Any:
    """Set the account's webhook faults; an empty object removes them."""
    faults = faults_of(request.body)
    with request.opened() as ctx:
        save_faults(ctx.unit, faults)
    return asdict(faults)
