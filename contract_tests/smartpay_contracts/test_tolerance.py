"""What real clients send, and a server must take."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.resources import (
    ARRANGE,
    UPDATABLE,
    Resource,
    caller_of,
    case,
    each,
    merchant_operations,
)
from smartpay_contracts.shop import Shop
from smartpay_schemas import OPERATIONS, schema

WITH_BODY = [name for name in merchant_operations() if OPERATIONS[name].request]
PUTS = [*merchant_operations("PUT"), "approve_token"]
DELETES = merchant_operations("DELETE")
BASKETS = ["create_order", "create_checkout_session"]
UNKNOWN = {
    "promotionCode": "ZOO",
    "test": True,
    "idempotencyKey": "x",
    "extra": {"a": 1},
}
PUT_BODIES = {
    "none": {"raw": None},
    "an object": {"raw": b"{}"},
    "an array": {"raw": b"[]"},
    "nothing, said to be JSON": {"headers": {"Content-Type": "application/json"}},
}


def nulls(schema_name: str) -> dict[str, None]:
    """Return an object in which every optional member of a schema is null."""
    row = schema(schema_name)
    return dict.fromkeys(
        m for m in row["properties"] if m not in row.get("required", ())
    )


def request_nulls(operation: str) -> dict[str, None]:
    """Return a body in which every optional member is null."""
    return nulls(str(OPERATIONS[operation].request))


@pytest.mark.clause("tolerance.nulls")
@pytest.mark.parametrize("operation", WITH_BODY)
def test_null_counts_as_absent(operation: str, shop: Shop) -> None:
    """For every optional member at once."""
    arguments = ARRANGE[operation](shop)
    body = {**request_nulls(operation), **arguments.body}

    answer = shop.api.call(operation, body, id=arguments.id)

    shop.checks.ok(answer)


@pytest.mark.clause("tolerance.nulls", "tolerance.item-kind-null")
@pytest.mark.parametrize("operation", BASKETS)
def test_null_counts_as_absent_at_every_depth(operation: str, shop: Shop) -> None:
    """In customer, address, shipping and items, as three SDKs send it."""
    body = ARRANGE[operation](shop).body
    item = {"name": "knit", "amount": 1500, "currency": "JPY", **nulls("common/item")}
    address = {**nulls("common/address"), **payloads.ADDRESS}
    sent = {
        **body,
        "customerInfo": nulls("common/customer-info"),
        "items": [item],
        "shippingInfo": {"address": address, **nulls("common/shipping-info")},
        "captureMethod": None,
        "metadata": None,
    }

    made = shop.ok(operation, sent)

    order = made if operation == "create_order" else made["order"]
    assert [item["kind"] for item in order["lineItems"]] == ["product"]
    if operation == "create_order":
        assert order["status"] == "succeeded"


@pytest.mark.clause("tolerance.item-kind-null")
def test_an_item_without_kind_is_a_product(shop: Shop) -> None:
    """Two SDKs never send one."""
    body = payloads.without(shop.order_body(), "items.0.kind")

    order = shop.ok("create_order", body)

    kinds = sorted(item["kind"] for item in order["lineItems"])
    assert kinds == ["discount", "product", "tax"]


@pytest.mark.clause("tolerance.unknown-members")
@pytest.mark.parametrize("operation", WITH_BODY)
def test_unknown_members_are_ignored(operation: str, shop: Shop) -> None:
    """Whatever their type."""
    arguments = ARRANGE[operation](shop)

    answer = shop.api.call(operation, {**arguments.body, **UNKNOWN}, id=arguments.id)

    shop.checks.ok(answer)


@pytest.mark.clause("tolerance.unknown-members")
def test_unknown_members_are_ignored_inside_too(shop: Shop) -> None:
    """email, gender and phone, as two SDKs and a plugin call them."""
    body = shop.order_body()
    body["customerInfo"] = {"email": "a@example.jp", "gender": "male", "phone": "+81"}
    body = payloads.changed(body, "items.0.colour", "red")
    body = payloads.changed(body, "shippingInfo.speed", "fast")

    order = shop.ok("create_order", body)

    assert order["status"] == "succeeded"


@pytest.mark.clause("tolerance.unknown-not-echoed")
def test_unknown_members_are_not_stored(shop: Shop) -> None:
    """Nothing of them is in the order."""
    order = shop.order(**UNKNOWN)

    for seen in (order, shop.now("order", order["id"])):
        assert not {"promotionCode", "idempotencyKey", "extra"} & set(seen)


@pytest.mark.clause("tolerance.misspelt-automatic")
def test_autommatic_counts_as_automatic(shop: Shop) -> None:
    """As three SDKs' constants spell it, for orders and for captures."""
    order = shop.order(captureMethod="autommatic")
    waiting = shop.authorized()

    shop.payment(100, order=waiting["id"], cancelRemainder="autommatic")

    assert order["status"] == "succeeded"
    assert shop.now("order", waiting["id"])["status"] == "succeeded"
    assert shop.session(captureMethod="autommatic")["order"]["id"]


@pytest.mark.parametrize("sent", PUT_BODIES.values(), ids=PUT_BODIES)
@pytest.mark.parametrize(
    "operation",
    [
        *[case("tolerance.put-bodies", name) for name in PUTS],
        *[case("tolerance.delete-bodies", name) for name in DELETES],
    ],
)
def test_the_body_of_a_put_or_delete_is_ignored(
    operation: str, sent: dict[str, Any], shop: Shop
) -> None:
    """SDKs send nothing, an object, or an empty array."""
    arguments = ARRANGE[operation](shop)

    answer = caller_of(operation, shop).call(operation, id=arguments.id, **sent)

    shop.checks.ok(answer)


@pytest.mark.clause("tolerance.idempotency-in-query")
@pytest.mark.parametrize("operation", ["cancel_order", "delete_token"])
def test_a_key_in_the_query_changes_nothing(operation: str, shop: Shop) -> None:
    """One SDK puts it there by mistake."""
    arguments = ARRANGE[operation](shop)

    answer = shop.api.call(operation, id=arguments.id, query={"idempotencyKey": "k"})

    shop.checks.succeeded(answer)


@pytest.mark.clause(
    "tolerance.empty-address",
    "tolerance.postal-code",
    "tolerance.address-type-inside",
    "tolerance.fee-currency-alone",
)
@pytest.mark.parametrize("postal_code", ["123", "12345678", "105-6415"])
@pytest.mark.parametrize("operation", BASKETS)
def test_addresses_are_taken_as_they_come(
    operation: str, postal_code: str, shop: Shop
) -> None:
    """Empty lines, any postal code, a stray type, a currency without a fee."""
    address = {
        "line1": "",
        "locality": "",
        "subLocality": "",
        "postalCode": postal_code,
        "country": "JP",
        "addressType": "home",
    }
    shipping = {"address": address, "feeCurrency": "JPY"}
    body = {**ARRANGE[operation](shop).body, "shippingInfo": shipping}

    made = shop.ok(operation, body)

    order = made if operation == "create_order" else made["order"]
    assert order["shippingInfo"]["address"]["postalCode"] == postal_code


@pytest.mark.clause("tolerance.item-order", "tolerance.customer-info-empty")
@pytest.mark.parametrize("operation", BASKETS)
def test_discounts_may_come_first_and_customers_be_unknown(
    operation: str, shop: Shop
) -> None:
    """Items in any order; nothing about the customer."""
    items = [payloads.discount(), payloads.tax(), payloads.product()]
    body = {**ARRANGE[operation](shop).body, "items": items, "customerInfo": {}}

    made = shop.ok(operation, body)

    order = made if operation == "create_order" else made["order"]
    kinds = sorted(item["kind"] for item in order["lineItems"])
    assert kinds == ["discount", "product", "tax"]


@pytest.mark.clause("tolerance.nulls")
@each(UPDATABLE)
def test_an_update_of_nulls_changes_nothing(resource: Resource, shop: Shop) -> None:
    """Two SDKs send null for every member that was not set."""
    made = resource.make(shop)

    shop.update(resource.name, made["id"], request_nulls(resource.update_operation))

    # Only the creation's answer may have the secret of an endpoint.
    now = {**made, **shop.now(resource.name, made["id"])}
    assert {**now, "updatedAt": 0} == {**made, "updatedAt": 0}
