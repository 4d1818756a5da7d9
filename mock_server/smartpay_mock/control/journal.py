"""The journal: each API call with its answer and the rules that decided it."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.auth import SERVER_ACCOUNT
from smartpay_mock.api.journal import KIND, operation_of, read
from smartpay_mock.control.routes import COUNT, Request, Routes
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.exchange import REASON_HEADER

routes = Routes()

_OPERATION = {"type": "string", "maxLength": 255}


@routes.add("GET", "/requests", query={"operation": _OPERATION, "limit": COUNT})
def list_requests(request: Request) -> Any:
    """List the newest API calls, oldest first.

    An empty ``operation`` selects the calls that reached no operation.
    """
    operation = request.query.get("operation")
    known = request.application.rules.operations
    if operation and operation not in known:
        raise NotFoundError.among("operation", operation, list(known))
    limit = request.query.get("limit", 1_000)
    kept = request.application.settings.journal  # the store may have a few more
    with request.opened() as ctx:
        rows = ctx.unit.page(KIND, limit=kept) if kept else []
    chosen = [
        row for row in rows if operation is None or operation_of(row) == operation
    ]
    return [read(row) for row in chosen[:limit][::-1]]


@routes.add("GET", "/requests/{id}")
def show_request(request: Request) -> Any:
    """Show an API call and explain its answer.

    Logins, and calls of consumers to objects that no account has, are found too.
    """
    newest: list[str] = []
    for account in (request.account, SERVER_ACCOUNT):
        with request.application.opened(account, only_reads=True) as ctx:
            found = ctx.unit.row(KIND, request.id)
            newest = newest or [row.id for row in ctx.unit.page(KIND, limit=5)]
        if found is not None:
            return read(found)
    raise NotFoundError(
        f"There is no request {request.id!r} in this account's journal. It keeps the "
        f"newest {request.application.settings.journal} and no 401; the header "
        f"{REASON_HEADER} explains a 401. The newest: {', '.join(newest) or 'none'}."
    )


@routes.add("DELETE", "/requests")
def clear_requests(request: Request) -> None:
    """Empty the journal."""
    with request.opened() as ctx:
        ctx.unit.trim(KIND, 0)
