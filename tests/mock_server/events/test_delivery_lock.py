"""The delivery lock: one worker per account, across threads and processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.events.delivery import LEASE_MS
from smartpay_mock.kernel.errors import SandboxUsageError

ACCOUNT = "acct_one"


class BlockedSender:
    """Blocks each request until ``release`` is set."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.release = threading.Event()
        self.sent: list[str] = []

    def __call__(self, post: Any) -> int:
        """Signal that a request has started, wait, and answer 200."""
        self.entered.set()
        assert self.release.wait(10)
        self.sent.append(post.headers["Smartpay-Event-Id"])
        return 200


@contextmanager
def draining(deliverer: Any, sender: BlockedSender) -> Iterator[None]:
    """Run a drain in a thread that is blocked in its first request meanwhile."""
    thread = threading.Thread(target=deliverer.drain, args=(ACCOUNT,))
    thread.start()
    try:
        assert sender.entered.wait(10)
        yield
    finally:
        sender.release.set()
        thread.join(10)


def test_two_processes_do_not_deliver_for_one_account_at_once(account: Any) -> None:
    """Nothing is sent twice."""
    ids = [event["id"] for event in account.make_due(2)]
    slow = BlockedSender()
    second = account.deliverer(holder="second")

    with draining(account.deliverer(holder="first", send=slow), slow):
        while_busy = second.drain_if_free(ACCOUNT)
        with pytest.raises(SandboxUsageError, match=r"acct_one for 0 s.*try again"):
            second.drain(ACCOUNT, timeout_s=0)

    assert while_busy is None
    assert second.drain_if_free(ACCOUNT) == []
    assert slow.sent == ids
    assert account.sender.posts == []


def test_processes_that_share_a_file_exclude_each_other(
    open_account: Callable[[str], Any], tmp_path: Path
) -> None:
    """The lease is in the store."""
    one, other = (open_account(f"sqlite:///{tmp_path}/state.db") for _ in range(2))
    one.endpoint()
    one.publish()
    slow = BlockedSender()
    second = other.deliverer(holder="second")

    with draining(one.deliverer(holder="first", send=slow), slow):
        while_busy = second.drain_if_free(ACCOUNT)

    assert while_busy is None
    assert second.drain_if_free(ACCOUNT) == []
    assert len(slow.sent) == 1


def test_a_drain_waits_for_the_drain_of_another_thread(account: Any) -> None:
    """When it returns, everything due has been sent."""
    account.make_due()
    slow = BlockedSender()
    deliverer = account.deliverer(send=slow)

    with draining(deliverer, slow):
        threading.Timer(0.01, slow.release.set).start()
        outcomes = deliverer.drain(ACCOUNT)

    assert outcomes == []
    assert len(slow.sent) == 1


def take_lease(account: Any, holder: str) -> bool:
    """Take the account's lease for another process; return whether that worked."""
    return bool(
        account.store.lease(
            f"webhooks/{ACCOUNT}",
            holder,
            until_ms=account.now + LEASE_MS,
            now_ms=account.now,
        )
    )


def test_the_lease_of_a_dead_process_expires(account: Any) -> None:
    """No cleanup is needed."""
    account.make_due()
    take_lease(account, "dead")
    deliverer = account.deliverer()

    before = deliverer.drain_if_free(ACCOUNT)
    account.now += LEASE_MS
    after = deliverer.drain_if_free(ACCOUNT)

    assert before is None
    assert after is not None
    assert [outcome["state"] for outcome in after] == ["delivered"]


def test_a_process_without_its_lease_stops_after_the_attempt(account: Any) -> None:
    """It does not continue beside its successor."""
    account.make_due(2)

    def sleep_too_long(post: Any) -> int:
        account.now += LEASE_MS
        take_lease(account, "successor")
        return int(account.sender(post))

    outcomes = account.deliverer(send=sleep_too_long).drain(ACCOUNT)

    assert len(outcomes) == 1
    assert [each["state"] for each in account.deliveries()] == ["delivered", "pending"]


def test_a_long_drain_renews_its_lease(account: Any) -> None:
    """Another process cannot take it."""
    account.make_due(5)

    def take_long(post: Any) -> int:
        account.now += LEASE_MS // 2
        assert not take_lease(account, "other")
        return int(account.sender(post))

    outcomes = account.deliverer(send=take_long).drain(ACCOUNT)

    assert len(outcomes) == 5


def test_a_deliverer_keeps_no_lock_of_an_account(account: Any) -> None:
    """Accounts that had nothing to deliver take no memory afterwards."""
    deliverer = account.deliverer(holder="first")

    for number in range(3):
        deliverer.drain(f"acct_{number}")

    assert not deliverer._locks
