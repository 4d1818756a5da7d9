"""Payments: capture an authorized order, in full or in parts.

Source: docs:/reference/create-payment; docs:/docs/capture-an-order.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources.context import Context, copy_to, created, invalid
from smartpay_mock.resources.line_items import keep_line_items

Document = dict[str, Any]


def create_payment(ctx: Context, _params: dict[str, str], body: Document) -> Document:
    """Capture an authorized order.

    The rest is released (``cancelRemainder: automatic``, the default) or stays
    capturable (``manual``).

    Raises:
        ApiError: ``order.not-found``; ``order.cannot-capture`` unless the order is in
            ``requires_capture``; ``payment.excessive-amount`` for more than is left;
            ``request.invalid`` for another currency or foreign line items.

    With the setting ``captures`` at ``failed`` or the outcome ``fail``, the payment
    fails: nothing is taken, and the order can still be captured. That is *assumed*.

    Source: docs:/reference/create-payment.
    """
    order = ctx.find("order", body["order"])
    check_currency(body, order, "order")
    keep_line_items(ctx, body, order)
    amount, left = int(body["amount"]), left_to_capture(order)
    fails = is_to_fail(ctx, "captures")
    keeps_rest = fails or (body.get("cancelRemainder") == "manual" and amount < left)
    transition = ctx.step(
        "order", order, "capture_part" if keeps_rest else "capture_last"
    )
    if amount > left:
        raise ApiError(
            "payment.excessive-amount", amount=amount, left=left, id=order["id"]
        )
    payment = capture(ctx, order, body, fails=fails)
    if not keeps_rest:
        order["_authorized"] = order["_captured"]
        ctx.unit.delete("timer", order["id"])
    ctx.save(order)
    ctx.publish_step(transition, payment=payment)
    return payment


def capture(
    ctx: Context, order: Document, body: Document, *, fails: bool = False
) -> Document:
    """Take ``body["amount"]`` of what is authorized on ``order``; keep the payment.

    The order itself is changed but not kept. A capture that fails takes nothing.
    """
    payment = created(ctx, "payment", "payment")
    payment["amount"] = int(body["amount"])
    payment["currency"] = order["currency"]
    payment["order"] = order["id"]
    copy_to(payment, body, "description", "reference")
    payment["lineItems"] = body.get("lineItems", [])
    payment["refunds"] = []
    payment["metadata"] = body.get("metadata", {})
    payment["_refunded"] = 0
    ctx.step("payment", payment, "fail" if fails else "capture")
    order["payments"] = [*order["payments"], payment["id"]]
    if not fails:
        order["_captured"] += payment["amount"]
    ctx.save(payment)
    return payment


def is_to_fail(ctx: Context, setting: str) -> bool:
    """Return whether a capture or refund is to fail, by a plan or by a setting."""
    if ctx.outcome == "fail":
        ctx.is_outcome_used = True
        return True
    return bool(getattr(ctx.settings, setting) == "failed")


def left_to_capture(order: Document) -> int:
    """Return the authorized amount that is not captured yet, in yen."""
    return int(order["_authorized"] - order["_captured"])


def check_currency(body: Document, subject: Document, name: str) -> None:
    """Require the body's currency to be that of the object it acts on.

    Raises:
        ApiError: ``request.invalid``.

    Source: *assumed*; the reference only says that a currency must be supported.
    """
    if body["currency"].upper() != subject["currency"]:
        raise invalid(
            f"currency: {body['currency']} is not the {name}'s; "
            f"send {subject['currency']}"
        )
