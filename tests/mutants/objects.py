"""Mutants of objects that no table describes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from tests.mutants.bodies import proof

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import decode, encode, encode_sorted
from smartpay_mock.mutants.catalogue.payments import CODE
from smartpay_mock.mutants.patches import Document, edit_answers, wrap_handlers
from smartpay_mock.mutants.responses import edit_successes
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_schemas import Operation

CREATE = "create_webhook_endpoint"
_TIMEOUT_S = 0.5
CHANGES = {"enable_token", "disable_token", "delete_token"}


def _delete_rejected(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Delete a rejected order."""
    order = original(ctx, params, body)
    if order["status"] == "rejected":
        ctx.unit.delete("order", order["id"])
    return order


def _case_sensitive(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Compare codes case-sensitively."""
    rows = ctx.unit.page("promotion_code", limit=9, index_key=body["code"].casefold())
    known = [ctx.find("promotion_code", row.id) for row in rows]
    others = [one for one in known if one["code"] != body["code"]]
    for other in others:
        ctx.unit.put("promotion_code", other["id"], encode(other))
    made = original(ctx, params, body)
    for other in others:
        ctx.save(other)
    return made


def _once_per_customer(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    return original(ctx, params, {"onePerCustomer": True, **body})


def _try_url(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Refuse a URL of this machine where nothing listens."""
    address = urlsplit(body["url"])
    if address.hostname in {"127.0.0.1", "localhost", "::1"}:
        place = (address.hostname, address.port or 80)
        try:
            socket.create_connection(place, _TIMEOUT_S).close()
        except OSError:
            raise invalid("url: it does not answer") from None
    return original(ctx, params, body)


def _do_nothing(
    _original: Any, ctx: Context, params: dict[str, str], _body: Document
) -> None:
    ctx.find("webhook_endpoint", params["id"])


def _refund_by_order(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Subtract all refunds of an order from each payment."""
    payment = ctx.find("payment", body["payment"])
    order = ctx.find("order", payment["order"])
    returned = sum(ctx.find("payment", id_)["_refunded"] for id_ in order["payments"])
    if returned + body.get("amount", 0) > payment["amount"]:
        raise ApiError(CODE, amount=0, left=0, id=payment["id"])
    return original(ctx, params, body)


def _erase_notes(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> None:
    """Erase reference and metadata of a token."""
    original(ctx, params, body)
    token = ctx.find("token", params["id"])
    token.pop("reference", None)
    ctx.save({**token, "metadata": {}})


def _label_empty_answer(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if operation.id in CHANGES and answer.status == operation.status:
        return replace(answer, content_type="application/json")
    return answer


def _active_only(document: Document) -> None:
    tokens = document["data"]
    document["data"] = [token for token in tokens if token["status"] == "active"]
    document["results"] = len(document["data"])


def _merge_orders(
    original: Callable[..., Any], ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Return the earlier order for the same body."""
    name = encode_sorted(body).hex()
    known = ctx.unit.get("merged", name)
    if known is not None:
        return ctx.find("order", decode(known))
    order = original(ctx, params, body)
    ctx.unit.put("merged", name, encode(order["id"]))
    return order


MUTANTS = (
    proof(
        "same-body-is-same-order",
        wrap_handlers(_merge_orders, "create_order"),
        "orders.create.every-request-charges",
        "idempotency.one-order-per-key",
    ),
    proof(
        "rejected-not-kept",
        wrap_handlers(_delete_rejected, "create_order"),
        "orders.create.rejected-kept",
    ),
    proof(
        "refund-lowers-other-payments",
        wrap_handlers(_refund_by_order, "create_refund"),
        "refunds.create.own-payment",
    ),
    proof(
        "empty-answer-called-json",
        edit_answers(_label_empty_answer),
        "tokens.empty-answer",
    ),
    proof(
        "disabled-not-listed",
        edit_successes(_active_only, "list_tokens"),
        "tokens.list",
    ),
    proof(
        "disabling-wipes",
        wrap_handlers(_erase_notes, "disable_token", "enable_token"),
        "tokens.no-other-change",
    ),
    proof(
        "codes-once-per-customer",
        wrap_handlers(_once_per_customer, "create_promotion_code"),
        "promotions.create.defaults",
    ),
    proof(
        "codes-depend-on-case",
        wrap_handlers(_case_sensitive, "create_promotion_code"),
        "promotions.create.exists",
    ),
    proof(
        "endpoint-tried-at-once",
        wrap_handlers(_try_url, CREATE),
        "endpoints.create.not-reached",
    ),
    proof(
        "endpoint-not-deleted",
        wrap_handlers(_do_nothing, "delete_webhook_endpoint"),
        "endpoints.delete",
        "endpoints.delete.gone",
        "events.deleted",
    ),
)
