"""An account's orders, payments, refunds and events, oldest first."""

from __future__ import annotations

from typing import Any

from smartpay_mock.control.routes import Request, Routes
from smartpay_mock.events.outbox import KEPT, read_events, summarize_event
from smartpay_mock.events.outbox import KIND as EVENT_KIND
from smartpay_mock.kernel.json import decode
from smartpay_mock.resources import Context
from smartpay_mock.resources.views import expanded, plain

routes = Routes()

_ALL = 1_000_000


@routes.add("GET", "/orders")
def list_orders(request: Request) -> Any:
    """List orders, oldest first."""
    with request.opened() as (unit, account):
        ctx: Context = request.application.context(unit, account, account.ids())
        rows = unit.page("order", limit=_ALL)
        return [expanded(decode(row.body), ctx.find) for row in reversed(rows)]


@routes.add("GET", "/payments")
def list_payments(request: Request) -> Any:
    """List payments, oldest first."""
    return _list_plain(request, "payment")


@routes.add("GET", "/refunds")
def list_refunds(request: Request) -> Any:
    """List refunds, oldest first."""
    return _list_plain(request, "refund")


@routes.add("GET", "/events")
def list_events(request: Request) -> Any:
    """List events, oldest first."""
    with request.opened() as (unit, _account):
        rows = unit.page(EVENT_KIND, limit=KEPT)
    return [
        summarize_event(event)
        for row in reversed(rows)
        for event in read_events(row.body)
    ]


def _list_plain(request: Request, kind: str) -> list[dict[str, Any]]:
    with request.opened() as (unit, _account):
        rows = unit.page(kind, limit=_ALL)
        return [plain(decode(row.body)) for row in reversed(rows)]
