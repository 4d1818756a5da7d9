"""Emulators in this process, and accounts of them.

``api`` is an account of its own on an app that the whole run shares; ``emulate`` makes
an app with settings of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from tests.mock_server.account import Account, payload

from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store


@pytest.fixture(scope="session")
def shared_app() -> Flask:
    """Return an emulator with its state in memory; every test has its own account."""
    return create_app()


@pytest.fixture
def api(shared_app: Flask) -> Account:
    """Return a fresh account."""
    return Account(shared_app)


@pytest.fixture
def other(shared_app: Flask) -> Account:
    """Return another fresh account of the same emulator."""
    return Account(shared_app)


@pytest.fixture(scope="session")
def new_account() -> type[Account]:
    """Return what makes an account of an app, for fixtures that live longer."""
    return Account


@pytest.fixture
def emulate() -> Iterator[Callable[..., Account]]:
    """Return what makes an emulator with settings and gives a fresh account of it."""
    stores = []

    def make(key: str = "", **settings: Any) -> Account:
        chosen = Settings(**settings)
        store = open_store(chosen.state)
        stores.append(store)
        app = create_app(chosen, store=store)
        return Account(app, key) if key else Account(app)

    yield make
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def order_payload() -> Callable[..., dict[str, Any]]:
    """Return what makes a canonical order payload."""
    return payload
