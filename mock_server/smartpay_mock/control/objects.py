"""An account's orders, payments, refunds, tokens and consumers."""

from __future__ import annotations

from typing import Any

from smartpay_fixtures import sandbox_values_document
from smartpay_mock.control.routes import COUNT, TEXT, Request, Routes, json_object
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.json import decode
from smartpay_mock.resources import Context
from smartpay_mock.resources.consumers import find_consumer, new_consumer
from smartpay_mock.resources.context import created
from smartpay_mock.resources.views import Document, expanded, plain
from smartpay_mock.storage.base import Unit
from smartpay_schemas import LIFECYCLES, schema

routes = Routes()

_ALL = 1_000_000
_DECISION = {"enum": ["approved", "declined", "declined_softly"]}
_STATUS = {"enum": list(LIFECYCLES["token"].states)}
_ACTIVE = {"type": "boolean"}
_TOKEN = json_object(status=_STATUS, decision=_DECISION)
_NEW_TOKEN = json_object(
    consumer={
        "type": "string",
        "minLength": 1,
        "maxLength": 100,
        "description": "Id of its consumer; a new consumer if absent.",
    },
    status={**_STATUS, "default": "active"},
    decision={**_DECISION, "default": "approved"},
    reference=schema("common/reference"),
    metadata=schema("common/metadata"),
)
_CONSUMER = json_object(active=_ACTIVE, decision=_DECISION)
_NEW_CONSUMER = json_object(
    emailAddress={
        "type": "string",
        "maxLength": 254,
        "pattern": sandbox_values_document()["login"]["pattern"],
        "x-expected": "an address such as mei+test@example.com, ending its local part "
        "in +test",
        "description": "Logs in with any password; a new address if absent.",
    },
    active={**_ACTIVE, "default": True},
    decision={**_DECISION, "default": "approved"},
)


@routes.add("GET", "/orders", query={"status": TEXT, "limit": COUNT})
def list_orders(request: Request) -> Any:
    """List orders, oldest first; with `limit`, the newest of them."""
    status, known = request.query.get("status"), LIFECYCLES["order"].states
    if status is not None and status not in known:
        raise NotFoundError.among("status of an order", status, known)
    limit = request.query.get("limit", _ALL)
    with request.opened() as ctx:
        orders = _stored(ctx.unit, "order", _ALL if status else limit)
        chosen = [one for one in orders if status in {None, one["status"]}]
        return [
            expanded(one, ctx.find) for one in chosen[max(0, len(chosen) - limit) :]
        ]


@routes.add("GET", "/orders/{id}")
def show_order(request: Request) -> Any:
    """Show an order."""
    with request.opened() as ctx:
        return expanded(_find(ctx.unit, "order", request.id), ctx.find)


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


@routes.add("POST", "/tokens", body=_NEW_TOKEN)
def create_token(request: Request) -> Any:
    """Create a token that can be charged, with its consumer if none is named."""
    body = {"status": "active", **request.body}
    named = body.pop("consumer", None)
    with request.opened() as ctx:
        consumer = (
            _find(ctx.unit, "consumer", named) if named else _create_consumer(ctx)
        )
        token = {
            **created(ctx, "token", "token"),
            "metadata": {},
            "_decision": body.pop("decision", "approved"),
            **body,
            "_consumer": consumer["id"],
        }
        ctx.save(token)
        return _view(token)


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
    return _change(request, "token", changes)


@routes.add("GET", "/consumers")
def list_consumers(request: Request) -> Any:
    """List consumers, oldest first."""
    return _list(request, "consumer")


@routes.add("POST", "/consumers", body=_NEW_CONSUMER)
def create_consumer(request: Request) -> Any:
    """Create a consumer who can log in and authorize."""
    with request.opened() as ctx:
        return _view(_create_consumer(ctx, **request.body))


@routes.add("GET", "/consumers/{id}")
def show_consumer(request: Request) -> Any:
    """Show a consumer."""
    return _show(request, "consumer")


@routes.add("PATCH", "/consumers/{id}", body=_CONSUMER)
def change_consumer(request: Request) -> Any:
    """Set whether a consumer is active, or the decision on authorizations."""
    return _change(request, "consumer", request.body)


def _view(document: Document) -> Document:
    """Return a document with the members that only the control plane shows."""
    view = plain(document)
    if document["object"] == "token":
        view["consumer"] = document.get("_consumer")
        view["decision"] = document.get("_decision", "approved")
    return view


def _create_consumer(ctx: Context, **members: Any) -> Document:
    """Create a consumer.

    Raises:
        SandboxUsageError: The account has a consumer with this address.
    """
    consumer = new_consumer(ctx, **members)
    known = find_consumer(ctx, consumer["emailAddress"])
    if known:
        raise SandboxUsageError(
            f"emailAddress: {known['id']} has this address. Change that consumer with "
            "PATCH, or send another address."
        )
    ctx.save(consumer)
    return consumer


def _list(request: Request, kind: str) -> list[Document]:
    with request.opened() as ctx:
        return [_view(document) for document in _stored(ctx.unit, kind)]


def _show(request: Request, kind: str) -> Document:
    with request.opened() as ctx:
        return _view(_find(ctx.unit, kind, request.id))


def _change(request: Request, kind: str, changes: Document) -> Document:
    with request.opened() as ctx:
        document = _find(ctx.unit, kind, request.id) | changes
        ctx.save(document)
        return _view(document)


def _stored(unit: Unit, kind: str, limit: int = _ALL) -> list[Document]:
    """Return the newest documents of a kind, oldest first."""
    return [decode(row.body) for row in reversed(unit.page(kind, limit=limit))]


def _find(unit: Unit, kind: str, id_: str) -> Document:
    body = unit.get(kind, id_)
    if body is None:
        known = [row.id for row in unit.page(kind, limit=20)]
        raise NotFoundError.among(kind, id_, known)
    document: Document = decode(body)
    return document
