"""requests: over the socket, intercepted, and through an adapter."""

import pytest
import requests

API = "https://api.smartpay.co/v1"


def charge(url, smartpay, cart, session=requests):
    headers = {"Authorization": f"Basic {smartpay.secret_key}", "Idempotency-Key": "k1"}
    return session.post(f"{url}/orders", json=cart, headers=headers, timeout=10)


def test_a_lost_answer_over_the_socket(smartpay):
    smartpay.faults.add("create_order", "reset", when="after_commit")
    cart = smartpay.payload()

    with pytest.raises(requests.ConnectionError):
        charge(smartpay.url, smartpay, cart)
    again = charge(smartpay.url, smartpay, cart)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert smartpay.orders == [again.json()]


def test_a_lost_answer_intercepted(smartpay):
    smartpay.faults.add("create_order", "reset", when="after_commit")
    cart = smartpay.payload()

    with smartpay.intercept():  # the code under test keeps its own URL
        with pytest.raises(requests.ConnectionError):
            charge(API, smartpay, cart)
        again = charge(API, smartpay, cart)

    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_lost_answer_through_an_adapter(smartpay):
    smartpay.faults.add("create_order", "reset", when="after_commit")
    cart = smartpay.payload()

    with requests.Session() as session:
        session.mount("https://api.smartpay.co", smartpay.adapter())
        with pytest.raises(requests.ConnectionError):
            charge(API, smartpay, cart, session)
        again = charge(API, smartpay, cart, session)

    assert again.headers["Idempotency-Replayed"] == "true"
