"""What the kit's tests start from. Each test tells its own story of calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.receiver import PATIENCE_S, Receiver
from smartpay_contracts.shop import Shop
from smartpay_contracts.target import Target, fresh_key
from smartpay_contracts.validation import Validator

JUDGE = "smartpay-contracts-judge"
SWITCH = "inactive_token"
SETTLED_S = 3.0
"""How long what the emulator has delivered may take to be seen, in seconds."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and who judges the tests that carry it."""
    config.addinivalue_line(
        "markers", "clause(id, ...): the clauses of the contract that a test checks."
    )
    if not config.pluginmanager.has_plugin(JUDGE):
        config.pluginmanager.register(Validator(config), JUDGE)


@pytest.fixture(scope="session")
def validator(pytestconfig: pytest.Config) -> Validator:
    """Return who judges, which also knows the server."""
    plugin = pytestconfig.pluginmanager.get_plugin(JUDGE)
    assert isinstance(plugin, Validator)
    return plugin


@pytest.fixture(scope="session")
def target(validator: Validator) -> Target:
    """Return the server under test."""
    return validator.target


@pytest.fixture(scope="session")
def checks(target: Target) -> Checks:
    """Return how to look at answers, as strict as the server deserves."""
    return Checks(foreign=target.is_foreign)


@pytest.fixture
def api(validator: Validator, target: Target) -> Client:
    """Return a caller with an account of its own where the server allows it."""
    validator.connection.exchanges.clear()
    own = "own accounts" in target.can
    return target.client(
        validator.connection, fresh_key() if own else target.options.secret_key
    )


@pytest.fixture
def shop(api: Client, target: Target, checks: Checks) -> Iterator[Shop]:
    """Return the maker of objects in the test's account; it tidies up."""
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
    """Skip where the emulator is set to refuse what a disabled token is to pay."""
    if not target.is_foreign and _control(api, target).settings()[SWITCH] == "error":
        pytest.skip(f"the emulator is set to refuse disabled tokens: {SWITCH}=error")


@pytest.fixture
def consumer(shop: Shop, target: Target) -> Client:
    """Return a caller logged in as a test consumer, or skip."""
    target.require("consumer")
    return shop.consumer


@pytest.fixture
def other(api: Client, target: Target) -> Client:
    """Return a caller of another account, or skip."""
    target.require("second account")
    return api.with_key(target.options.second_secret_key or fresh_key())


@pytest.fixture
def receiver(api: Client, target: Target) -> Iterator[Receiver]:
    """Return a webhook receiver that the server can reach, or skip."""
    target.require("receiver")
    if target.is_foreign:
        running = Receiver(PATIENCE_S)
    else:
        running = Receiver(SETTLED_S, _control(api, target).drain_webhooks)
    with running:
        yield running


@pytest.fixture
def endpoint(shop: Shop, receiver: Receiver) -> Doc:
    """Return an endpoint of the receiver that gets every event."""
    return shop.endpoint(receiver.url())


def _control(api: Client, target: Target) -> Control:
    assert api.key
    return Control(api.connection, target.root_url, api.key, target.options.admin_token)
