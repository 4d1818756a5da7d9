"""The worker: delivers once it is woken, polls, and keeps exceptions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smartpay_mock.events.worker import Worker

ACCOUNT = "acct_one"
LONG_MS = 3_600_000


class Signals:
    """A sender that signals each request, and raises an error if it is given one."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sent = threading.Event()
        self.error = error

    def __call__(self, _post: Any) -> int:
        """Signal, then answer 200 or fail."""
        self.sent.set()
        if self.error is not None:
            raise self.error
        return 200


@pytest.fixture
def start_worker(account: Any) -> Iterator[Callable[..., Worker]]:
    """Return a function that starts a worker; stop it after the test."""
    running: list[Worker] = []

    def start(send: Any, *, poll_ms: int = LONG_MS) -> Worker:
        worker = Worker(account.deliverer(send=send), poll_ms=poll_ms)
        worker.start()
        running.append(worker)
        return worker

    yield start

    for worker in running:
        worker.stop()


def test_a_woken_worker_delivers_at_once(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """It does not wait for the next poll."""
    account.endpoint()
    send = Signals()
    worker = start_worker(send)
    account.publish()

    worker.wake(ACCOUNT)

    assert send.sent.wait(10)
    worker.stop()
    assert account.deliveries()[0]["state"] == "delivered"
    assert worker.errors == []


def test_earlier_deliveries_are_found_at_start(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """From before a restart, or from another process."""
    account.make_due()
    send = Signals()

    start_worker(send)

    assert send.sent.wait(10)


def test_polling_finds_what_falls_due(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """By the account's clock."""
    account.make_due()
    account.now -= 1
    send = Signals()
    start_worker(send, poll_ms=1)
    assert not send.sent.is_set()

    account.now += 1

    assert send.sent.wait(10)


def test_an_exception_in_a_thread_is_kept(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """The thread continues."""
    account.make_due()
    send = Signals(error=RuntimeError("a defect"))
    worker = start_worker(send)
    assert send.sent.wait(10)
    send.sent.clear()

    worker.wake(ACCOUNT)

    assert send.sent.wait(10)
    worker.stop()
    assert [str(error) for error in worker.errors] == ["a defect", "a defect"]


def test_a_hanging_receiver_does_not_delay_other_accounts(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """Another thread serves them."""
    account.make_due()
    arrived, release, other = threading.Event(), threading.Event(), threading.Event()

    def send(post: Any) -> int:
        if post.headers["Smartpay-Event-Id"] != first["id"]:
            other.set()
            return 200
        arrived.set()
        assert release.wait(10)
        return 200

    (first,) = account.events()
    worker = start_worker(send)
    assert arrived.wait(10)

    account.name = "acct_two"
    account.make_due()
    worker.wake(account.name)

    is_served = other.wait(5)
    release.set()
    assert is_served


def test_stopping_ends_every_thread(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """It may be done twice, or without a start, as when a server fails to start."""
    before = set(threading.enumerate())
    Worker(account.deliverer()).stop()
    worker = start_worker(Signals())

    worker.stop()
    worker.stop()

    assert set(threading.enumerate()) <= before
