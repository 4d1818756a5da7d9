"""Discounts: what a promotion code does for the consumer who gives it."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import APPROVED, Shop

PERCENTAGE = {
    "discountType": "percentage",
    "discountPercentage": 33.3,
    "discountAmount": None,
    "currency": None,
}
NOT_APPLICABLE = {
    "not active": ({"active": False}, {}),
    "expired": ({"expiresAt": 1_000}, {}),
    "the coupon expired": ({}, {"expiresAt": 1_000}),
    "used up": ({"maxRedemptionCount": 0}, {}),
    "the coupon used up": ({}, {"maxRedemptionCount": 0}),
    "below its minimum": ({"minimumAmount": 1_001, "currency": "JPY"}, {}),
    "nothing left to pay": ({}, {"discountAmount": 1_000}),
}
"""Changes of the code, and of its coupon, that an order of 1,000 yen does not fit."""


def give(shop: Shop, order: Doc, code: str) -> Exchange:
    """Return the answer to an authorization with a promotion code."""
    body = {**APPROVED, "promotionCode": code}
    return shop.consumer.call("authorize_order", body, id=order["id"])


def code_for(shop: Shop, coupon: dict[str, Any], **rules: Any) -> Doc:
    """Return a new promotion code over a new coupon."""
    return shop.promotion_code(coupon=shop.coupon(**coupon)["id"], **rules)


def counts(shop: Shop, code: Doc, coupon: str) -> tuple[int, int]:
    """Return how often a code and its coupon were redeemed."""
    seen = shop.now("promotion_code", code["id"]), shop.now("coupon", coupon)
    return seen[0]["redemptionCount"], seen[1]["redemptionCount"]


@pytest.mark.clause("discounts.amount")
def test_a_code_takes_its_coupons_amount_off(
    shop: Shop, consumer: Client, checks: Checks
) -> None:
    """The order keeps its amount and says what was taken off, and by what."""
    coupon = shop.coupon(discountAmount=300)["id"]
    code = shop.promotion_code(coupon=coupon)
    order = shop.unauthorized(amount=1_000)

    checks.succeeded(give(shop, order, code["code"]))

    now = shop.now("order", order["id"], expand="all")
    (discount,) = now["discounts"]
    assert (now["amount"], now["discountAmount"]) == (1_000, 300)
    assert (discount["object"], discount["amount"]) == ("discount", 300)
    assert (discount["coupon"], discount["promotionCode"]) == (coupon, code["id"])
    assert [payment["amount"] for payment in now["payments"]] == [700]


@pytest.mark.clause("discounts.limit")
def test_only_the_rest_can_be_captured(
    shop: Shop, consumer: Client, checks: Checks
) -> None:
    """A yen more is refused; the rest itself ends the order."""
    code = code_for(shop, {"discountAmount": 300})
    order = shop.unauthorized(amount=1_000, captureMethod="manual")
    checks.succeeded(give(shop, order, code["code"]))

    body = {"order": order["id"], "amount": 701, "currency": "JPY"}
    refused = shop.api.call("create_payment", body)

    checks.refused(refused, "payment.excessive-amount")
    shop.payment(700, order=order["id"])
    assert shop.now("order", order["id"])["status"] == "succeeded"


@pytest.mark.clause("discounts.percentage")
def test_a_percentage_is_rounded_down(
    shop: Shop, consumer: Client, checks: Checks
) -> None:
    """33.3 percent of 1,001 yen are 333."""
    code = code_for(shop, PERCENTAGE)
    order = shop.unauthorized(amount=1_001)

    checks.succeeded(give(shop, order, code["code"]))

    assert shop.now("order", order["id"])["discountAmount"] == 333


@pytest.mark.clause("discounts.any-case")
def test_a_code_is_given_in_any_case(
    shop: Shop, consumer: Client, checks: Checks
) -> None:
    """Codes are unique ignoring case, so any case finds one."""
    code = code_for(shop, {"discountAmount": 300}, code=f"Code {shop.reference()}")
    order = shop.unauthorized(amount=1_000)

    checks.succeeded(give(shop, order, code["code"].upper()))

    assert shop.now("order", order["id"])["discountAmount"] == 300


@pytest.mark.clause("discounts.counted")
def test_a_redemption_is_counted(shop: Shop, consumer: Client, checks: Checks) -> None:
    """On the code and on its coupon; a declined authorization is none."""
    coupon = shop.coupon(discountAmount=300)["id"]
    code = shop.promotion_code(coupon=coupon)
    declined = {"paymentMethod": "pm_test_visaDeclined", "promotionCode": code["code"]}
    order = shop.unauthorized(amount=1_000)

    shop.consumer.call("authorize_order", declined, id=order["id"])
    before = counts(shop, code, coupon)
    checks.succeeded(give(shop, order, code["code"]))

    assert before == (0, 0)
    assert counts(shop, code, coupon) == (1, 1)


@pytest.mark.clause("discounts.refused")
@pytest.mark.parametrize(
    ("rules", "coupon"), NOT_APPLICABLE.values(), ids=NOT_APPLICABLE
)
def test_a_code_that_does_not_fit_is_refused(
    rules: dict[str, Any],
    coupon: dict[str, Any],
    shop: Shop,
    consumer: Client,
    checks: Checks,
) -> None:
    """The order waits on, and nothing is counted."""
    code = code_for(shop, coupon, **rules)
    order = shop.unauthorized(amount=1_000)

    answer = give(shop, order, code["code"])

    checks.refused(answer, "promotion-code.not-applicable")
    assert shop.now("order", order["id"])["status"] == "requires_authorization"
    assert shop.now("promotion_code", code["id"])["redemptionCount"] == 0


@pytest.mark.clause("discounts.refused")
def test_an_unknown_code_is_refused(
    shop: Shop, consumer: Client, checks: Checks
) -> None:
    """The order waits on; without the code it is authorized."""
    order = shop.unauthorized(amount=1_000)

    answer = give(shop, order, shop.reference())

    checks.refused(answer, "promotion-code.not-applicable")
    checks.succeeded(shop.consumer.call("authorize_order", APPROVED, id=order["id"]))


@pytest.mark.clause("discounts.per-customer")
@pytest.mark.parametrize("rule", ["onePerCustomer", "firstTimeTransaction"])
def test_a_rule_about_the_consumer_holds(
    rule: str, shop: Shop, consumer: Client, checks: Checks
) -> None:
    """Who has bought is no new consumer, and has used the code."""
    code = code_for(shop, {"discountAmount": 300}, **{rule: True})
    first, second = shop.unauthorized(amount=1_000), shop.unauthorized(amount=1_000)
    give(shop, first, code["code"])

    answer = give(shop, second, code["code"])

    checks.refused(answer, "promotion-code.not-applicable")
