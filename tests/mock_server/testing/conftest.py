"""Accounts of an emulator in this process, called directly and over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from smartpay_mock.testing import Smartpay, SmartpayServer
from smartpay_mock.testing.local import LocalEmulator
from smartpay_mock.testing.remote import RemoteEmulator
from smartpay_mock.testing.session import settings_from

Send = Callable[..., requests.Response]


@pytest.fixture(scope="session")
def emulator() -> Iterator[LocalEmulator]:
    """Return one emulator for all tests of this process."""
    emulator = LocalEmulator(settings_from({}))

    yield emulator

    emulator.stop()


@pytest.fixture
def local(emulator: LocalEmulator) -> SmartpayServer:
    """Return accounts called in this process."""
    return SmartpayServer(emulator, salt="")


@pytest.fixture(params=["in-process", "over-http"])
def server(request: pytest.FixtureRequest, emulator: LocalEmulator) -> SmartpayServer:
    """Return accounts called in this process, then the same over HTTP."""
    if request.param == "in-process":
        return SmartpayServer(emulator, salt="")
    return SmartpayServer(RemoteEmulator(emulator.root_url), salt="")


@pytest.fixture
def account(
    request: pytest.FixtureRequest, server: SmartpayServer
) -> Iterator[Smartpay]:
    """Return an account of the test's own."""
    account = server.account(request.node.nodeid)

    yield account

    account.close()


@pytest.fixture
def send(account: Smartpay) -> Send:
    """Return a client of the account: one request, no retry, no session."""

    def send(
        method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> requests.Response:
        headers = {"Authorization": f"Basic {account.secret_key}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        url = account.url + path
        return requests.request(method, url, json=body, headers=headers, timeout=20)

    return send


@pytest.fixture
def pay(account: Smartpay, send: Send) -> Send:
    """Return what creates an order: ``pay(key="k1", amount=500)``."""

    def pay(*, key: str | None = None, **changes: Any) -> requests.Response:
        return send("POST", "/orders", account.payload(**changes), key=key)

    return pay
