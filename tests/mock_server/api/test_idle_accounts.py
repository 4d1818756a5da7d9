"""Accounts without anything of their own: none is kept for a reader, few in all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

BOUND = 3
HOLD = {"operation": "create_order"}
FAULT = {"operation": "create_order", "kind": "status"}

OWN = {
    "an order": ("create_order", None),
    "a webhook endpoint": (
        "create_webhook_endpoint",
        {"url": "http://127.0.0.1:9/hook"},
    ),
    "a clock": ("/clock", {"freeze": True}),
    "a fault plan": ("/faults", FAULT),
    "a hold": ("/holds", HOLD),
    "a setting": ("/settings", {"strict": True}),
    "a seed": ("/seed", {"seed": 7}),
    "a changed token": ("/tokens/paytok_test_approved", {"status": "disabled"}),
}


def look_at(api: Any, *, times: int = BOUND + 1) -> list[Any]:
    """List the orders of so many new accounts of one emulator."""
    readers = [type(api)(api.app) for _ in range(times)]
    for reader in readers:
        reader.ok("list_orders")
    return readers


def make(api: Any, operation: str, body: Any, payload: Any) -> None:
    """Give an account something of its own."""
    if not operation.startswith("/"):
        api.ok(operation, body or payload())
        return
    method = "PATCH" if operation.startswith(("/settings", "/tokens")) else "POST"
    api.control(method, operation, body)


@pytest.mark.parametrize(
    "path",
    ["/orders", "/state", "/clock", "/requests", "/snapshots", "/webhooks/deliveries"],
)
def test_reading_the_control_plane_creates_no_account(emulate: Any, path: str) -> None:
    """An account that was only looked at is not stored."""
    api = emulate()

    api.control("GET", path)

    assert api.application.store.accounts() == []


def test_idle_accounts_are_bounded(emulate: Any) -> None:
    """Of those that only read, the last ones stay with their journals."""
    api = emulate(idle_accounts=BOUND)

    readers = look_at(api, times=3 * BOUND)

    assert len(api.application.store.accounts()) == BOUND
    assert len(readers[-1].control("GET", "/requests")) == 1


def test_an_endpoint_of_the_settings_is_nothing_of_its_own(emulate: Any) -> None:
    """With ``--webhook``, idle accounts are bounded too."""
    api = emulate(idle_accounts=BOUND, webhook="http://127.0.0.1:9/hook")

    look_at(api, times=3 * BOUND)

    assert len(api.application.store.accounts()) == BOUND


@pytest.mark.parametrize("what", OWN)
def test_an_account_with_something_of_its_own_stays(
    emulate: Any, order_payload: Any, what: str
) -> None:
    """Whatever the account's user made or set is kept, however long it is idle."""
    api = emulate(idle_accounts=BOUND)
    make(api, *OWN[what], order_payload)
    before = api.held()

    look_at(api)

    assert len(api.application.store.accounts()) == BOUND + 1
    assert api.held() == before


def test_a_dropped_account_starts_anew(emulate: Any, order_payload: Any) -> None:
    """It has its seed data again and can be charged."""
    api = emulate(idle_accounts=BOUND)
    api.ok("list_orders")
    look_at(api)

    order = api.ok("create_order", order_payload())

    assert order["status"] == "succeeded"


def test_dropping_loses_no_order_of_simultaneous_calls(
    emulate: Any, order_payload: Any
) -> None:
    """Accounts that are dropped and used at the same time keep what they made."""
    api = emulate(idle_accounts=1)
    accounts = [type(api)(api.app) for _ in range(4)]

    def use(account: Any) -> int:
        for _ in range(20):
            account.ok("list_orders")
        account.ok("create_order", order_payload())
        return len(account.ok("list_orders")["data"])

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(use, accounts))

    assert counts == [1, 1, 1, 1]
