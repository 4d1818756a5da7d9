"""What the shop makes of webhooks, in whatever state they arrive."""

from __future__ import annotations

import pytest


@pytest.fixture
def hand_on(browser):
    """Hands each webhook on to the shop."""

    def hand_on(event):
        answer = browser.post("/webhooks", data=event.body, headers=event.headers)
        return answer.status_code

    return hand_on


@pytest.mark.parametrize(
    "trouble",
    [{}, {"duplicate": 2}, {"reorder": True}, {"bad_signature": 1}],
    ids=["none", "duplicate", "reorder", "bad-signature"],
)
def test_a_paid_order_is_noted_once(shop, cart, smartpay, hand_on, trouble):
    with smartpay.webhooks.receive(handler=hand_on, **trouble) as inbox:
        shop.webhook_secret = inbox.secret
        order = shop.charge(cart)
        smartpay.webhooks.drain()
        smartpay.clock.advance(minutes=2)  # what was refused is tried again

    assert shop.paid == [order["id"]]


def test_a_forged_webhook_is_refused(shop, cart, smartpay, hand_on):
    with smartpay.webhooks.receive(handler=hand_on, rotated_secret="Bforged1") as inbox:
        shop.webhook_secret = inbox.secret
        shop.charge(cart)
        outcomes = smartpay.webhooks.drain()

    assert {outcome["attempts"][0]["status"] for outcome in outcomes} == {401}
    assert shop.paid == []
