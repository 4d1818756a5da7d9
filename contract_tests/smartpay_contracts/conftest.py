"""The fixtures of the kit's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.receiver import TIMEOUT_S, Receiver
from smartpay_contracts.shop import Shop
from smartpay_contracts.target import Target, fresh_key
from smartpay_contracts.validation import Validator

VALIDATOR = "smartpay-contracts-validator"
SWITCH = "inactive_token"
DELIVERED_S = 3.0
"""How long a delivery of the emulator may take to arrive, in seconds."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker ``clause`` and the validator."""
    config.addinivalue_line(
        "markers", "clause(id, ...): the clauses of the contract that a test checks."
    )
    if not config.pluginmanager.has_plugin(VALIDATOR):
        config.pluginmanager.register(Validator(config), VALIDATOR)


@pytest.fixture(scope="session")
def validator(pytestconfig: pytest.Config) -> Validator:
    """Return the plugin that validates tests and knows the server."""
    plugin = pytestconfig.pluginmanager.get_plugin(VALIDATOR)
    assert isinstance(plugin, Validator)
    return plugin


@pytest.fixture(scope="session")
def target(validator: Validator) -> Target:
    """Return the server under test."""
    return validator.target


@pytest.fixture(scope="session")
def checks(validator: Validator, target: Target) -> Checks:
    """Return the checks of answers."""
    return Checks(foreign=target.is_foreign, noted=validator.noted)


@pytest.fixture
def api(validator: Validator, target: Target) -> Client:
    """Return a client, with an account of its own if the server allows that."""
    validator.connection.exchanges.clear()
    own = "own accounts" in target.can
    return target.client(
        validator.connection, fresh_key() if own else target.options.secret_key
    )


@pytest.fixture
def shop(api: Client, target: Target, checks: Checks) -> Iterator[Shop]:
    """Return the shop that makes objects in the test's account and cleans up."""
    made = Shop(api, target, checks)

    yield made

    if not api.connection.lost:
        made.tidy()


@pytest.fixture
def control(api: Client, target: Target) -> Control:
    """Return the control plane of the test's account, or skip."""
    target.require("control")
    return _control(api, target)


@pytest.fixture
def rejecting_disabled(api: Client, target: Target) -> None:
    """Skip if the emulator is set to refuse orders of a disabled token."""
    if not target.is_foreign and _control(api, target).settings()[SWITCH] == "error":
        pytest.skip(f"the emulator is set to refuse disabled tokens: {SWITCH}=error")


@pytest.fixture
def consumer(shop: Shop, target: Target) -> Client:
    """Return a client logged in as a test consumer, or skip."""
    target.require("consumer")
    return shop.consumer


@pytest.fixture
def other(api: Client, target: Target) -> Client:
    """Return a client of another account, or skip."""
    target.require("second account")
    return api.with_key(target.options.second_secret_key or fresh_key())


@pytest.fixture
def listen(api: Client, target: Target) -> Iterator[Callable[..., Receiver]]:
    """Return what starts a webhook receiver that the server can reach, or skip."""
    target.require("receiver")
    with ExitStack() as running:

        def start(**options: Any) -> Receiver:
            if target.is_foreign:
                receiver = Receiver(TIMEOUT_S, **options)
            else:
                deliver = _control(api, target).drain_webhooks
                receiver = Receiver(DELIVERED_S, deliver, **options)
            return running.enter_context(receiver)

        yield start


@pytest.fixture
def receiver(listen: Callable[..., Receiver]) -> Receiver:
    """Return a running webhook receiver, or skip."""
    return listen()


@pytest.fixture
def endpoint(shop: Shop, receiver: Receiver) -> Doc:
    """Return an endpoint of the receiver that gets every event."""
    return shop.endpoint(receiver.url())


def _control(api: Client, target: Target) -> Control:
    assert api.key
    return Control(api.connection, target.root_url, api.key, target.options.admin_token)
