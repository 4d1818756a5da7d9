"""How an order that waits for its capture ends: cancelled, or expired after a week."""

from __future__ import annotations

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.shop import Shop

WEEK_MS = 7 * 86_400_000


def cancel(shop: Shop, order: Doc) -> Doc:
    """Return the answer to a good cancellation."""
    return shop.ok("cancel_order", id=order["id"])


def cannot_capture(shop: Shop, order: Doc) -> None:
    """Check that nothing more can be captured, not even a yen."""
    answer = shop.api.call("create_payment", payloads.payment(order["id"], 1))
    shop.checks.refused(answer, "order.cannot-capture")


@pytest.mark.clause("orders.cancel.canceled", "orders.cancel.releases")
def test_an_order_is_canceled(shop: Shop) -> None:
    """Nothing was captured, and nothing can be any more."""
    order = shop.authorized()

    canceled = cancel(shop, order)

    assert (canceled["id"], canceled["status"]) == (order["id"], "canceled")
    assert canceled["payments"] == []
    now = shop.now("order", order["id"])
    assert now == canceled
    cannot_capture(shop, order)
    entry = shop.checks.find(shop.api, "list_orders", order["id"])
    assert entry["status"] == "canceled"


@pytest.mark.clause("orders.cancel.partly-captured", "orders.cancel.releases")
def test_the_rest_of_a_partly_captured_order_is_released(shop: Shop) -> None:
    """The captured amount stays, and the order is succeeded."""
    order = shop.authorized(400)
    payments = [shop.payment(amount, order=order["id"]) for amount in (50, 51)]

    canceled = cancel(shop, order)

    assert canceled["status"] == "succeeded"
    assert sorted(canceled["payments"]) == sorted(p["id"] for p in payments)
    cannot_capture(shop, order)
    for payment in payments:
        assert shop.now("payment", payment["id"]) == payment


@pytest.mark.clause("orders.cancel.partly-captured")
def test_refunds_do_not_change_what_a_cancellation_does(shop: Shop) -> None:
    """As one SDK's live suite goes: capture, refund, cancel, succeeded."""
    order = shop.authorized(400)
    payments = [shop.payment(amount, order=order["id"]) for amount in (50, 51)]
    for amount in (1, 2):
        shop.refund(amount, payment=payments[0]["id"])

    assert cancel(shop, order)["status"] == "succeeded"


@pytest.mark.clause("orders.cancel.again")
def test_a_canceled_order_can_be_canceled_again(shop: Shop) -> None:
    """It answers as the first time."""
    order = shop.canceled()

    again = cancel(shop, order)

    assert again["status"] == "canceled"
    assert shop.now("order", order["id"])["status"] == "canceled"


@pytest.mark.clause("orders.cancel.again")
def test_a_repeated_cancellation_is_no_change(shop: Shop, control: Control) -> None:
    """The time of the last change stays, too."""
    order = shop.canceled()
    before = shop.now("order", order["id"])
    control.advance(seconds=1)

    cancel(shop, order)

    assert shop.now("order", order["id"]) == before


@pytest.mark.clause("orders.cancel.cannot")
def test_an_order_that_holds_no_money_cannot_be_canceled(shop: Shop) -> None:
    """One captured at once or later, or one that waits for its authorization."""
    captured = shop.authorized(300)
    shop.payment(300, order=captured["id"])

    for order in (shop.order(), captured, shop.unauthorized()):
        before = shop.now("order", order["id"])
        answer = shop.api.call("cancel_order", id=order["id"])
        shop.checks.refused(answer, "order.cannot-cancel")
        assert shop.now("order", order["id"]) == before


@pytest.mark.clause("orders.cancel.cannot")
def test_a_rejected_order_cannot_be_canceled(shop: Shop, control: Control) -> None:
    """It stays rejected."""
    order = shop.rejected()

    answer = shop.api.call("cancel_order", id=order["id"])

    shop.checks.refused(answer, "order.cannot-cancel")
    assert shop.now("order", order["id"])["status"] == "rejected"


@pytest.mark.clause("orders.expiry.canceled", "orders.expiry.no-capture")
def test_an_order_expires_after_seven_days(shop: Shop, control: Control) -> None:
    """Alone and in the list it is canceled, and cannot be captured."""
    control.freeze()
    order = shop.authorized()

    control.advance(milliseconds=WEEK_MS + 1)

    assert shop.now("order", order["id"])["status"] == "canceled"
    entry = shop.checks.find(shop.api, "list_orders", order["id"])
    assert entry["status"] == "canceled"
    cannot_capture(shop, order)


@pytest.mark.clause("orders.expiry.no-capture")
def test_an_expired_order_cannot_be_captured_even_if_nobody_looked(
    shop: Shop, control: Control
) -> None:
    """The capture itself finds out."""
    control.freeze()
    order = shop.authorized()

    control.advance(milliseconds=WEEK_MS + 1)

    cannot_capture(shop, order)
    assert shop.now("order", order["id"])["payments"] == []


@pytest.mark.clause("orders.expiry.not-before")
def test_an_order_does_not_expire_before_seven_days(
    shop: Shop, control: Control
) -> None:
    """One millisecond before, it can be captured."""
    control.freeze()
    order = shop.authorized(700)

    control.advance(milliseconds=WEEK_MS - 1)

    assert shop.now("order", order["id"])["status"] == "requires_capture"
    assert shop.payment(700, order=order["id"])["amount"] == 700
    assert shop.now("order", order["id"])["status"] == "succeeded"


@pytest.mark.clause("orders.expiry.partly-captured")
def test_a_partly_captured_order_is_succeeded_after_seven_days(
    shop: Shop, control: Control
) -> None:
    """The captured amount stays; the rest is released."""
    control.freeze()
    order = shop.authorized(700)
    payment = shop.payment(200, order=order["id"])

    control.advance(milliseconds=WEEK_MS + 1)

    now = shop.now("order", order["id"])
    assert (now["status"], now["payments"]) == ("succeeded", [payment["id"]])
    cannot_capture(shop, order)


@pytest.mark.clause("orders.expiry.succeeded-stays")
def test_time_does_not_touch_what_is_final(shop: Shop, control: Control) -> None:
    """Orders that succeeded at once or later, one that was canceled, one that waits."""
    whole, part = shop.authorized(), shop.authorized()
    shop.payment(whole["amount"], order=whole["id"])
    shop.payment(100, order=part["id"], cancelRemainder="automatic")
    orders = [shop.order(), whole, part, shop.canceled(), shop.unauthorized()]
    before = [shop.now("order", order["id"]) for order in orders]

    control.advance(days=30)

    assert [shop.now("order", order["id"]) for order in orders] == before
