"""Orders that are not made: tokens that cannot be charged, bodies that break a rule."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.control import Control
from smartpay_contracts.world import World
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
def test_an_unknown_token_is_not_found(
    token: str, world: World, checks: Checks
) -> None:
    """No order is made."""
    body = payloads.order(token, reference=world.reference())

    answer = world.api.call("create_order", body)

    checks.refused(answer, "token.not-found")
    made = checks.search(
        world.api, "list_orders", lambda o: o.get("reference") == body["reference"]
    )
    assert made is None


@pytest.mark.clause("orders.create.token-deleted")
def test_a_deleted_token_is_not_found(world: World, checks: Checks) -> None:
    """What is deleted cannot be charged."""
    token = world.own_token()
    checks.succeeded(world.api.call("delete_token", id=token))

    answer = world.api.call("create_order", world.order_body(token=token))

    checks.refused(answer, "token.not-found")


@pytest.mark.clause("orders.create.token-invalid")
def test_a_token_that_waits_for_approval_is_invalid(
    world: World, checks: Checks
) -> None:
    """It exists, but was never active."""
    token = world.waiting_token()

    answer = world.api.call("create_order", world.order_body(token=token))

    checks.refused(answer, "token.invalid")


@pytest.mark.clause("orders.create.token-invalid")
@pytest.mark.parametrize("name", ["requires_authorization", "refused"])
def test_a_token_that_was_never_active_is_invalid(
    name: str, world: World, control: Control, checks: Checks
) -> None:
    """Whether it waits or was refused."""
    token = sandbox_values().tokens[name].id

    answer = world.api.call("create_order", world.order_body(token=token))

    checks.refused(answer, "token.invalid")
    assert checks.listed(world.api, "list_orders") == []


@pytest.mark.clause("orders.create.token-shape")
@pytest.mark.parametrize("token", ["", "paytok", "order_test_abc", "paytok_test_", 7])
def test_what_is_no_token_is_refused(token: Any, world: World, checks: Checks) -> None:
    """As invalid, or as not found."""
    answer = world.api.call("create_order", payloads.order(token))

    checks.refused_with(answer, 404 if answer.status == 404 else 400)


@pytest.mark.clause("orders.create.mandatory-members")
@pytest.mark.parametrize(
    "member", ["amount", "currency", "customerInfo", "items", "shippingInfo", "token"]
)
def test_a_mandatory_member_is_mandatory(
    member: str, world: World, checks: Checks
) -> None:
    """The six that the guide names."""
    body = payloads.without(world.order_body(), member)

    answer = world.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.mandatory-address")
@pytest.mark.parametrize("member", ["line1", "locality", "postalCode", "country"])
def test_an_address_needs_four_members(
    member: str, world: World, checks: Checks
) -> None:
    """And shipping needs an address."""
    body = payloads.without(world.order_body(), f"shippingInfo.address.{member}")

    answer = world.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.mandatory-address")
def test_shipping_needs_an_address(world: World, checks: Checks) -> None:
    """A fee alone does not say where to."""
    body = payloads.without(world.order_body(), "shippingInfo.address")

    answer = world.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.mandatory-item")
@pytest.mark.parametrize("member", ["name", "amount", "currency"])
@pytest.mark.parametrize("index", [0, 1, 2], ids=["product", "tax", "discount"])
def test_an_item_needs_three_members(
    index: int, member: str, world: World, checks: Checks
) -> None:
    """Whatever its kind."""
    body = payloads.without(world.order_body(), f"items.{index}.{member}")

    answer = world.api.call("create_order", body)

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.capture-method")
@pytest.mark.parametrize("method", ["later", "", "MANUAL", 1])
def test_an_unknown_capture_method_is_refused(
    method: Any, world: World, checks: Checks
) -> None:
    """Better than to charge at the wrong time."""
    answer = world.api.call("create_order", world.order_body(captureMethod=method))

    checks.refused_with(answer, 400)


@pytest.mark.clause("orders.create.amount-zero")
def test_an_order_for_nothing_is_refused(world: World, checks: Checks) -> None:
    """The guide calls the amount a positive integer."""
    answer = world.api.call("create_order", world.order_body(amount=0))

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.no-items")
def test_an_order_of_nothing_is_refused(world: World, checks: Checks) -> None:
    """There is something the consumer ordered."""
    answer = world.api.call("create_order", world.order_body(items=[]))

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.item-currency")
def test_an_item_in_another_currency_is_refused(world: World, checks: Checks) -> None:
    """An order has one currency."""
    body = payloads.changed(world.order_body(), "items.1.currency", "USD")

    answer = world.api.call("create_order", body)

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.reference-limit")
@pytest.mark.parametrize(("length", "is_accepted"), [(40, True), (41, False)])
def test_a_reference_has_at_most_40_characters(
    length: int, is_accepted: bool, world: World, checks: Checks
) -> None:
    """Forty-one are refused."""
    reference = world.reference().ljust(length, "x")

    answer = world.api.call("create_order", world.order_body(reference=reference))

    if is_accepted:
        assert checks.ok(answer)["reference"] == reference
    else:
        checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.quantity")
@pytest.mark.parametrize("quantity", [-1, 1.5, "1", True])
def test_a_quantity_is_a_whole_number(
    quantity: Any, world: World, checks: Checks
) -> None:
    """From zero."""
    body = payloads.changed(world.order_body(), "items.0.quantity", quantity)

    answer = world.api.call("create_order", body)

    checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.image-limit")
@pytest.mark.parametrize(("count", "is_accepted"), [(8, True), (9, False)])
def test_an_item_has_at_most_eight_images(
    count: int, is_accepted: bool, world: World, checks: Checks
) -> None:
    """Nine are refused."""
    images = [f"https://example.jp/{number}.png" for number in range(count)]
    body = payloads.changed(world.order_body(), "items.0.images", images)

    answer = world.api.call("create_order", body)

    if is_accepted:
        checks.ok(answer)
    else:
        checks.refused(answer, "request.invalid")


@pytest.mark.clause("orders.create.enums")
@pytest.mark.parametrize(("path", "bad", "good"), ENUMS, ids=str)
def test_a_choice_is_one_of_the_documented(
    path: str, bad: str, good: list[str], world: World, checks: Checks
) -> None:
    """Each documented value is accepted, another is refused."""
    for value in good:
        body = payloads.changed(world.order_body(), path, value)
        checks.ok(world.api.call("create_order", body))

    body = payloads.changed(world.order_body(), path, bad)
    checks.refused(world.api.call("create_order", body), "request.invalid")
