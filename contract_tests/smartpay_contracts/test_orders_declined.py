"""Orders that are declined: an answer, not an error."""

from __future__ import annotations

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.control import Control
from smartpay_contracts.shop import Shop
from smartpay_fixtures import sandbox_values

both_captures = pytest.mark.parametrize("capture", ["automatic", "manual"])


@pytest.mark.clause("orders.create.rejected", "orders.create.one-payment")
@both_captures
def test_a_declined_order_is_rejected(
    capture: str, shop: Shop, control: Control, checks: Checks
) -> None:
    """200, but nothing was authorized and nothing was paid."""
    token = sandbox_values().tokens["declined"].id

    order = shop.order(token=token, captureMethod=capture)

    assert (order["status"], order["payments"]) == ("rejected", [])
    assert order["tokenId"] == token
    assert checks.listed(shop.api, "list_payments") == []


@pytest.mark.clause("orders.create.rejected")
def test_a_token_whose_authorization_is_declined_from_now_on(
    shop: Shop, control: Control
) -> None:
    """Authorization is done for each order anew."""
    before = shop.order()
    control.set_token(shop.token, decision="declined")

    order = shop.order()

    assert [before["status"], order["status"]] == ["succeeded", "rejected"]
    assert shop.now("token", shop.token)["status"] == "active"


@pytest.mark.clause("orders.create.expires-at")
@both_captures
def test_a_rejected_order_never_expires(
    capture: str, shop: Shop, control: Control
) -> None:
    """There is no authorization that could."""
    token = sandbox_values().tokens["declined"].id
    order = shop.order(token=token, captureMethod=capture)

    assert "expiresAt" not in order
    assert "expiresAt" not in shop.now("order", order["id"])


@pytest.mark.clause("orders.create.rejected-kept")
def test_a_rejected_order_is_kept(shop: Shop, control: Control, checks: Checks) -> None:
    """It can be retrieved, is listed, and time does not change it."""
    order = shop.rejected()
    control.advance(days=8)

    assert shop.now("order", order["id"])["status"] == "rejected"
    entry = checks.find(shop.api, "list_orders", order["id"])
    assert entry["status"] == "rejected"


@pytest.mark.clause("orders.create.consumer-inactive")
@both_captures
def test_an_inactive_consumer_is_not_charged(
    capture: str, shop: Shop, control: Control
) -> None:
    """The token is active, but its consumer is not any more."""
    token = sandbox_values().tokens["consumer_inactive"].id

    order = shop.order(token=token, captureMethod=capture)

    assert (order["status"], order["payments"]) == ("rejected", [])


@pytest.mark.clause("orders.create.consumer-inactive")
def test_a_consumer_who_is_active_again_is_charged_again(
    shop: Shop, control: Control
) -> None:
    """What counts is how it is when the order is made."""
    consumer = sandbox_values().tokens["guide"].consumer
    control.set_consumer(consumer, active=False)
    rejected = shop.order(token=sandbox_values().tokens["guide"].id)
    control.set_consumer(consumer, active=True)

    order = shop.order(token=sandbox_values().tokens["guide"].id)

    assert [rejected["status"], order["status"]] == ["rejected", "succeeded"]


@pytest.mark.clause("orders.create.token-disabled")
@both_captures
def test_a_disabled_token_is_not_charged(
    capture: str, shop: Shop, checks: Checks
) -> None:
    """Either the order is rejected or the call is refused; no payment is made."""
    token = shop.switchable_token()
    checks.succeeded(shop.api.call("disable_token", id=token))
    body = shop.order_body(token=token, captureMethod=capture)

    answer = shop.api.call("create_order", body)

    if answer.status == 400:
        checks.refused(answer, "token.invalid")
    else:
        order = checks.ok(answer)
        assert (order["status"], order["payments"]) == ("rejected", [])


@pytest.mark.clause("orders.create.token-disabled-rejected")
@pytest.mark.usefixtures("rejecting_disabled")
def test_an_order_of_a_disabled_token_is_rejected(shop: Shop) -> None:
    """As the guide says, not as the reference says."""
    token = shop.switchable_token()
    shop.checks.succeeded(shop.api.call("disable_token", id=token))

    order = shop.order(token=token)

    assert order["status"] == "rejected"
