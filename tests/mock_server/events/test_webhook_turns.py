"""One worker per account at a time, across threads and processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.events.turns import LEASE_MS
from smartpay_mock.kernel.errors import SandboxUsageError

ACCOUNT = "acct_one"


class GatedSender:
    """Sends when it is let."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.sent: list[str] = []

    def __call__(self, post: Any) -> int:
        """Say that a post is under way, and wait."""
        self.entered.set()
        assert self.gate.wait(10)
        self.sent.append(post.headers["Smartpay-Event-Id"])
        return 200


def test_two_processes_do_not_deliver_for_one_account_at_once(world: Any) -> None:
    """While the first is at it the second does nothing; nothing is sent twice."""
    world.endpoint()
    ids = [world.emit()["id"] for _ in range(2)]
    slow = GatedSender()
    first = world.deliverer(holder="first", send=slow)
    second = world.deliverer(holder="second")
    thread = threading.Thread(target=first.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)

    while_busy = second.drain_if_free(ACCOUNT)
    with pytest.raises(SandboxUsageError, match=r"acct_one for 0 s.*try again"):
        second.drain(ACCOUNT, patience_s=0)
    slow.gate.set()
    thread.join(10)
    afterwards = second.drain_if_free(ACCOUNT)

    assert while_busy is None
    assert afterwards == []
    assert slow.sent == ids
    assert world.sender.posts == []


def test_two_processes_that_share_a_file_take_turns(
    open_world: Callable[[str], Any], tmp_path: Path
) -> None:
    """The lease is in the state, so each sees the other's."""
    one, other = (open_world(f"sqlite:///{tmp_path}/state.db") for _ in range(2))
    one.endpoint()
    one.emit()
    slow = GatedSender()
    first = one.deliverer(holder="first", send=slow)
    second = other.deliverer(holder="second")
    thread = threading.Thread(target=first.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)

    while_busy = second.drain_if_free(ACCOUNT)
    slow.gate.set()
    thread.join(10)
    afterwards = second.drain_if_free(ACCOUNT)

    assert while_busy is None
    assert afterwards == []
    assert len(slow.sent) == 1


def test_a_drain_waits_until_the_other_thread_is_done(world: Any) -> None:
    """When it returns, all that was due has been sent."""
    world.endpoint()
    world.emit()
    slow = GatedSender()
    deliverer = world.deliverer(send=slow)
    thread = threading.Thread(target=deliverer.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)
    threading.Timer(0.01, slow.gate.set).start()

    outcomes = deliverer.drain(ACCOUNT)
    thread.join(10)

    assert outcomes == []
    assert len(slow.sent) == 1


def test_accounts_do_not_wait_for_each_other(world: Any) -> None:
    """A receiver that hangs holds up nobody else."""
    world.endpoint()
    world.emit()
    slow = GatedSender()
    deliverer = world.deliverer(send=slow)
    thread = threading.Thread(target=deliverer.drain, args=(ACCOUNT,))
    thread.start()
    assert slow.entered.wait(10)

    other = deliverer.drain_if_free("acct_two")
    slow.gate.set()
    thread.join(10)

    assert other == []


def test_a_dead_process_loses_its_turn_when_the_lease_runs_out(world: Any) -> None:
    """Nobody has to clean up after it."""
    world.endpoint()
    world.emit()
    world.store.lease(
        f"webhooks/{ACCOUNT}",
        "dead",
        until_ms=world.now + LEASE_MS,
        now_ms=world.now,
    )
    deliverer = world.deliverer()

    before = deliverer.drain_if_free(ACCOUNT)
    world.now += LEASE_MS
    after = deliverer.drain_if_free(ACCOUNT)

    assert before is None
    assert after is not None
    assert [outcome.state for outcome in after] == ["delivered"]


def test_who_lost_its_turn_stops_after_the_attempt_under_way(world: Any) -> None:
    """A process that slept too long does not go on beside its successor."""
    world.endpoint()
    for _ in range(2):
        world.emit()

    def sleep_too_long(post: Any) -> int:
        world.now += LEASE_MS
        world.store.lease(
            f"webhooks/{ACCOUNT}",
            "successor",
            until_ms=world.now + LEASE_MS,
            now_ms=world.now,
        )
        return int(world.sender(post))

    outcomes = world.deliverer(send=sleep_too_long).drain(ACCOUNT)

    assert len(outcomes) == 1
    assert [each["state"] for each in world.deliveries()] == ["delivered", "pending"]


def test_a_long_drain_keeps_its_turn(world: Any) -> None:
    """The lease is renewed as it goes."""
    world.endpoint()
    for _ in range(5):
        world.emit()

    def take_long(post: Any) -> int:
        world.now += LEASE_MS // 2
        is_taken = world.store.lease(
            f"webhooks/{ACCOUNT}",
            "other",
            until_ms=world.now + LEASE_MS,
            now_ms=world.now,
        )
        assert not is_taken
        return int(world.sender(post))

    outcomes = world.deliverer(send=take_long).drain(ACCOUNT)

    assert len(outcomes) == 5


def test_a_failing_drain_gives_its_turn_back(world: Any) -> None:
    """The next one need not wait for the lease to run out."""
    world.endpoint()
    world.emit()

    def crash(_post: Any) -> int:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.deliverer(holder="first", send=crash).drain(ACCOUNT)
    outcomes = world.deliverer(holder="second").drain_if_free(ACCOUNT)

    assert outcomes is not None
    assert len(outcomes) == 1
