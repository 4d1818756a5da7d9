"""The consumer side: log in, authorize an order. Used by the SDKs' live suites.

Source: SDK live suites for the routes; the bodies of their answers are *assumed*.
"""

from __future__ import annotations

from typing import Any

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.clock import HOUR_MS
from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources.authorization import (
    APPROVED,
    Decision,
    consumer_declines,
    payment_method_declines,
    session_declines,
)
from smartpay_mock.resources.base import Context
from smartpay_mock.resources.discounts import apply_code
from smartpay_mock.resources.orders import authorize, decline
from smartpay_mock.resources.persons import consumer_of

Document = dict[str, Any]

# How long a consumer stays logged in; assumed.
LOGIN_MS = 24 * HOUR_MS
_PRUNED_AT_ONCE = 2
_APPROVED_METHOD = "pm_test_visaApproved"


def consumer_login(ctx: Context, _params: dict[str, str], body: Document) -> Document:
    """Log a test consumer in.

    Who may log in is written in ``test_values.json``.

    Raises:
        ApiError: ``consumer.unauthorized``.

    Source: SDK live suites; docs-ja:/reference/testing (``+test`` addresses).
    """
    login = sandbox_values().log_in(body["emailAddress"], body["password"])
    if login is None:
        raise ApiError(
            "consumer.unauthorized",
            reason="use an address whose local part ends in +test, or one of the "
            "consumers of test_values.json with its password",
        )
    for row in ctx.unit.due("access", until=ctx.now, limit=_PRUNED_AT_ONCE):
        ctx.unit.delete("access", row.id)
    access_token = ctx.ids.new("access")
    ctx.unit.put(
        "access",
        access_token,
        encode({"emailAddress": login.email_address}),
        due=ctx.now + LOGIN_MS,
    )
    return {"accessToken": access_token}


def authorize_order(ctx: Context, params: dict[str, str], body: Document) -> Document:
    """Authorize an order as the consumer, or have it declined.

    A hard decline ends the order; after a soft one the consumer may try again.

    Raises:
        ApiError: ``order.not-found``; ``order.cannot-authorize`` unless it waits;
            ``promotion-code.not-applicable``.

    Source: SDK live suites; docs:/reference/the-event-object (soft and hard).
    """
    order = ctx.find("order", params["id"])
    if order["status"] != "requires_authorization":
        raise ApiError("order.cannot-authorize", id=order["id"], status=order["status"])
    consumer = consumer_of(ctx, ctx.actor)
    decision = _decide(ctx, order, consumer, body)
    if not decision.is_approved:
        decline(ctx, order, is_final=decision.is_final)
        return order
    code = body.get("promotionCode")
    if code:
        apply_code(ctx, order, code, consumer)
    order["_consumer"] = consumer["id"]
    authorize(ctx, order)
    return order


def _decide(
    ctx: Context, order: Document, consumer: Document, body: Document
) -> Decision:
    decision = (
        consumer_declines(consumer)
        or session_declines(ctx, order)
        or payment_method_declines(body.get("paymentMethod", _APPROVED_METHOD))
        or APPROVED
    )
    verdict = "approved" if decision.is_approved else "declined"
    ctx.explain("authorization", f"{verdict}: {decision.reason}")
    return decision
