"""The worker: delivers as soon as it is told, and keeps its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from smartpay_mock.events.worker import MOST_ERRORS, Worker

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
def start_worker(world: Any) -> Iterator[Callable[..., Worker]]:
    """Return a function that starts a worker, and stop it in the end."""
    running: list[Worker] = []

    def start(send: Any, *, poll_ms: int = LONG_MS) -> Worker:
        worker = Worker(world.deliverer(send=send), poll_ms=poll_ms)
        worker.start()
        running.append(worker)
        return worker

    yield start

    for worker in running:
        worker.stop()


def test_a_notice_has_it_delivered_at_once(
    world: Any, start_worker: Callable[..., Worker]
) -> None:
    """Without waiting for the next look around."""
    world.endpoint()
    send = Signals()
    worker = start_worker(send)
    world.emit()

    worker.notify(ACCOUNT)

    assert send.sent.wait(10)
    worker.stop()
    assert world.deliveries()[0]["state"] == "delivered"
    assert worker.errors == []


def test_what_was_left_over_is_delivered_without_a_notice(
    world: Any, start_worker: Callable[..., Worker]
) -> None:
    """From before a restart, or written by another process."""
    world.endpoint()
    world.emit()
    send = Signals()

    start_worker(send)

    assert send.sent.wait(10)


def test_what_falls_due_by_itself_is_delivered(
    world: Any, start_worker: Callable[..., Worker]
) -> None:
    """The worker looks around now and then, by the account's clock."""
    world.endpoint()
    world.emit()
    world.now -= 1
    send = Signals()
    start_worker(send, poll_ms=1)
    assert not send.sent.is_set()

    world.now += 1

    assert send.sent.wait(10)


def test_an_error_in_a_thread_is_kept_and_the_worker_lives_on(
    world: Any, start_worker: Callable[..., Worker]
) -> None:
    """Whoever stops the worker finds it."""
    world.endpoint()
    world.emit()
    send = Signals(error=RuntimeError("a defect"))
    worker = start_worker(send)
    assert send.sent.wait(10)
    send.sent.clear()

    worker.notify(ACCOUNT)

    assert send.sent.wait(10)
    worker.stop()
    assert [str(error) for error in worker.errors] == ["a defect", "a defect"]


def test_errors_without_end_do_not_fill_the_memory(world: Any) -> None:
    """The first hundred say it all."""
    worker = Worker(world.deliverer())

    for _ in range(MOST_ERRORS + 5):
        worker._keep(RuntimeError())

    assert len(worker.errors) == MOST_ERRORS


def test_a_hanging_receiver_does_not_hold_up_other_accounts(
    world: Any, start_worker: Callable[..., Worker]
) -> None:
    """Another thread serves them."""
    world.endpoint()
    world.emit()
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
    worker.notify("acct_two")

    assert other.wait(10)
    gate.set()


def test_stopping_ends_every_thread_and_may_be_done_twice(
    world: Any, start_worker: Callable[..., Worker]
) -> None:
    """Nothing is left running."""
    before = threading.active_count()
    worker = start_worker(Signals())

    worker.stop()
    worker.stop()

    assert threading.active_count() == before


def test_a_worker_that_never_started_can_be_stopped(world: Any) -> None:
    """As after a failed start of the server."""
    worker = Worker(world.deliverer())

    worker.stop()

    assert worker.errors == []


def test_real_posts_arrive_at_a_real_receiver(world: Any, receiver: Any) -> None:
    """The worker with its own sender, end to end."""
    worker = Worker(
        type(world.deliverer())(
            world.store, clock_of=lambda _account: world.now, holder="one"
        )
    )
    worker.start()
    world.endpoint(url=receiver.url)
    event = world.emit()

    worker.notify(ACCOUNT)

    assert receiver.arrived.wait(10)
    worker.stop()
    assert receiver.requests[0][0]["Smartpay-Event-Id"] == event["id"]
    assert worker.errors == []
