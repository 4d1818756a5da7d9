"""Discounts: what a promotion code does for the consumer who gives it."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.world import APPROVED, World

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


def give(world: World, order: Doc, code: str) -> Exchange:
    """Return the answer to an authorization with a promotion code."""
    body = {**APPROVED, "promotionCode": code}
    return world.consumer.call("authorize_order", body, id=order["id"])


def code_for(world: World, coupon: dict[str, Any], **rules: Any) -> Doc:
    """Return a new promotion code over a new coupon."""
    return world.promotion_code(coupon=world.coupon(**coupon)["id"], **rules)


def counts(world: World, code: Doc, coupon: str) -> tuple[int, int]:
    """Return how often a code and its coupon were redeemed."""
    seen = world.now("promotion_code", code["id"]), world.now("coupon", coupon)
    return seen[0]["redemptionCount"], seen[1]["redemptionCount"]


@pytest.mark.clause("discounts.amount")
def test_a_code_takes_its_coupons_amount_off(
    world: World, consumer: Client, checks: Checks
) -> None:
    """The order keeps its amount and says what was taken off, and by what."""
    coupon = world.coupon(discountAmount=300)["id"]
    code = world.promotion_code(coupon=coupon)
    order = world.unauthorized(amount=1_000)

    checks.succeeded(give(world, order, code["code"]))

    now = world.now("order", order["id"], expand="all")
    (discount,) = now["discounts"]
    assert (now["amount"], now["discountAmount"]) == (1_000, 300)
    assert (discount["object"], discount["amount"]) == ("discount", 300)
    assert (discount["coupon"], discount["promotionCode"]) == (coupon, code["id"])
    assert [payment["amount"] for payment in now["payments"]] == [700]


@pytest.mark.clause("discounts.limit")
def test_only_the_rest_can_be_captured(
    world: World, consumer: Client, checks: Checks
) -> None:
    """A yen more is refused; the rest itself ends the order."""
    code = code_for(world, {"discountAmount": 300})
    order = world.unauthorized(amount=1_000, captureMethod="manual")
    checks.succeeded(give(world, order, code["code"]))

    body = {"order": order["id"], "amount": 701, "currency": "JPY"}
    refused = world.api.call("create_payment", body)

    checks.refused(refused, "payment.excessive-amount")
    world.payment(700, order=order["id"])
    assert world.now("order", order["id"])["status"] == "succeeded"


@pytest.mark.clause("discounts.percentage")
def test_a_percentage_is_rounded_down(
    world: World, consumer: Client, checks: Checks
) -> None:
    """33.3 percent of 1,001 yen are 333."""
    code = code_for(world, PERCENTAGE)
    order = world.unauthorized(amount=1_001)

    checks.succeeded(give(world, order, code["code"]))

    assert world.now("order", order["id"])["discountAmount"] == 333


@pytest.mark.clause("discounts.any-case")
def test_a_code_is_given_in_any_case(
    world: World, consumer: Client, checks: Checks
) -> None:
    """Codes are unique ignoring case, so any case finds one."""
    code = code_for(world, {"discountAmount": 300}, code=f"Code {world.reference()}")
    order = world.unauthorized(amount=1_000)

    checks.succeeded(give(world, order, code["code"].upper()))

    assert world.now("order", order["id"])["discountAmount"] == 300


@pytest.mark.clause("discounts.counted")
def test_a_redemption_is_counted(
    world: World, consumer: Client, checks: Checks
) -> None:
    """On the code and on its coupon; a declined authorization is none."""
    coupon = world.coupon(discountAmount=300)["id"]
    code = world.promotion_code(coupon=coupon)
    declined = {"paymentMethod": "pm_test_visaDeclined", "promotionCode": code["code"]}
    order = world.unauthorized(amount=1_000)

    world.consumer.call("authorize_order", declined, id=order["id"])
    before = counts(world, code, coupon)
    checks.succeeded(give(world, order, code["code"]))

    assert before == (0, 0)
    assert counts(world, code, coupon) == (1, 1)


@pytest.mark.clause("discounts.refused")
@pytest.mark.parametrize(
    ("rules", "coupon"), NOT_APPLICABLE.values(), ids=NOT_APPLICABLE
)
def test_a_code_that_does_not_fit_is_refused(
    rules: dict[str, Any],
    coupon: dict[str, Any],
    world: World,
    consumer: Client,
    checks: Checks,
) -> None:
    """The order waits on, and nothing is counted."""
    code = code_for(world, coupon, **rules)
    order = world.unauthorized(amount=1_000)

    answer = give(world, order, code["code"])

    checks.refused(answer, "promotion-code.not-applicable")
    assert world.now("order", order["id"])["status"] == "requires_authorization"
    assert world.now("promotion_code", code["id"])["redemptionCount"] == 0


@pytest.mark.clause("discounts.refused")
def test_an_unknown_code_is_refused(
    world: World, consumer: Client, checks: Checks
) -> None:
    """The order waits on; without the code it is authorized."""
    order = world.unauthorized(amount=1_000)

    answer = give(world, order, world.reference())

    checks.refused(answer, "promotion-code.not-applicable")
    checks.succeeded(world.consumer.call("authorize_order", APPROVED, id=order["id"]))


@pytest.mark.clause("discounts.per-customer")
@pytest.mark.parametrize("rule", ["onePerCustomer", "firstTimeTransaction"])
def test_a_rule_about_the_consumer_holds(
    rule: str, world: World, consumer: Client, checks: Checks
) -> None:
    """Who has bought is no new consumer, and has used the code."""
    code = code_for(world, {"discountAmount": 300}, **{rule: True})
    first, second = world.unauthorized(amount=1_000), world.unauthorized(amount=1_000)
    give(world, first, code["code"])

    answer = give(world, second, code["code"])

    checks.refused(answer, "promotion-code.not-applicable")
