"""Orders that are not made: tokens that cannot be charged, bodies that break a rule."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.control import Control
from smartpay_contracts.shop import Shop
from smartpay_fixtures import sandbox_values

ENUMS = [
    ("shippingInfo.addressType", "moon", ["home", "gift", "locker", "office", "store"]),
    ("customerInfo.legalGender", "unknown", ["male", "female"]),
    ("items.0.kind", "service", ["product", "tax", "discount"]),
]


@pytest.mark.clause("orders.create.token-not-found")
@pytest.mark.parametrize(
    "token",
    ["paytok_test_0000000000000000000000", "paytok_live_zAo001ZRfyjz1F4rMyYPnL"],
    ids=["unknown", "of live mode"],
)
def test_an_unknown_token_is_not_found(token: str, shop: Shop, checks: Checks) -> None:
    """No order is made."""
    body = payloads.order(token, reference=shop.reference())

    answer = shop.api.call("create_order", body)

    checks.refused(answer, "token.not-found")
    made = checks.search(
        shop.api, "list_orders", lambda o: o.get("reference") == body["reference"]
    )
    assert made is None


@pytest.mark.clause("orders.create.token-deleted")
def test_a_deleted_token_is_not_found(shop: Shop, checks: Checks) -> None:
    """What is deleted cannot be charged."""
    token = shop.own_token()
    checks.succeeded(shop.api.call("delete_token", id=token))

    answer = shop.api.call("create_order", shop.order_body(token=token))

    checks.refused(answer, "token.not-found")


@pytest.mark.clause("orders.create.token-invalid")
def test_a_token_that_waits_for_approval_is_invalid(shop: Shop, checks: Checks) -> None:
    """It exists, but was never active."""
    token = shop.waiting_token()

    answer = shop.api.call("create_order", shop.order_body(token=token))

    checks.refused(answer, "token.invalid")


@pytest.mark.clause("orders.create.token-invalid")
@pytest.mark.parametrize("name", ["requires_authorization", "refused"])
def test_a_token_that_was_never_active_is_invalid(
    name: str, shop: Shop, control: Control, checks: Checks
) -> None:
    """Whether it waits or was refused."""
    token = sandbox_values().tokens[name].id

    answer = shop.api.call("create_order", shop.order_body(token=token))

    checks.refused(answer, "token.invalid")
    assert checks.listed(shop.api, "list_orders") == []


@pytest.mark.clause("orders.create.token-shape")
@pytest.mark.parametrize("token", ["", "paytok", "order_test_abc", "paytok_test_", 7])
def test_what_is_no_token_is_refused(token: Any, shop: Shop, checks: Checks) -> None:
    """As invalid, or as not found."""
    answer = shop.api.call("create_order", payloads.order(token))

    checks.refused_with(answer, 404 if answer.status == 404 else 400)


@pytest.mark.clause("orders.create.mandatory-members")
@pytest.mark.parametrize(
    "member", ["amount", "currency", "customerInfo", "items", "shippingInfo", "token"]
)
def test_a_mandatory_member_is_mandatory(
    member: str, shop: Shop, checks: Checks
) -> None:
    """The six that the guide names."""
    body = payloads.without(shop.order_body(), member)

    answer = shop.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.mandatory-address")
@pytest.mark.parametrize("member", ["line1", "locality", "postalCode", "country"])
def test_an_address_needs_four_members(member: str, shop: Shop, checks: Checks) -> None:
    """And shipping needs an address."""
    body = payloads.without(shop.order_body(), f"shippingInfo.address.{member}")

    answer = shop.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.mandatory-address")
def test_shipping_needs_an_address(shop: Shop, checks: Checks) -> None:
    """A fee alone does not say where to."""
    body = payloads.without(shop.order_body(), "shippingInfo.address")

    answer = shop.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.mandatory-item")
@pytest.mark.parametrize("member", ["name", "amount", "currency"])
@pytest.mark.parametrize("index", [0, 1, 2], ids=["product", "tax", "discount"])
def test_an_item_needs_three_members(
    index: int, member: str, shop: Shop, checks: Checks
) -> None:
    """Whatever its kind."""
    body = payloads.without(shop.order_body(), f"items.{index}.{member}")

    answer = shop.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.capture-method")
@pytest.mark.parametrize("method", ["later", "", "MANUAL", 1])
def test_an_unknown_capture_method_is_refused(
    method: Any, shop: Shop, checks: Checks
) -> None:
    """Better than to charge at the wrong time."""
    answer = shop.api.call("create_order", shop.order_body(captureMethod=method))

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.amount-zero")
def test_an_order_for_nothing_is_refused(shop: Shop, checks: Checks) -> None:
    """The guide calls the amount a positive integer."""
    answer = shop.api.call("create_order", shop.order_body(amount=0))

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.no-items")
def test_an_order_of_nothing_is_refused(shop: Shop, checks: Checks) -> None:
    """There is something the consumer ordered."""
    answer = shop.api.call("create_order", shop.order_body(items=[]))

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.item-currency")
def test_an_item_in_another_currency_is_refused(shop: Shop, checks: Checks) -> None:
    """An order has one currency."""
    body = payloads.changed(shop.order_body(), "items.1.currency", "USD")

    answer = shop.api.call("create_order", body)

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.reference-limit")
@pytest.mark.parametrize(("length", "is_accepted"), [(40, True), (41, False)])
def test_a_reference_has_at_most_40_characters(
    length: int, is_accepted: bool, shop: Shop, checks: Checks
) -> None:
    """Forty-one are refused."""
    reference = shop.reference().ljust(length, "x")

    answer = shop.api.call("create_order", shop.order_body(reference=reference))

    if is_accepted:
        assert checks.ok(answer)["reference"] == reference
    else:
        checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.quantity")
@pytest.mark.parametrize("quantity", [-1, 1.5, "1", True])
def test_a_quantity_is_a_whole_number(
    quantity: Any, shop: Shop, checks: Checks
) -> None:
    """From zero."""
    body = payloads.changed(shop.order_body(), "items.0.quantity", quantity)

    answer = shop.api.call("create_order", body)

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.image-limit")
@pytest.mark.parametrize(("count", "is_accepted"), [(8, True), (9, False)])
def test_an_item_has_at_most_eight_images(
    count: int, is_accepted: bool, shop: Shop, checks: Checks
) -> None:
    """Nine are refused."""
    images = [f"https://example.jp/{number}.png" for number in range(count)]
    body = payloads.changed(shop.order_body(), "items.0.images", images)

    answer = shop.api.call("create_order", body)

    if is_accepted:
        checks.ok(answer)
    else:
        checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.enums")
@pytest.mark.parametrize(("path", "bad", "good"), ENUMS, ids=str)
def test_a_choice_is_one_of_the_documented(
    path: str, bad: str, good: list[str], shop: Shop, checks: Checks
) -> None:
    """Each documented value is accepted, another is refused."""
    for value in good:
        body = payloads.changed(shop.order_body(), path, value)
        checks.ok(shop.api.call("create_order", body))

    body = payloads.changed(shop.order_body(), path, bad)
    checks.refused(shop.api.call("create_order", body), "request.invalid")
