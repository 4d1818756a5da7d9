"""The customer gets the goods and pays once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_a_cart_is_paid(browser, cart, smartpay):
    answer = browser.post("/checkout", json=cart)

    assert answer.status_code == 200
    assert [order["status"] for order in smartpay.orders] == ["succeeded"]
    smartpay.assert_request_made("create_order", times=1, matching={"amount": 2_400})


@pytest.mark.parametrize("token", ["declined", "disabled", "consumer_inactive"])
def test_a_declined_customer_may_choose_again(browser, cart, smartpay, token):
    answer = browser.post(
        "/checkout", json=cart | {"token": getattr(smartpay.tokens, token)}
    )

    assert answer.status_code == 402
    assert smartpay.payments == []


def test_an_outage_is_waited_out(browser, cart, smartpay):
    smartpay.faults.add("create_order", "status", status=503, retry_after=2, times=2)

    answer = browser.post("/checkout", json=cart)

    assert answer.status_code == 200
    assert len(smartpay.orders) == 1


def test_a_long_outage_is_admitted(browser, cart, smartpay):
    smartpay.faults.add("create_order", "status", status=503, times=3)

    answer = browser.post("/checkout", json=cart)

    assert answer.status_code == 503
    assert smartpay.orders == []


@pytest.mark.parametrize("lost", ["reset", "half", "broken_json"])
def test_a_lost_answer_is_asked_for_again(browser, cart, smartpay, lost):
    # Nothing here counts the charges: smartpay_fail_on = double-charge does.
    smartpay.faults.add("create_order", lost, when="after_commit")

    answer = browser.post("/checkout", json=cart)

    assert answer.status_code == 200


def test_an_impatient_customer_pays_once(browser, cart, smartpay):
    with ThreadPoolExecutor(2) as clicks, smartpay.hold("create_order") as hold:
        first, second = (
            clicks.submit(
                browser.application.test_client().post, "/checkout", json=cart
            )
            for _ in range(2)
        )
        hold.wait_for(2)  # both are on their way before either is charged

        hold.release()

        assert first.result().status_code == second.result().status_code == 200
    assert len(smartpay.orders) == 1


def test_a_parcel_that_leaves_too_late_is_not_paid(shop, cart, smartpay):
    order = shop.charge(cart | {"captureMethod": "manual"})
    late = shop.charge(cart | {"captureMethod": "manual", "reference": "late"})
    smartpay.clock.advance(days=6)
    assert shop.capture(order["id"], 2_400)

    smartpay.clock.advance(days=1)

    assert not shop.capture(late["id"], 2_400)
    assert smartpay.orders[1]["status"] == "canceled"
