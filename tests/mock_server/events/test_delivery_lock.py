"""The delivery lock: one worker per account, across threads and processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
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


def test_two_processes_do_not_deliver_for_one_account_at_once(account: Any) -> None:
    """Nothing is sent twice."""
    account.endpoint()
    ids = [account.publish()["id"] for _ in range(2)]
    slow = BlockedSender()
    first = account.deliverer(holder="first", send=slow)
    second = account.deliverer(holder="second")
    thread = threading.Thread(target=first.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)

    while_busy = second.drain_if_free(ACCOUNT)
    with pytest.raises(SandboxUsageError, match=r"acct_one for 0 s.*try again"):
        second.drain(ACCOUNT, timeout_s=0)
    slow.release.set()
    thread.join(10)
    afterwards = second.drain_if_free(ACCOUNT)

    assert while_busy is None
    assert afterwards == []
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
    first = one.deliverer(holder="first", send=slow)
    second = other.deliverer(holder="second")
    thread = threading.Thread(target=first.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)

    while_busy = second.drain_if_free(ACCOUNT)
    slow.release.set()
    thread.join(10)
    afterwards = second.drain_if_free(ACCOUNT)

    assert while_busy is None
    assert afterwards == []
    assert len(slow.sent) == 1


def test_a_drain_waits_for_the_drain_of_another_thread(account: Any) -> None:
    """When it returns, everything due has been sent."""
    account.endpoint()
    account.publish()
    slow = BlockedSender()
    deliverer = account.deliverer(send=slow)
    thread = threading.Thread(target=deliverer.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)
    threading.Timer(0.01, slow.release.set).start()

    outcomes = deliverer.drain(ACCOUNT)
    thread.join(10)

    assert outcomes == []
    assert len(slow.sent) == 1


def test_accounts_do_not_wait_for_each_other(account: Any) -> None:
    """A receiver that hangs delays its account only."""
    account.endpoint()
    account.publish()
    slow = BlockedSender()
    deliverer = account.deliverer(send=slow)
    thread = threading.Thread(target=deliverer.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)

    other = deliverer.drain_if_free("acct_two")
    slow.release.set()
    thread.join(10)

    assert other == []


def test_the_lease_of_a_dead_process_expires(account: Any) -> None:
    """No cleanup is needed."""
    account.endpoint()
    account.publish()
    account.store.lease(
        f"webhooks/{ACCOUNT}",
        "dead",
        until_ms=account.now + LEASE_MS,
        now_ms=account.now,
    )
    deliverer = account.deliverer()

    before = deliverer.drain_if_free(ACCOUNT)
    account.now += LEASE_MS
    after = deliverer.drain_if_free(ACCOUNT)

    assert before is None
    assert after is not None
    assert [outcome["state"] for outcome in after] == ["delivered"]


def test_a_process_without_its_lease_stops_after_the_attempt(account: Any) -> None:
    """It does not continue beside its successor."""
    account.endpoint()
    for _ in range(2):
        account.publish()

    def sleep_too_long(post: Any) -> int:
        account.now += LEASE_MS
        account.store.lease(
            f"webhooks/{ACCOUNT}",
            "successor",
            until_ms=account.now + LEASE_MS,
            now_ms=account.now,
        )
        return int(account.sender(post))

    outcomes = account.deliverer(send=sleep_too_long).drain(ACCOUNT)

    assert len(outcomes) == 1
    assert [each["state"] for each in account.deliveries()] == ["delivered", "pending"]


def test_a_long_drain_renews_its_lease(account: Any) -> None:
    """Another process cannot take it."""
    account.endpoint()
    for _ in range(5):
        account.publish()

    def take_long(post: Any) -> int:
        account.now += LEASE_MS // 2
        is_taken = account.store.lease(
            f"webhooks/{ACCOUNT}",
            "other",
            until_ms=account.now + LEASE_MS,
            now_ms=account.now,
        )
        assert not is_taken
        return int(account.sender(post))

    outcomes = account.deliverer(send=take_long).drain(ACCOUNT)

    assert len(outcomes) == 5


def test_a_failed_drain_releases_its_lease(account: Any) -> None:
    """The next drain need not wait."""
    account.endpoint()
    account.publish()

    def crash(_post: Any) -> int:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        account.deliverer(holder="first", send=crash).drain(ACCOUNT)
    outcomes = account.deliverer(holder="second").drain_if_free(ACCOUNT)

    assert outcomes is not None
    assert len(outcomes) == 1
