"""Discounts: a promotion code applied to an order while a consumer authorizes it.

Source: docs:/docs/offer-discounts for what the rules are; where a code is given and
how a discount is rounded is *assumed* (down to the whole yen).
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources.context import Context, created
from smartpay_mock.resources.promotion_codes import find_by_code

Document = dict[str, Any]


def apply_code(ctx: Context, order: Document, code: str, consumer: Document) -> None:
    """Take the discount of ``code`` off ``order`` and count the redemption.

    The order's ``amount`` stays as requested; the reduction is in ``discountAmount``.

    Raises:
        ApiError: ``promotion-code.not-applicable`` with the rule that does not fit.
    """
    promotion_code = find_by_code(ctx, code)
    if promotion_code is None:
        raise _refused(code, "there is no such code")
    coupon = ctx.find("coupon", promotion_code["coupon"])
    reason = _first_objection(ctx, order, promotion_code, coupon, consumer)
    if reason:
        raise _refused(code, reason)
    amount = discount_amount(coupon, order["amount"])
    discount = created(ctx, "discount", "discount")
    del discount["updatedAt"]
    discount.update(
        amount=amount,
        currency=order["currency"],
        coupon=coupon["id"],
        promotionCode=promotion_code["id"],
    )
    order["discounts"] = [discount]
    order["discountAmount"] = amount
    ctx.explain("discount", f"{code} takes {amount} off")
    _count(ctx, promotion_code, coupon, consumer)


def discount_amount(coupon: Document, amount: int) -> int:
    """Return what a coupon takes off ``amount``, both in yen, never more than it."""
    if coupon["discountType"] == "percentage":
        # In decimals: 0.57 percent of 10,000 are 57, which floats make 56.
        return int(amount * Decimal(str(coupon["discountPercentage"])) // 100)
    return min(int(coupon["discountAmount"]), amount)


def _count(
    ctx: Context, promotion_code: Document, coupon: Document, consumer: Document
) -> None:
    promotion_code["redemptionCount"] += 1
    coupon["redemptionCount"] += 1
    ctx.save(promotion_code)
    ctx.save(coupon)
    ctx.unit.put("redemption", _redemption(promotion_code, consumer), b"{}")


def _redemption(promotion_code: Document, consumer: Document) -> str:
    return f"{promotion_code['id']}/{consumer['id']}"


def _refused(code: str, reason: str) -> ApiError:
    return ApiError("promotion-code.not-applicable", code=code, reason=reason)


def _first_objection(
    ctx: Context,
    order: Document,
    promotion_code: Document,
    coupon: Document,
    consumer: Document,
) -> str | None:
    """Return why the code does not apply, or ``None`` if it does."""
    for subject, name in ((promotion_code, "code"), (coupon, "coupon")):
        for objects, reason in _LIMITS:
            if objects(subject, ctx.now):
                return f"the {name} {reason}"
    checks = {
        f"the order is below the minimum of {promotion_code.get('minimumAmount')}": (
            order["amount"] < promotion_code.get("minimumAmount", 0)
        ),
        "it is for a consumer's first order only": (
            promotion_code["firstTimeTransaction"]
            and bool(ctx.unit.page("order", limit=1, index_key=consumer["id"]))
        ),
        "the consumer has used it before": (
            promotion_code["onePerCustomer"]
            and ctx.unit.get("redemption", _redemption(promotion_code, consumer))
            is not None
        ),
        "it would leave nothing to pay": (
            discount_amount(coupon, order["amount"]) >= order["amount"]
        ),
    }
    return next((reason for reason, objects in checks.items() if objects), None)


# What ends a code and its coupon alike.
_LIMITS: tuple[tuple[Callable[[Document, int], bool], str], ...] = (
    (lambda subject, _now: not subject["active"], "is not active"),
    (lambda subject, now: subject.get("expiresAt", now + 1) <= now, "has expired"),
    (
        lambda subject, _now: (
            subject["redemptionCount"]
            >= subject.get("maxRedemptionCount", subject["redemptionCount"] + 1)
        ),
        "is used up",
    ),
)
