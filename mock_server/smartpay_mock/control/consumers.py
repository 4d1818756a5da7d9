"""An account's consumers and tokens: status, activity and decision."""

from __future__ import annotations

from typing import Any

from smartpay_mock.control.routes import Request, Routes, json_object
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.json import decode
from smartpay_mock.resources.consumers import keep_consumer
from smartpay_mock.resources.tokens import keep_token
from smartpay_mock.resources.views import plain
from smartpay_mock.storage.base import Unit
from smartpay_schemas import LIFECYCLES

routes = Routes()

_ALL = 10_000
_DECISION = {"enum": ["approved", "declined", "declined_softly"]}
_TOKEN = json_object(
    status={"enum": list(LIFECYCLES["token"].states)}, decision=_DECISION
)
_CONSUMER = json_object(active={"type": "boolean"}, decision=_DECISION)


@routes.add("GET", "/tokens")
def list_tokens(request: Request) -> Any:
    """List tokens in any status."""
    return _list(request, "token")


@routes.add("GET", "/tokens/{id}")
def show_token(request: Request) -> Any:
    """Show a token in any status."""
    return _show(request, "token")


@routes.add("PATCH", "/tokens/{id}", body=_TOKEN)
def change_token(request: Request) -> Any:
    """Set a token's status or decision."""
    with request.opened() as (unit, account):
        token = _find(unit, "token", request.id)
        body = dict(request.body)
        if "decision" in body:
            token["_decision"] = body.pop("decision")
        token.update(body)
        keep_token(request.application.context(unit, account, account.ids()), token)
        return plain(token)


@routes.add("GET", "/consumers")
def list_consumers(request: Request) -> Any:
    """List consumers."""
    return _list(request, "consumer")


@routes.add("GET", "/consumers/{id}")
def show_consumer(request: Request) -> Any:
    """Show a consumer."""
    return _show(request, "consumer")


@routes.add("PATCH", "/consumers/{id}", body=_CONSUMER)
def change_consumer(request: Request) -> Any:
    """Set whether a consumer is active, or the decision on authorizations."""
    with request.opened() as (unit, account):
        consumer = _find(unit, "consumer", request.id)
        consumer.update(request.body)
        context = request.application.context(unit, account, account.ids())
        keep_consumer(context, consumer)
        return plain(consumer)


def _list(request: Request, kind: str) -> list[dict[str, Any]]:
    with request.opened() as (unit, _account):
        return [plain(decode(row.body)) for row in unit.page(kind, limit=_ALL)]


def _show(request: Request, kind: str) -> dict[str, Any]:
    with request.opened() as (unit, _account):
        return plain(_find(unit, kind, request.id))


def _find(unit: Unit, kind: str, id_: str) -> dict[str, Any]:
    body = unit.get(kind, id_)
    if body is None:
        known = [row.id for row in unit.page(kind, limit=20)]
        raise NotFoundError.among(kind, id_, known)
    document: dict[str, Any] = decode(body)
    return document
