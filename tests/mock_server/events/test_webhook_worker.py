"""The worker: delivers as soon as it is told, and keeps its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smartpay_mock.events.worker import MAX_ERRORS, Worker

ACCOUNT = "acct_one"
LONG_MS = 3_600_000


class Signals:
    """A sender that says when it sent."""

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
    """Return a function that starts a worker, and stop it in the end."""
    running: list[Worker] = []

    def start(send: Any, *, poll_ms: int = LONG_MS) -> Worker:
        worker = Worker(account.deliverer(send=send), poll_ms=poll_ms)
        worker.start()
        running.append(worker)
        return worker

    yield start

    for worker in running:
        worker.stop()


def test_a_notice_has_it_delivered_at_once(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """Without waiting for the next look around."""
    account.endpoint()
    send = Signals()
    worker = start_worker(send)
    account.publish()

    worker.wake(ACCOUNT)

    assert send.sent.wait(10)
    worker.stop()
    assert account.deliveries()[0]["state"] == "delivered"
    assert worker.errors == []


def test_what_was_left_over_is_delivered_without_a_notice(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """From before a restart, or written by another process."""
    account.endpoint()
    account.publish()
    send = Signals()

    start_worker(send)

    assert send.sent.wait(10)


def test_what_falls_due_by_itself_is_delivered(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """The worker looks around now and then, by the account's clock."""
    account.endpoint()
    account.publish()
    account.now -= 1
    send = Signals()
    start_worker(send, poll_ms=1)
    assert not send.sent.is_set()

    account.now += 1

    assert send.sent.wait(10)


def test_an_error_in_a_thread_is_kept_and_the_worker_lives_on(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """Whoever stops the worker finds it."""
    account.endpoint()
    account.publish()
    send = Signals(error=RuntimeError("a defect"))
    worker = start_worker(send)
    assert send.sent.wait(10)
    send.sent.clear()

    worker.wake(ACCOUNT)

    assert send.sent.wait(10)
    worker.stop()
    assert [str(error) for error in worker.errors] == ["a defect", "a defect"]


def test_errors_without_end_do_not_fill_the_memory(account: Any) -> None:
    """The first hundred say it all."""
    worker = Worker(account.deliverer())

    for _ in range(MAX_ERRORS + 5):
        worker._add_error(RuntimeError())

    assert len(worker.errors) == MAX_ERRORS


def test_a_hanging_receiver_does_not_hold_up_other_accounts(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """Another thread serves them."""
    account.endpoint()
    account.publish()
    arrived, gate, other = threading.Event(), threading.Event(), threading.Event()

    def send(_post: Any) -> int:
        arrived.set()
        assert gate.wait(10)
        return 200

    worker = start_worker(send)
    assert arrived.wait(10)
    is_due = worker._deliverer.is_due

    def note(account: str) -> bool:
        if account == "acct_two":
            other.set()
        return is_due(account)

    worker._deliverer.is_due = note  # type: ignore[method-assign] # to see it asked
    worker.wake("acct_two")

    assert other.wait(10)
    gate.set()


def test_stopping_ends_every_thread_and_may_be_done_twice(
    account: Any, start_worker: Callable[..., Worker]
) -> None:
    """Nothing is left running."""
    before = set(threading.enumerate())
    worker = start_worker(Signals())

    worker.stop()
    worker.stop()

    assert set(threading.enumerate()) <= before


def test_a_worker_that_never_started_can_be_stopped(account: Any) -> None:
    """As after a failed start of the server."""
    worker = Worker(account.deliverer())

    worker.stop()

    assert worker.errors == []


def test_real_posts_arrive_at_a_real_receiver(account: Any, receiver: Any) -> None:
    """The worker with its own sender, end to end."""
    worker = Worker(
        type(account.deliverer())(
            account.store, clock_of=lambda _account: account.now, holder="one"
        )
    )
    worker.start()
    account.endpoint(url=receiver.url)
    event = account.publish()

    worker.wake(ACCOUNT)

    assert receiver.arrived.wait(10)
    worker.stop()
    assert receiver.requests[0][0]["Smartpay-Event-Id"] == event["id"]
    assert worker.errors == []
