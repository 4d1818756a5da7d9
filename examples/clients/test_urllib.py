"""urllib: over the socket, with nothing but the standard library."""

import json
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest


def charge(smartpay, cart):
    call = Request(  # noqa: S310 - our own URL
        f"{smartpay.url}/orders",
        data=json.dumps(cart).encode(),
        headers={
            "Authorization": f"Basic {smartpay.secret_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k1",
        },
    )
    with urlopen(call, timeout=10) as answer:  # noqa: S310 - our own URL
        return answer.headers, json.load(answer)


def test_a_lost_answer(smartpay):
    smartpay.faults.add("create_order", "reset", when="after_commit")
    cart = smartpay.payload()

    with pytest.raises((ConnectionError, URLError)):
        charge(smartpay, cart)
    headers, order = charge(smartpay, cart)

    assert headers["Idempotency-Replayed"] == "true"
    assert smartpay.orders == [order]
    assert "the key is known" in smartpay.explain(headers)
