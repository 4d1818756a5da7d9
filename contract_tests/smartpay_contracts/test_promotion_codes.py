"""Promotion codes: what a consumer types to get a coupon."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import Shop

NO_COUPON = "coupon_test_0000000000000000000000"
LIMITS = [(1, True), (80, True), (81, False), (0, False)]


def create(shop: Shop, code: str, **changes: Any) -> Exchange:
    """Return the answer to the creation of a code for a new coupon."""
    body = payloads.promotion_code(shop.coupon()["id"], code, **changes)
    return shop.api.call("create_promotion_code", body)


def update(shop: Shop, code: Doc, /, **changes: Any) -> Exchange:
    """Return the answer to an update."""
    return shop.api.call("update_promotion_code", changes, id=code["id"])


@pytest.mark.clause("promotions.create", "promotions.create.defaults")
def test_a_code_is_made_for_a_coupon(shop: Shop, checks: Checks) -> None:
    """It is active, for everybody, as often as they like."""
    code = shop.reference()

    made = checks.ok(create(shop, code))

    for seen in (made, shop.now("promotion_code", made["id"])):
        assert seen["code"] == code
        assert seen["active"] is True
        assert seen.get("firstTimeTransaction", False) is False
        assert seen.get("onePerCustomer", False) is False


@pytest.mark.clause("promotions.create.active-null")
def test_active_null_is_active(shop: Shop, checks: Checks) -> None:
    """Three SDKs send it."""
    made = checks.ok(create(shop, shop.reference(), active=None))

    assert made["active"] is True


@pytest.mark.clause("promotions.create.inactive")
def test_a_code_can_be_made_inactive(shop: Shop, checks: Checks) -> None:
    """To be switched on later."""
    made = checks.ok(create(shop, shop.reference(), active=False))

    assert made["active"] is False
    assert shop.now("promotion_code", made["id"])["active"] is False


@pytest.mark.clause("promotions.create.echo")
def test_a_code_carries_its_conditions(shop: Shop, checks: Checks) -> None:
    """Until when, how often, for whom, from which amount."""
    told = {
        "expiresAt": payloads.FAR_FUTURE_MS,
        "firstTimeTransaction": True,
        "onePerCustomer": True,
        "maxRedemptionCount": 7,
        "minimumAmount": 3_000,
        "currency": "JPY",
    }

    made = checks.ok(create(shop, shop.reference(), **told))

    for seen in (made, shop.now("promotion_code", made["id"])):
        assert {name: seen[name] for name in told} == told


@pytest.mark.clause("promotions.create.fresh")
def test_a_new_code_was_never_used(shop: Shop) -> None:
    """And it names its coupon."""
    coupon = shop.coupon()["id"]

    made = shop.promotion_code(coupon=coupon)

    assert (made["redemptionCount"], made["coupon"]) == (0, coupon)


@pytest.mark.clause("promotions.create.characters")
@pytest.mark.parametrize("form", ["{} with spaces", "{}.5", "a-{}", "a_{}", "春{}"])
def test_a_code_may_have_any_characters(form: str, shop: Shop, checks: Checks) -> None:
    """It comes back as it was sent."""
    code = form.format(shop.reference())

    assert checks.ok(create(shop, code))["code"] == code


@pytest.mark.clause("promotions.create.coupon-not-found")
def test_a_code_needs_a_coupon_that_exists(shop: Shop, checks: Checks) -> None:
    """404 coupon.not-found, and the code is still free."""
    code = shop.reference()

    body = payloads.promotion_code(NO_COUPON, code)
    answer = shop.api.call("create_promotion_code", body)

    checks.refused(answer, "coupon.not-found")
    checks.ok(create(shop, code))


@pytest.mark.clause("promotions.create.exists")
@pytest.mark.parametrize(
    "respell", [str, str.upper, str.title], ids=lambda f: f.__name__
)
def test_a_code_exists_once_whatever_its_case(
    respell: Any, shop: Shop, checks: Checks
) -> None:
    """409, for another coupon too, and nothing is made."""
    code = f"spring {shop.reference()}"
    first = checks.ok(create(shop, code))

    answer = create(shop, respell(code))

    checks.refused(answer, "promotion-code.exists")
    assert shop.now("promotion_code", first["id"]) == first


@pytest.mark.clause("promotions.create.exists")
def test_an_inactive_code_exists_too(shop: Shop, checks: Checks) -> None:
    """Switching off does not set the code free."""
    code = shop.promotion_code()
    checks.ok(update(shop, code, active=False))

    answer = create(shop, code["code"])

    checks.refused(answer, "promotion-code.exists")


@pytest.mark.clause("promotions.create.exists-names-it")
def test_the_refusal_names_the_code(shop: Shop, checks: Checks) -> None:
    """So that a person sees which one of many it was."""
    code = shop.promotion_code()["code"]

    answer = create(shop, code)

    body = checks.refused(answer, "promotion-code.exists")
    assert code in body["message"]


@pytest.mark.clause("promotions.create.minimum-currency")
def test_a_minimum_needs_a_currency(shop: Shop, checks: Checks) -> None:
    """An amount without one says nothing."""
    answer = create(shop, shop.reference(), minimumAmount=3_000)

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("promotions.create.limits")
@pytest.mark.parametrize(("length", "is_accepted"), LIMITS)
def test_a_code_has_1_to_80_characters(
    length: int, is_accepted: bool, shop: Shop, checks: Checks
) -> None:
    """Eighty-one are refused, none is refused."""
    code = shop.reference()[-length:].rjust(length, "あ") if length else ""

    answer = create(shop, code)

    if is_accepted:
        assert checks.ok(answer)["code"] == code
    else:
        checks.refused(answer, "request.invalid")
