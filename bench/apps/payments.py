"""What bench/fixture_cost.py runs with pytest: set-ups, and a charge in every way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

TESTS = 500
ROUNDS = 11
CALLS = 40
AT = "https://api.smartpay.co/v1/orders"


class Echo(HTTPAdapter):
    """Answers at once, with what was answered before."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__()
        self.answer = answer

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        """Return the answer."""
        copy = requests.Response()
        copy.status_code, copy._content = 200, self.answer.content
        copy.request, copy.url = request, str(request.url)
        return copy


@pytest.mark.parametrize("number", range(TESTS))
def test_set_up(smartpay: Any, number: int) -> None:
    """Do nothing with it."""


def test_calls(smartpay: Any) -> None:
    """Charge in every way, in turn."""
    headers = {"Authorization": f"Basic {smartpay.secret_key}"}
    body = smartpay.payload(amount=500)
    local = f"{smartpay.url}/orders"
    session, echoing, direct = (requests.Session() for _ in range(3))
    for each in (session, echoing, direct):
        each.headers.update(headers)
    answer = session.post(local, json=body)
    echoing.mount("https://", Echo(answer))
    direct.mount("https://", smartpay.adapter())

    def baseline_post() -> None:
        with requests.Session() as fresh:
            fresh.mount("https://", Echo(answer))
            fresh.post(AT, json=body, headers=headers).json()

    ways: dict[str, Callable[[], object]] = {
        "baseline: requests.Session": lambda: echoing.post(AT, json=body).json(),
        "Session, smartpay.adapter()": lambda: direct.post(AT, json=body).json(),
        "Session to the fixture's server": lambda: session.post(
            local, json=body
        ).json(),
        "baseline: requests.post": baseline_post,
        "requests.post to the fixture's server": lambda: requests.post(
            local, json=body, headers=headers
        ).json(),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            times[name].append(mean_ms(call))
    with smartpay.intercept():
        times["requests.post, smartpay.intercept()"] = [
            mean_ms(lambda: requests.post(AT, json=body, headers=headers).json())
            for _ in range(ROUNDS)
        ]
    session.close()
    with open("calls.json", "w", encoding="utf-8") as file:
        json.dump(times, file)


def mean_ms(call: Callable[[], object]) -> float:
    """Return the mean time of a call, in milliseconds."""
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS * 1000
