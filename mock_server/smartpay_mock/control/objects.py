"""An account's orders, payments, refunds, tokens and consumers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smartpay_mock.control.routes import Request, Routes, json_object
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.json import decode
from smartpay_mock.resources import Context
from smartpay_mock.resources.consumers import keep_consumer
from smartpay_mock.resources.tokens import keep_token
from smartpay_mock.resources.views import Document, expanded, plain
from smartpay_mock.storage.base import Unit
from smartpay_schemas import LIFECYCLES

routes = Routes()

_ALL = 1_000_000
_DECISION = {"enum": ["approved", "declined", "declined_softly"]}
_TOKEN = json_object(
    status={"enum": list(LIFECYCLES["token"].states)}, decision=_DECISION
)
_CONSUMER = json_object(active={"type": "boolean"}, decision=_DECISION)


@routes.add("GET", "/orders")
def list_orders(request: Request) -> Any:
    """List orders, oldest first."""
    with request.opened() as (unit, account):
        ctx: Context = request.application.context(unit, account, account.ids())
        return [expanded(order, ctx.find) for order in _stored(unit, "order")]


@routes.add("GET", "/payments")
def list_payments(request: Request) -> Any:
    """List payments, oldest first."""
    return _list(request, "payment")


@routes.add("GET", "/refunds")
def list_refunds(request: Request) -> Any:
    """List refunds, oldest first."""
    return _list(request, "refund")


@routes.add("GET", "/tokens")
def list_tokens(request: Request) -> Any:
    """List tokens in any status, oldest first."""
    return _list(request, "token")


@routes.add("GET", "/tokens/{id}")
def show_token(request: Request) -> Any:
    """Show a token in any status."""
    return _show(request, "token")


@routes.add("PATCH", "/tokens/{id}", body=_TOKEN)
def change_token(request: Request) -> Any:
    """Set a token's status or decision."""
    changes = dict(request.body)
    if "decision" in changes:
        changes["_decision"] = changes.pop("decision")
    return _change(request, "token", changes, keep_token)


@routes.add("GET", "/consumers")
def list_consumers(request: Request) -> Any:
    """List consumers, oldest first."""
    return _list(request, "consumer")


@routes.add("GET", "/consumers/{id}")
def show_consumer(request: Request) -> Any:
    """Show a consumer."""
    return _show(request, "consumer")


@routes.add("PATCH", "/consumers/{id}", body=_CONSUMER)
def change_consumer(request: Request) -> Any:
    """Set whether a consumer is active, or the decision on authorizations."""
    return _change(request, "consumer", request.body, keep_consumer)


def _list(request: Request, kind: str) -> list[Document]:
    with request.opened() as (unit, _account):
        return [plain(document) for document in _stored(unit, kind)]


def _show(request: Request, kind: str) -> Document:
    with request.opened() as (unit, _account):
        return plain(_find(unit, kind, request.id))


def _change(
    request: Request,
    kind: str,
    changes: Document,
    keep: Callable[[Context, Document], None],
) -> Document:
    with request.opened() as (unit, account):
        document = _find(unit, kind, request.id) | changes
        keep(request.application.context(unit, account, account.ids()), document)
        return plain(document)


def _stored(unit: Unit, kind: str) -> list[Document]:
    """Return the documents of a kind, oldest first."""
    return [decode(row.body) for row in reversed(unit.page(kind, limit=_ALL))]


def _find(unit: Unit, kind: str, id_: str) -> Document:
    body = unit.get(kind, id_)
    if body is None:
        known = [row.id for row in unit.page(kind, limit=20)]
        raise NotFoundError.among(kind, id_, known)
    document: Document = decode(body)
    return document
