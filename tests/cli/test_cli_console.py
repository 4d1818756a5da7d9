"""``serve`` prints each call with its result and advice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from smartpay_fixtures import SAMPLES
from smartpay_mock.cli.console import call_lines

Serve = Callable[..., Any]
KEY = {"Authorization": "Basic sk_test_console"}
IN = " " * 7  # the indent of advice


def calls_printed_by(served: Any) -> list[str]:
    """Stop an emulator; return its lines from the first order on."""
    said = served.stop()
    return list(said[said.index("POST   /v1/orders") :].splitlines())


def test_each_call_is_a_line_above_its_advice(serve: Serve) -> None:
    """Order status, id and advice are on the console, at 80 columns."""
    served = serve()
    sample = SAMPLES["guide/python"]
    headers = {**KEY, "Content-Type": "application/json", "Idempotency-Key": "k"}
    url = f"{served.root_url}/v1/orders"

    order = requests.post(url, sample.body, headers=headers, timeout=10).json()
    requests.post(url, sample.body, headers=headers, timeout=10)
    requests.get(f"{url}/{order['id']}", headers=KEY, timeout=10)
    requests.get(url, headers={"Authorization": "Basic pk_test_a"}, timeout=10)
    requests.get(f"{served.root_url}/__admin/clock", headers=KEY, timeout=10)

    calls = calls_printed_by(served)
    assert calls == [
        f"POST   /v1/orders 200 succeeded {order['id']}",
        "       customerInfo.email is unknown; did you mean emailAddress?",
        f"POST   /v1/orders 200 succeeded {order['id']} replayed",
        f"GET    /v1/orders/{order['id']} 200 succeeded",  # the id is not repeated
        "GET    /v1/orders 401",
        "       a public key cannot authenticate; send the secret key",
        "Stopped.",
    ]
    assert max(map(len, calls)) <= 80


def test_the_problems_of_a_refused_request_are_printed(serve: Serve) -> None:
    """Each problem of a refused request is printed."""
    served = serve()
    url = f"{served.root_url}/v1/orders"
    sample = SAMPLES["guide/curl"]
    broken = {**sample.payload, "amount": 0, "currency": "USD"}

    requests.post(url, json=broken, headers=KEY, timeout=10)
    requests.get(f"{url}/order_test_none", headers=KEY, timeout=10)

    calls = calls_printed_by(served)
    assert calls == [
        "POST   /v1/orders 400 request.invalid",
        f"{IN}amount: 0 is less than the minimum of 1; send a whole number from 1 to",
        f"{IN}  4294967295",
        f'{IN}currency: "USD" is not one of the values; send "JPY"',
        "GET    /v1/orders/order_test_none 404 order.not-found",
        f"{IN}No order order_test_none exists for this key. Use the right id, and test",
        f"{IN}  objects with test keys.",
        "Stopped.",
    ]


def test_each_advice_has_a_line_of_its_own(serve: Serve) -> None:
    """In strict mode, too; each only once."""
    served = serve("--strict")
    headers = {**KEY, "Content-Type": "application/json"}
    body = SAMPLES["guide/curl"].body

    requests.post(f"{served.root_url}/v1/orders", body, headers=headers, timeout=10)

    calls = calls_printed_by(served)
    assert calls == [
        "POST   /v1/orders 400 request.invalid",
        f"{IN}amount is 1500, items and fee add up to 500",
        f"{IN}items[0].quantity is 0, so the item adds nothing to the total; send 1 or",
        f"{IN}  more",
        f"{IN}customerInfo.emailAddress is what a web page shows in place of a hidden",
        f"{IN}  address; send the customer's",
        "Stopped.",
    ]


def test_quiet_prints_nothing(serve: Serve) -> None:
    """``--quiet`` is for pipes."""
    served = serve("--quiet")

    requests.get(f"{served.root_url}/v1/orders", headers=KEY, timeout=10)

    assert served.stop() == ""


@pytest.mark.parametrize(
    "body",
    [b'{"errorCode":7,"details":5}', b'{"id":5}', b"[1]", b"{half", b'{"details":[]}'],
)
def test_a_response_of_any_form_is_printed(body: bytes) -> None:
    """An injected fault may return any body."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/v1/orders"}

    line, *_ = call_lines(environ, "503 Injected", {}, (body,))

    assert line.startswith("GET    /v1/orders 503")
