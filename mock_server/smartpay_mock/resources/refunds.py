"""Refunds: give a captured payment back, in full or in parts.

Source: docs:/reference/create-refund; docs:/docs/refund-an-order.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources.context import Context, copied, created
from smartpay_mock.resources.line_items import keep_line_items
from smartpay_mock.resources.payments import check_currency, is_to_fail

Document = dict[str, Any]


def create_refund(ctx: Context, _params: dict[str, str], body: Document) -> Document:
    """Refund a payment; without an amount, all that is left of it.

    Raises:
        ApiError: ``payment.not-found``; ``amount.insufficient`` for more than is left;
            ``request.invalid`` for another currency or foreign line items.

    With the setting ``refunds`` at ``failed`` or the outcome ``fail``, the refund
    fails: nothing is given back, and the payment can still be refunded.

    Source: docs:/reference/create-refund; the default amount go:types.go. The status
    ``failed`` is in go:types.go; its effect and its event are *assumed*.
    """
    payment = ctx.find("payment", body["payment"])
    order = ctx.find("order", payment["order"])
    check_currency(body, payment, "payment")
    keep_line_items(ctx, body, order)
    left = left_to_refund(payment)
    default = left or payment["amount"]
    amount = int(body["amount"]) if "amount" in body else default
    if amount > left:
        raise ApiError(
            "amount.insufficient", amount=amount, left=left, id=payment["id"]
        )
    fails = is_to_fail(ctx, "refunds")
    action = "refund_last" if amount == left and not fails else "refund_part"
    transition = ctx.step("payment", payment, action)
    refund = _refund(ctx, payment, {**body, "amount": amount}, fails=fails)
    payment["refunds"] = [*payment["refunds"], refund["id"]]
    if fails:
        ctx.explain("refund", "it is to fail; nothing is given back")
    else:
        payment["_refunded"] += amount
    ctx.save(payment)
    ctx.publish_step(transition, refund=refund)
    return refund


def _refund(
    ctx: Context, payment: Document, body: Document, *, fails: bool
) -> Document:
    refund = {
        **created(ctx, "refund", "refund"),
        "amount": body["amount"],
        "currency": payment["currency"],
        "payment": payment["id"],
        "reason": body["reason"],
        **copied(body, "description"),
        "lineItems": body.get("lineItems", []),
        **copied(body, "reference"),
        "metadata": body.get("metadata", {}),
    }
    ctx.step("refund", refund, "fail" if fails else "refund")
    ctx.save(refund)
    return refund


def left_to_refund(payment: Document) -> int:
    """Return the amount of a payment that is not refunded yet, in yen."""
    if payment["status"] == "failed":
        return 0
    return int(payment["amount"] - payment["_refunded"])
