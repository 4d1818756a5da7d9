"""Data types: amounts, times, currencies, countries, texts, metadata."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.resources import (
    ARRANGE,
    CREATABLE,
    UPDATABLE,
    Resource,
    each,
    merchant_operations,
)
from smartpay_contracts.shop import Shop
from smartpay_contracts.target import Target
from smartpay_contracts.values import now_ms
from smartpay_schemas import OPERATIONS

MINUTE_MS = 60_000
WITH_METADATA = [
    *[resource.create_operation for resource in CREATABLE.values()],
    *[resource.update_operation for resource in UPDATABLE.values()],
]
BASKETS = ["create_order", "create_checkout_session"]
each_updatable = each(UPDATABLE)


def in_lower_case(body: Any) -> Any:
    """Return a body with currencies and countries in lower case."""
    for path in ("currency", "items.0.currency", "items.1.currency"):
        body = payloads.changed(body, path, "jpy")
    body = payloads.changed(body, "shippingInfo.feeCurrency", "jpy")
    body = payloads.changed(body, "customerInfo.address.country", "jp")
    return payloads.changed(body, "shippingInfo.address.country", "jp")


def order_of(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the order in the answer to a creation of an order or a session."""
    return answer if operation == "create_order" else dict(answer["order"])


@pytest.mark.clause("data.milliseconds")
def test_times_are_milliseconds(shop: Shop, target: Target) -> None:
    """Within a day of this machine's clock, so neither seconds nor microseconds."""
    before = now_ms()

    order = shop.authorized()

    day = 24 * 60 * MINUTE_MS
    assert abs(order["createdAt"] - before) < day
    assert abs(order["updatedAt"] - before) < day
    assert abs(order["expiresAt"] - before - 7 * day) < day


@pytest.mark.clause("data.created-now")
def test_an_object_is_made_when_the_call_is_made(shop: Shop) -> None:
    """Up to a minute, for clocks that are not quite the same."""
    before = now_ms()

    order = shop.order()

    after = now_ms()
    assert before - MINUTE_MS <= order["createdAt"] <= after + MINUTE_MS
    assert order["createdAt"] <= order["updatedAt"] <= after + MINUTE_MS
    for item in order["lineItems"]:
        assert before - MINUTE_MS <= item["createdAt"] <= after + MINUTE_MS


@pytest.mark.clause("data.updated-at")
@each_updatable
def test_a_change_moves_updated_at_only(
    resource: Resource, shop: Shop, target: Target, request: pytest.FixtureRequest
) -> None:
    """CreatedAt is for ever."""
    made = resource.make(shop)
    if not target.is_foreign:
        request.getfixturevalue("control").advance(minutes=1)

    shop.update(resource.name, made["id"], dict(resource.update or {}))

    now = shop.now(resource.name, made["id"])
    assert now["createdAt"] == made["createdAt"]
    assert now["updatedAt"] > made["updatedAt"]


@pytest.mark.clause("data.updated-at")
def test_a_capture_moves_the_orders_updated_at(shop: Shop, target: Target) -> None:
    """An order that changes its status has changed."""
    order = shop.authorized()

    shop.payment(payloads.AMOUNT, order=order["id"])

    now = shop.now("order", order["id"])
    assert now["createdAt"] == order["createdAt"]
    assert now["updatedAt"] >= order["updatedAt"]


@pytest.mark.clause("data.metadata-merge")
@each_updatable
def test_an_update_merges_metadata(resource: Resource, shop: Shop) -> None:
    """Pairs that are not named stay, named ones change, new ones come."""
    made = resource.make(shop)

    for metadata in ({"a": "1", "b": "2"}, {"b": "3", "c": "4"}):
        body = {"metadata": metadata}
        shop.update(resource.name, made["id"], body)

    now = shop.now(resource.name, made["id"])
    assert now["metadata"] == {"a": "1", "b": "3", "c": "4"}


@pytest.mark.clause("data.metadata-merge", "data.metadata-limit")
@each_updatable
def test_merged_metadata_has_at_most_twenty_pairs(
    resource: Resource, shop: Shop
) -> None:
    """A twenty-first pair is refused, and what was there stays."""
    made = resource.make(shop)
    full = {f"key{number}": "value" for number in range(20)}
    shop.update(resource.name, made["id"], {"metadata": full})

    answer = shop.api.call(
        resource.update_operation, {"metadata": {"one more": "x"}}, id=made["id"]
    )

    shop.checks.refused(answer, "request.invalid")
    assert shop.now(resource.name, made["id"])["metadata"] == full


@pytest.mark.clause("data.metadata-empty")
@each_updatable
@pytest.mark.parametrize("metadata", [{}, None], ids=["empty", "null"])
def test_an_empty_metadata_wipes_nothing(
    resource: Resource, metadata: Any, shop: Shop
) -> None:
    """Two SDKs send one with every PATCH."""
    made = resource.make(shop)
    kept = {"kept": "yes"}
    shop.update(resource.name, made["id"], {"metadata": kept})

    body = {**(resource.update or {}), "metadata": metadata}
    shop.update(resource.name, made["id"], body)

    assert shop.now(resource.name, made["id"])["metadata"] == kept


@pytest.mark.clause("data.currency-case", "data.country-case")
@pytest.mark.parametrize("operation", BASKETS)
def test_currency_and_country_may_be_in_lower_case(operation: str, shop: Shop) -> None:
    """As one SDK's live suite sends them."""
    body = in_lower_case(ARRANGE[operation](shop).body)

    order = order_of(operation, shop.ok(operation, body))

    assert order["currency"].upper() == "JPY"


@pytest.mark.clause("data.currency-upper", "data.country-upper")
@pytest.mark.parametrize("operation", BASKETS)
def test_currency_and_country_are_answered_in_upper_case(
    operation: str, shop: Shop
) -> None:
    """In the order, its items and its shipping."""
    body = in_lower_case(ARRANGE[operation](shop).body)

    order = order_of(operation, shop.ok(operation, body))

    shipping = order["shippingInfo"]
    assert order["currency"] == shipping["feeCurrency"] == "JPY"
    assert shipping["address"]["country"] == "JP"
    assert {item["currency"] for item in order["lineItems"]} == {"JPY"}


@pytest.mark.clause("data.amount-float")
def test_a_whole_number_with_a_fraction_of_zero_is_an_amount(shop: Shop) -> None:
    """One SDK and one plugin may write it so; the answer is an integer."""
    body = payloads.changed(shop.order_body(amount=1250.0), "items.0.amount", 600.0)

    order = shop.ok("create_order", body)

    assert order["amount"] == 1250
    assert type(order["amount"]) is int


@pytest.mark.clause("data.number-text")
@pytest.mark.parametrize("suffix", ["", ".0", ".0000"])
def test_a_whole_number_written_as_text_is_a_number(suffix: str, shop: Shop) -> None:
    """Two plugins send decimal columns of a database; the answers are integers."""
    body = payloads.changed(shop.order_body(), "items.0.quantity", f"2{suffix}")
    body = payloads.changed(body, "items.0.amount", f"500{suffix}")
    body = payloads.changed(body, "shippingInfo.feeAmount", f"0{suffix}")
    body = payloads.changed(body, "customerInfo.accountAge", f"30{suffix}")

    order = shop.ok(
        "create_order", {**body, "amount": f"1250{suffix}", "captureMethod": "manual"}
    )
    captured = {**payloads.payment(order["id"], 1), "amount": f"600{suffix}"}
    payment = shop.ok("create_payment", captured)
    refunded = {**payloads.refund(payment["id"], 1), "amount": f"100{suffix}"}
    refund = shop.ok("create_refund", refunded)
    coupon = shop.ok("create_coupon", payloads.coupon(discountAmount=f"50{suffix}"))

    product = order["lineItems"][0]
    found = {
        "amount": order["amount"],
        "item": product["amount"],
        "price": product["price"]["amount"],
        "quantity": product["quantity"],
        "fee": order["shippingInfo"]["feeAmount"],
        "payment": payment["amount"],
        "refund": refund["amount"],
        "coupon": coupon["discountAmount"],
    }
    assert list(found.values()) == [1250, 500, 500, 2, 0, 600, 100, 50]
    assert {type(number) for number in found.values()} == {int}


@pytest.mark.clause("data.exact-numbers")
@pytest.mark.parametrize(
    "number", [2**53 + 1, 2**63, 2**64, 2**64 + 1, -(2**63) - 1, 10**30, 0.1 + 0.2]
)
def test_a_number_comes_back_exactly_or_is_refused(number: float, shop: Shop) -> None:
    """Never as a number that is close to it."""
    body = shop.order_body(metadata={"number": number})

    answer = shop.api.call("create_order", body)

    if answer.status == 400:
        assert abs(number) >= 2**53
    else:
        assert shop.checks.ok(answer)["metadata"]["number"] == number


@pytest.mark.clause("data.metadata-values")
@pytest.mark.parametrize("value", [{"a": "b"}, ["a"]], ids=["object", "list"])
@pytest.mark.parametrize("operation", WITH_METADATA)
def test_metadata_is_flat(operation: str, value: Any, shop: Shop) -> None:
    """What holds other values is refused."""
    arguments = ARRANGE[operation](shop)
    body = {**arguments.body, "metadata": {"deep": value}}

    answer = shop.api.call(operation, body, id=arguments.id)

    shop.checks.refused(answer, "request.invalid")


@pytest.mark.clause("data.no-nulls")
@pytest.mark.parametrize(
    "operation", [n for n in merchant_operations("POST") if OPERATIONS[n].request]
)
def test_a_null_that_was_sent_does_not_come_back(operation: str, shop: Shop) -> None:
    """Absent is absent, also when it was said in so many words."""
    body = {**ARRANGE[operation](shop).body, "reference": None, "description": None}

    made = shop.checks.succeeded(shop.api.call(operation, body)).doc

    assert not [value for value in made.values() if value in (None, "null")]
