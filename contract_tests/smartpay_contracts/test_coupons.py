"""Coupons: a discount by amount or by percentage."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import Shop

NOBODY = "coupon_test_0000000000000000000000"
MANDATORY = [
    (payloads.coupon(), "name"),
    (payloads.coupon(), "discountType"),
    (payloads.coupon(), "discountAmount"),
    (payloads.coupon(), "currency"),
    (payloads.percentage_coupon(), "name"),
    (payloads.percentage_coupon(), "discountPercentage"),
]
LIMITS = [
    (payloads.coupon(), "name", "あ" * 80, True),
    (payloads.coupon(), "name", "あ" * 81, False),
    (payloads.coupon(), "name", "", False),
    (payloads.percentage_coupon(), "discountPercentage", 0, True),
    (payloads.percentage_coupon(), "discountPercentage", 100, True),
    (payloads.percentage_coupon(), "discountPercentage", 101, False),
    (payloads.percentage_coupon(), "discountPercentage", -1, False),
]


def create(shop: Shop, body: dict[str, Any]) -> Doc:
    """Return the coupon that a body makes."""
    return shop.checks.ok(shop.api.call("create_coupon", body))


def update(shop: Shop, coupon: Doc, **changes: Any) -> Exchange:
    """Return the answer to an update."""
    return shop.api.call("update_coupon", changes, id=coupon["id"])


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


@pytest.mark.clause("coupons.create.name-free")
def test_a_name_can_be_used_again(shop: Shop) -> None:
    """It is for people."""
    name = shop.reference()

    first, second = (shop.coupon(name=name) for _ in range(2))

    assert first["id"] != second["id"]
    assert first["name"] == second["name"] == name


@pytest.mark.clause("coupons.create.fresh")
def test_a_new_coupon_was_never_used(shop: Shop) -> None:
    """And the merchant pays for it."""
    coupon = shop.coupon()

    assert (coupon["redemptionCount"], coupon["sponsored"]) == (0, False)


@pytest.mark.clause("coupons.create.mandatory-members")
@pytest.mark.parametrize(("body", "member"), MANDATORY, ids=lambda v: str(v)[:14])
def test_a_coupon_needs_its_discount(
    body: dict[str, Any], member: str, shop: Shop, checks: Checks
) -> None:
    """By amount with a currency, or by percentage."""
    answer = shop.api.call("create_coupon", payloads.without(body, member))

    checks.refused_with(answer, 400)


@pytest.mark.clause("coupons.create.discount-type")
@pytest.mark.parametrize("kind", ["free", "", "AMOUNT", 5])
def test_an_unknown_discount_type_is_refused(
    kind: Any, shop: Shop, checks: Checks
) -> None:
    """There are two."""
    answer = shop.api.call("create_coupon", payloads.coupon(discountType=kind))

    checks.refused_with(answer, 400)


@pytest.mark.clause("coupons.create.limits")
@pytest.mark.parametrize(
    ("body", "member", "value", "is_accepted"), LIMITS, ids=lambda v: str(v)[:14]
)
def test_the_members_of_a_coupon_have_limits(
    *,
    body: dict[str, Any],
    member: str,
    value: Any,
    is_accepted: bool,
    shop: Shop,
    checks: Checks,
) -> None:
    """80 characters for the name, 0 to 100 for the percentage."""
    answer = shop.api.call("create_coupon", {**body, member: value})

    if is_accepted:
        assert checks.ok(answer)[member] == value
    else:
        checks.refused(answer, "request.invalid")


@pytest.mark.clause("coupons.get", "coupons.list")
@pytest.mark.parametrize("body", [payloads.coupon(), payloads.percentage_coupon()])
def test_a_coupon_is_what_was_answered(
    body: dict[str, Any], shop: Shop, checks: Checks
) -> None:
    """Retrieved and listed it is the creation's answer."""
    coupon = create(shop, body)

    assert shop.now("coupon", coupon["id"]) == coupon
    assert checks.find(shop.api, "list_coupons", coupon["id"]) == coupon


@pytest.mark.clause("coupons.get.not-found")
@pytest.mark.parametrize("operation", ["get_coupon", "update_coupon"])
def test_an_unknown_coupon_is_not_found(
    operation: str, api: Client, checks: Checks
) -> None:
    """404 coupon.not-found."""
    answer = api.call(operation, {"name": "x"}, id=NOBODY)

    checks.refused(answer, "coupon.not-found")


@pytest.mark.clause("coupons.update")
@pytest.mark.parametrize(
    "changes", [{"name": "another name"}, {"active": False}], ids=["name", "active"]
)
def test_a_coupons_name_and_activity_can_be_changed(
    changes: dict[str, Any], shop: Shop, checks: Checks
) -> None:
    """One at a time; everything else stays."""
    coupon = shop.coupon(metadata={"a": "1"})

    changed = checks.ok(update(shop, coupon, **changes))

    expected = {**coupon, **changes, "updatedAt": 0}
    for seen in (changed, shop.now("coupon", coupon["id"])):
        assert {**seen, "updatedAt": 0} == expected
    entry = checks.find(shop.api, "list_coupons", coupon["id"])
    assert {**entry, "updatedAt": 0} == expected


@pytest.mark.clause("coupons.update")
def test_a_coupon_can_be_switched_on_again(shop: Shop, checks: Checks) -> None:
    """Strictly false, then strictly true."""
    coupon = shop.coupon()

    for active in (False, True):
        assert checks.ok(update(shop, coupon, active=active))["active"] is active
        assert shop.now("coupon", coupon["id"])["active"] is active


@pytest.mark.clause("coupons.update.empty")
def test_an_empty_update_answers_with_the_coupon(shop: Shop, checks: Checks) -> None:
    """One SDK's suite reads back that way."""
    coupon = shop.coupon()
    checks.ok(update(shop, coupon, name="updatedCoupon"))

    seen = checks.ok(update(shop, coupon))

    assert (seen["id"], seen["name"]) == (coupon["id"], "updatedCoupon")


@pytest.mark.clause("coupons.update.nulls")
def test_null_leaves_a_coupons_member_alone(shop: Shop, checks: Checks) -> None:
    """Three SDKs send null for what was not set."""
    coupon = shop.coupon()

    seen = checks.ok(update(shop, coupon, name=None, active=None, metadata=None))

    assert (seen["name"], seen["active"]) == (coupon["name"], True)


@pytest.mark.clause("coupons.update.money-stays")
def test_a_coupons_discount_cannot_be_changed(shop: Shop, checks: Checks) -> None:
    """Who got the coupon for 100 yen keeps it for 100 yen."""
    coupon = shop.coupon(discountAmount=100)

    body = {"discountAmount": 1, "discountType": "percentage", "currency": "USD"}
    checks.ok(update(shop, coupon, **body, name="new"))

    seen = shop.now("coupon", coupon["id"])
    told = (seen["discountAmount"], seen["discountType"], seen["currency"])
    assert told == (100, "amount", "JPY")
    assert seen["name"] == "new"
