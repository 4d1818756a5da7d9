"""Coupons: a discount by amount or by percentage."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.exchange import Doc
from smartpay_contracts.shop import Shop


def create(shop: Shop, body: dict[str, Any]) -> Doc:
    """Return the coupon that a body makes."""
    return shop.checks.ok(shop.api.call("create_coupon", body))


@pytest.mark.clause("coupons.create.amount", "coupons.create.active")
def test_a_coupon_for_an_amount(shop: Shop) -> None:
    """It carries its name, amount and currency, and is active."""
    coupon = create(shop, payloads.coupon(name="春のクーポン", discountAmount=77))

    for seen in (coupon, shop.now("coupon", coupon["id"])):
        assert (seen["name"], seen["discountType"]) == ("春のクーポン", "amount")
        assert (seen["discountAmount"], seen["currency"]) == (77, "JPY")
        assert seen["active"] is True
        assert "discountPercentage" not in seen


@pytest.mark.clause("coupons.create.percentage", "coupons.create.active")
def test_a_coupon_for_a_percentage(shop: Shop) -> None:
    """It carries its percentage, and is active."""
    coupon = create(shop, payloads.percentage_coupon(discountPercentage=35))

    for seen in (coupon, shop.now("coupon", coupon["id"])):
        told = (seen["discountType"], seen["discountPercentage"], seen["active"])
        assert told == ("percentage", 35, True)
        assert "discountAmount" not in seen


@pytest.mark.clause("coupons.create.echo")
def test_a_coupon_carries_its_bounds(shop: Shop) -> None:
    """When it ends, in milliseconds, and how often it can be used."""
    told = {"expiresAt": payloads.FAR_FUTURE_MS, "maxRedemptionCount": 3}

    coupon = create(shop, payloads.coupon(**told))

    for seen in (coupon, shop.now("coupon", coupon["id"])):
        assert {name: seen[name] for name in told} == told


@pytest.mark.clause("coupons.create.description")
def test_a_coupon_carries_its_description(shop: Shop) -> None:
    """Though not every SDK knows of it."""
    coupon = create(shop, payloads.coupon(description="for spring"))

    for seen in (coupon, shop.now("coupon", coupon["id"])):
        assert seen["description"] == "for spring"


@pytest.mark.clause("coupons.create.fresh")
def test_a_new_coupon_was_never_used(shop: Shop) -> None:
    """And the merchant pays for it."""
    coupon = shop.coupon()

    assert (coupon["redemptionCount"], coupon["sponsored"]) == (0, False)
