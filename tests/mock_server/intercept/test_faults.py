"""Faults through ``intercept()``: clients see what a broken network shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests

from smartpay_mock.testing import Smartpay, SmartpayServer
from smartpay_mock.testing.local import LocalEmulator
from smartpay_mock.testing.session import settings_from

URL = "https://api.smartpay.co/v1/orders"
CLIENTS: dict[str, Callable[..., Any]] = {
    "requests": requests.post,
    "httpx": httpx.post,
}
BROKEN = (requests.ConnectionError, requests.Timeout, httpx.TransportError)


@pytest.fixture
def account() -> Iterator[Smartpay]:
    """Return an account of an emulator of the test's own."""
    emulator = LocalEmulator(settings_from({}))
    account = SmartpayServer(emulator, salt="").account("faults")

    yield account

    account.close()
    emulator.stop()


@pytest.fixture(params=CLIENTS)
def pay(request: pytest.FixtureRequest, account: Smartpay) -> Callable[[], Any]:
    """Return what charges with a client of a library."""
    headers = {"Authorization": f"Basic {account.secret_key}"}
    post = CLIENTS[request.param]
    return lambda: post(URL, json=account.payload(), headers=headers, timeout=0.2)


@pytest.mark.parametrize("kind", ["reset", "empty", "timeout"])
@pytest.mark.parametrize("when", ["before_commit", "after_commit"])
def test_a_transport_fault_breaks_the_call(
    account: Smartpay, pay: Any, kind: Any, when: Any
) -> None:
    """The order is there only if the fault came after the commit."""
    fault = account.faults.add("create_order", kind, when=when)

    with account.intercept(), pytest.raises(BROKEN):
        pay()

    assert fault.met == 1
    assert len(account.orders) == (when == "after_commit")


def test_an_http_fault_is_answered(account: Smartpay, pay: Any) -> None:
    """With its status and header; the next call is answered as usual."""
    account.faults.add("create_order", "status", status=429, retry_after=3)

    with account.intercept():
        planned, usual = pay(), pay()

    assert planned.status_code == 429
    assert planned.headers["Retry-After"] == "3"
    assert usual.json()["status"] == "succeeded"


@pytest.mark.parametrize("kind", ["half", "broken_json"])
def test_a_cut_body_cannot_be_read(account: Smartpay, pay: Any, kind: Any) -> None:
    """As an incomplete answer, or as JSON that ends in the middle."""
    account.faults.add("create_order", kind, when="after_commit")

    with (
        account.intercept(),
        pytest.raises((*BROKEN, ValueError, requests.exceptions.ChunkedEncodingError)),
    ):
        pay().json()

    assert len(account.orders) == 1
