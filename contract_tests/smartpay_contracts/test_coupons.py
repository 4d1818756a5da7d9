"""Coupons and promotion codes, and the discounts they give."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.resources import case
from smartpay_contracts.shop import APPROVED, Shop


@pytest.mark.clause("coupons.create.percentage", "coupons.create.active")
def test_a_coupon_for_a_percentage(shop: Shop) -> None:
    """It carries its percentage and is active; one for an amount has none."""
    coupon = shop.ok("create_coupon", payloads.percentage_coupon(discountPercentage=35))

    for seen in (coupon, shop.now("coupon", coupon["id"])):
        values = (seen["discountType"], seen["discountPercentage"], seen["active"])
        assert values == ("percentage", 35, True)
        assert "discountAmount" not in seen
    assert "discountPercentage" not in shop.coupon()


@pytest.mark.clause("coupons.create.fresh")
def test_a_new_coupon_was_never_used(shop: Shop) -> None:
    """And the merchant pays for it."""
    coupon = shop.coupon()

    assert (coupon["redemptionCount"], coupon["sponsored"]) == (0, False)


LIMITS = [(1, True), (80, True), (81, False), (0, False)]


def create_code(shop: Shop, code: str, **changes: Any) -> Exchange:
    """Return the answer to the creation of a code for a new coupon."""
    body = payloads.promotion_code(shop.coupon()["id"], code, **changes)
    return shop.api.call("create_promotion_code", body)


@pytest.mark.clause("promotions.create", "promotions.create.defaults")
def test_a_code_is_made_for_a_coupon(shop: Shop) -> None:
    """It is active, for everybody, as often as they like."""
    code = shop.reference()

    made = shop.checks.ok(create_code(shop, code))

    for seen in (made, shop.now("promotion_code", made["id"])):
        assert seen["code"] == code
        assert seen["active"] is True
        assert seen.get("firstTimeTransaction", False) is False
        assert seen.get("onePerCustomer", False) is False


@pytest.mark.parametrize(
    ("sent", "active"),
    [
        case("promotions.create.active-null", None, True),
        case("promotions.create.inactive", False, False),
    ],
)
def test_a_code_is_active_unless_it_is_sent_inactive(
    sent: bool | None, active: bool, shop: Shop
) -> None:
    """SDKs send null."""
    made = shop.checks.ok(create_code(shop, shop.reference(), active=sent))

    for seen in (made, shop.now("promotion_code", made["id"])):
        assert seen["active"] is active


@pytest.mark.clause("promotions.create.fresh")
def test_a_new_code_was_never_used(shop: Shop) -> None:
    """And it names its coupon."""
    coupon = shop.coupon()["id"]

    made = shop.promotion_code(coupon=coupon)

    assert (made["redemptionCount"], made["coupon"]) == (0, coupon)


@pytest.mark.clause("promotions.create.characters")
@pytest.mark.parametrize("form", ["{} with spaces", "{}.5", "a-{}", "a_{}", "春{}"])
def test_a_code_may_have_any_characters(form: str, shop: Shop) -> None:
    """It comes back as it was sent."""
    code = form.format(shop.reference())

    assert shop.checks.ok(create_code(shop, code))["code"] == code


@pytest.mark.clause("promotions.create.exists")
@pytest.mark.parametrize(
    "respell", [str, str.upper, str.title], ids=lambda f: f.__name__
)
def test_a_code_exists_once_whatever_its_case(respell: Any, shop: Shop) -> None:
    """409, for another coupon too, and nothing is made."""
    code = f"spring {shop.reference()}"
    first = shop.checks.ok(create_code(shop, code))

    answer = create_code(shop, respell(code))

    shop.checks.refused(answer, "promotion-code.exists")
    assert shop.now("promotion_code", first["id"]) == first


@pytest.mark.clause("promotions.create.exists")
def test_an_inactive_code_exists_too(shop: Shop) -> None:
    """Switching off does not set the code free."""
    code = shop.promotion_code()
    shop.update("promotion_code", code["id"], {"active": False})

    answer = create_code(shop, code["code"])

    shop.checks.refused(answer, "promotion-code.exists")


@pytest.mark.clause("promotions.create.exists-names-it")
def test_the_refusal_names_the_code(shop: Shop) -> None:
    """So that a person sees which one of many it was."""
    code = shop.promotion_code()["code"]

    answer = create_code(shop, code)

    body = shop.checks.refused(answer, "promotion-code.exists")
    assert code in body["message"]


@pytest.mark.clause("promotions.create.minimum-currency")
def test_a_minimum_needs_a_currency(shop: Shop) -> None:
    """An amount without one says nothing."""
    answer = create_code(shop, shop.reference(), minimumAmount=3_000)

    shop.checks.refused(answer, "request.invalid")


@pytest.mark.clause("promotions.create.limits")
@pytest.mark.parametrize(("length", "is_accepted"), LIMITS)
def test_a_code_has_1_to_80_characters(
    length: int, is_accepted: bool, shop: Shop
) -> None:
    """Eighty-one are refused, none is refused."""
    code = shop.reference()[-length:].rjust(length, "あ") if length else ""

    answer = create_code(shop, code)

    if is_accepted:
        assert shop.checks.ok(answer)["code"] == code
    else:
        shop.checks.refused(answer, "request.invalid")


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
def test_a_code_takes_its_coupons_amount_off(shop: Shop, consumer: Client) -> None:
    """The order keeps its amount and says what was taken off, and by what."""
    coupon = shop.coupon(discountAmount=300)["id"]
    code = shop.promotion_code(coupon=coupon)
    order = shop.unauthorized(amount=1_000)

    shop.checks.succeeded(give(shop, order, code["code"]))

    now = shop.now("order", order["id"], expand="all")
    (discount,) = now["discounts"]
    assert (now["amount"], now["discountAmount"]) == (1_000, 300)
    assert (discount["object"], discount["amount"]) == ("discount", 300)
    assert (discount["coupon"], discount["promotionCode"]) == (coupon, code["id"])
    assert [payment["amount"] for payment in now["payments"]] == [700]


@pytest.mark.clause("discounts.limit")
def test_only_the_rest_can_be_captured(shop: Shop, consumer: Client) -> None:
    """A yen more is refused; the rest itself ends the order."""
    code = code_for(shop, {"discountAmount": 300})
    order = shop.unauthorized(amount=1_000, captureMethod="manual")
    shop.checks.succeeded(give(shop, order, code["code"]))

    body = {"order": order["id"], "amount": 701, "currency": "JPY"}
    refused = shop.api.call("create_payment", body)

    shop.checks.refused(refused, "payment.excessive-amount")
    shop.payment(700, order=order["id"])
    assert shop.now("order", order["id"])["status"] == "succeeded"


@pytest.mark.clause("discounts.percentage")
def test_a_percentage_is_rounded_down(shop: Shop, consumer: Client) -> None:
    """33.3 percent of 1,001 yen are 333."""
    code = code_for(shop, PERCENTAGE)
    order = shop.unauthorized(amount=1_001)

    shop.checks.succeeded(give(shop, order, code["code"]))

    assert shop.now("order", order["id"])["discountAmount"] == 333


@pytest.mark.clause("discounts.any-case")
def test_a_code_is_given_in_any_case(shop: Shop, consumer: Client) -> None:
    """Codes are unique ignoring case, so any case finds one."""
    code = code_for(shop, {"discountAmount": 300}, code=f"Code {shop.reference()}")
    order = shop.unauthorized(amount=1_000)

    shop.checks.succeeded(give(shop, order, code["code"].upper()))

    assert shop.now("order", order["id"])["discountAmount"] == 300


@pytest.mark.clause("discounts.counted")
def test_a_redemption_is_counted(shop: Shop, consumer: Client) -> None:
    """On the code and on its coupon; a declined authorization is none."""
    coupon = shop.coupon(discountAmount=300)["id"]
    code = shop.promotion_code(coupon=coupon)
    declined = {"paymentMethod": "pm_test_visaDeclined", "promotionCode": code["code"]}
    order = shop.unauthorized(amount=1_000)

    shop.consumer.call("authorize_order", declined, id=order["id"])
    before = counts(shop, code, coupon)
    shop.checks.succeeded(give(shop, order, code["code"]))

    assert before == (0, 0)
    assert counts(shop, code, coupon) == (1, 1)


@pytest.mark.clause("discounts.refused")
@pytest.mark.parametrize(
    ("rules", "coupon"), NOT_APPLICABLE.values(), ids=NOT_APPLICABLE
)
def test_a_code_that_does_not_fit_is_refused(
    rules: dict[str, Any], coupon: dict[str, Any], shop: Shop, consumer: Client
) -> None:
    """The order waits on, and nothing is counted."""
    code = code_for(shop, coupon, **rules)
    order = shop.unauthorized(amount=1_000)

    answer = give(shop, order, code["code"])

    shop.checks.refused(answer, "promotion-code.not-applicable")
    assert shop.now("order", order["id"])["status"] == "requires_authorization"
    assert shop.now("promotion_code", code["id"])["redemptionCount"] == 0


@pytest.mark.clause("discounts.refused")
def test_an_unknown_code_is_refused(shop: Shop, consumer: Client) -> None:
    """The order waits on; without the code it is authorized."""
    order = shop.unauthorized(amount=1_000)

    answer = give(shop, order, shop.reference())

    shop.checks.refused(answer, "promotion-code.not-applicable")
    shop.checks.succeeded(
        shop.consumer.call("authorize_order", APPROVED, id=order["id"])
    )


@pytest.mark.clause("discounts.per-customer")
@pytest.mark.parametrize("rule", ["onePerCustomer", "firstTimeTransaction"])
def test_a_rule_about_the_consumer_holds(
    rule: str, shop: Shop, consumer: Client
) -> None:
    """The first use takes something off; then the consumer has used it, and is not new.

    Only in an account of the test's own is the consumer new.
    """
    code = code_for(shop, {"discountAmount": 300}, **{rule: True})
    first, second = shop.unauthorized(amount=1_000), shop.unauthorized(amount=1_000)
    used = give(shop, first, code["code"])

    answer = give(shop, second, code["code"])

    if rule == "onePerCustomer" or "own accounts" in shop.target.can:
        shop.checks.succeeded(used)
        assert shop.now("order", first["id"])["discountAmount"] == 300
    shop.checks.refused(answer, "promotion-code.not-applicable")


@pytest.mark.clause("discounts.per-customer")
def test_an_order_made_from_a_token_is_a_first_transaction(
    shop: Shop, consumer: Client
) -> None:
    """A code for first transactions does not apply to its consumer afterwards."""
    code = code_for(shop, {"discountAmount": 300}, firstTimeTransaction=True)
    token = shop.waiting_token()
    shop.approve(token)
    shop.order(token=token)

    answer = give(shop, shop.unauthorized(amount=1_000), code["code"])

    shop.checks.refused(answer, "promotion-code.not-applicable")
