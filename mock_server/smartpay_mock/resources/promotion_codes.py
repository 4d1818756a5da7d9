"""Promotion codes: what a consumer types in to get a coupon's discount.

Source: go:types.go; docs:/reference/create-promotion-code;
docs-ja:/reference/get-promotion-code.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources.context import Context, copied, created
from smartpay_mock.resources.coupons import upper_currency

Document = dict[str, Any]

_GIVEN = ("code", "coupon", "expiresAt", "maxRedemptionCount", "minimumAmount")


def create_promotion_code(
    ctx: Context, _params: dict[str, str], body: Document
) -> Document:
    """Create a promotion code over a coupon, active unless said otherwise.

    Raises:
        ApiError: ``coupon.not-found``; ``promotion-code.exists`` if the code is taken,
            ignoring case.

    Source: docs:/reference/create-promotion-code.
    """
    ctx.find("coupon", body["coupon"])
    if find_by_code(ctx, body["code"]):
        raise ApiError("promotion-code.exists", code=body["code"])
    promotion_code = {
        **created(ctx, "promotion_code", "promotionCode"),
        "active": body.get("active", True),
        **upper_currency(body),
        **copied(body, *_GIVEN),
        "firstTimeTransaction": body.get("firstTimeTransaction", False),
        "metadata": body.get("metadata", {}),
        "onePerCustomer": body.get("onePerCustomer", False),
        "redemptionCount": 0,
    }
    ctx.save(promotion_code)
    ctx.publish([("promotion_code.created", promotion_code)])
    return promotion_code


def find_by_code(ctx: Context, code: str) -> Document | None:
    """Return the promotion code with this code, ignoring case."""
    rows = ctx.unit.page("promotion_code", limit=1, index_key=code.casefold())
    return ctx.load("promotion_code", rows[0].id) if rows else None
