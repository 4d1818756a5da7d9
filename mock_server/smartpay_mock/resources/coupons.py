"""Coupons: what a promotion code takes off an order.

Source: go:types.go; docs-ja:/reference/update-coupon; docs:/docs/offer-discounts.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources.context import Context, copied, created

Document = dict[str, Any]

_GIVEN = (
    "description",
    "discountAmount",
    "discountPercentage",
    "discountType",
    "expiresAt",
    "maxRedemptionCount",
    "name",
)


def create_coupon(ctx: Context, _params: dict[str, str], body: Document) -> Document:
    """Create a coupon, active at once.

    Source: SDK go:api.go, live suites.
    """
    coupon = {
        **created(ctx, "coupon", "coupon"),
        "active": True,
        **upper_currency(body),
        **copied(body, *_GIVEN),
        "metadata": body.get("metadata", {}),
        "redemptionCount": 0,
        "sponsored": False,
    }
    ctx.save(coupon)
    ctx.publish([("coupon.created", coupon)])
    return coupon


def upper_currency(body: Document) -> Document:
    """Return the body's currency in upper case, if it has one."""
    return {"currency": body["currency"].upper()} if "currency" in body else {}
