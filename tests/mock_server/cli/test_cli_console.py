"""``serve`` tells of each call: what was answered, and what was odd about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from smartpay_fixtures import SAMPLES

Serve = Callable[..., Any]
KEY = {"Authorization": "Basic sk_test_console"}


def test_each_call_is_a_line_and_its_advice_stands_below(serve: Serve) -> None:
    """Order status, id and advice are on the console, at 80 columns."""
    served = serve()
    sample = SAMPLES["guide/python"]
    headers = {**KEY, "Content-Type": "application/json", "Idempotency-Key": "k"}
    url = f"{served.root_url}/v1/orders"

    order = requests.post(url, sample.body, headers=headers, timeout=10).json()
    requests.post(url, sample.body, headers=headers, timeout=10)
    requests.get(url, headers={"Authorization": "Basic pk_test_a"}, timeout=10)
    requests.get(f"{served.root_url}/__admin/clock", headers=KEY, timeout=10)

    said = served.stop()
    calls = said[said.index("POST   /v1/orders") :].splitlines()
    assert calls == [
        f"POST   /v1/orders 200 succeeded {order['id']}",
        "       customerInfo.email is unknown; did you mean emailAddress?",
        f"POST   /v1/orders 200 succeeded {order['id']} replayed",
        "GET    /v1/orders 401",
        "       a public key only identifies; use the secret key",
        "Stopped.",
    ]


def test_quiet_says_nothing(serve: Serve) -> None:
    """``--quiet`` is for pipes."""
    served = serve("--quiet")

    requests.get(f"{served.root_url}/v1/orders", headers=KEY, timeout=10)

    assert served.stop() == ""
