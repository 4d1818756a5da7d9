"""A process that is killed takes nothing with it that was answered."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.client import HTTPException
from typing import Any

import pytest

from smartpay_mock.events.delivery import LEASE_MS, Deliverer
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.ids import account_id

IS_LONG = bool(os.environ.get("SMARTPAY_TEST_LONG"))
KEYS = 4_000 if IS_LONG else 300
KILLED_AFTER = KEYS // 4
DEADLINE_S = 60

ForHost = Callable[[int], Any]


@pytest.mark.parametrize("kind", ["own_cluster", "own_file_cluster"])
def test_a_host_that_is_killed_under_load_leaves_nothing_half_done(
    request: pytest.FixtureRequest, kind: str, key: str
) -> None:
    """The others go on; a client without an answer repeats the key: one order."""
    own_cluster: Any = request.getfixturevalue(kind)
    for server in ("threads", "threads", "granian"):
        own_cluster.add("--server", server)
    victim = own_cluster.hosts[0]
    answered = threading.Semaphore(0)

    def charge(number: int, client_of: ForHost) -> Any:
        try:
            reply = client_of(number).order(idem=f"key-{number}")
        except (OSError, HTTPException):  # the victim's answer is lost
            reply = client_of(number % 2 + 1).order(idem=f"key-{number}")
        answered.release()
        return reply

    def kill() -> None:
        for _ in range(KILLED_AFTER):
            assert answered.acquire(timeout=DEADLINE_S), "the load stopped"
        victim.kill()

    killer = threading.Thread(target=kill, name="killer")
    killer.start()
    replies = own_cluster.each([partial(charge, n) for n in range(KEYS)], key=key)
    killer.join()

    assert {reply.status for reply in replies} == {200}
    orders = {order["id"]: order for order in own_cluster.documents("order", key)}
    paid = [payment["order"] for payment in own_cluster.documents("payment", key)]
    assert {reply.json["id"] for reply in replies} == set(orders) == set(paid)
    assert len(paid) == len(orders) == KEYS
    assert len(own_cluster.documents("idempotency", key)) == KEYS


def test_the_webhooks_of_a_host_that_is_killed_are_anothers_once_its_lease_ran_out(
    own_cluster: Any, key: str, receiver: Any, subscribed: Callable[..., None]
) -> None:
    """Until then nobody delivers for the account; then the rest is delivered."""
    victim = own_cluster.add("--server", "threads")
    subscribed(victim, key)
    receiver.may_answer.clear()  # the victim waits for an answer, and keeps its lease
    with closing(own_cluster.client(0, key)) as client:
        assert client.order().status == 200
    receiver.wait_for(1)
    victim.kill()
    receiver.may_answer.set()
    events = len(own_cluster.documents("event", key))

    with own_cluster.open() as store:
        account = account_id(key)

        def deliverer(later_ms: int) -> Deliverer:
            return Deliverer(
                store,
                clock_of=lambda _: wall_ms(),
                holder=f"heir-{later_ms}",
                wall=lambda: wall_ms() + later_ms,
            )

        too_early = deliverer(0).drain_if_free(account)
        in_time = deliverer(LEASE_MS).drain_if_free(account)

    assert too_early is None
    assert in_time is not None
    assert len(in_time) == events
    assert {outcome["state"] for outcome in in_time} == {"delivered"}
    assert len(receiver.seen) == events


@pytest.mark.skipif(not IS_LONG, reason="waits for a minute: SMARTPAY_TEST_LONG=1")
def test_another_host_takes_over_by_itself(
    own_cluster: Any, key: str, receiver: Any, subscribed: Callable[..., None]
) -> None:
    """A lease is a minute at the longest; the next poll after it finds what is due."""
    victim = own_cluster.add("--server", "threads")
    own_cluster.add("--server", "granian")
    subscribed(victim, key)
    receiver.may_answer.clear()
    with closing(own_cluster.client(0, key)) as client:
        assert client.order().status == 200
    receiver.wait_for(1)
    victim.kill()
    receiver.may_answer.set()

    events = len(own_cluster.documents("event", key))
    for _ in range(2):
        receiver.wait_for(events)

    assert len(receiver.seen) == events


def test_a_worker_process_that_is_killed_is_replaced(
    own_cluster: Any, key: str
) -> None:
    """One ``serve`` of two processes has two again, and loses no order."""
    host = own_cluster.add("--workers", "2")
    port = host.port
    first = children_of(host.process.pid)[-2:]

    os.kill(first[0], 9)

    with closing(own_cluster.client(0, key)) as client:
        made = [answer_of(client, f"key-{number}") for number in range(20)]
    assert host.process.poll() is None
    assert host.port == port
    assert {reply.status for reply in made} == {200}
    assert len(own_cluster.documents("order", key)) == 20


def answer_of(client: Any, name: str) -> Any:
    """Charge, again where the connection was the killed process's."""
    end = time.monotonic() + DEADLINE_S
    while True:
        try:
            return client.order(idem=name)
        except (OSError, HTTPException):
            # The killed process is let go of in moments, its connections with it.
            assert time.monotonic() < end, "nobody answers"


def children_of(pid: int) -> list[int]:
    """Return the processes a process started, in the order it did."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        return [int(child) for child in listed.read().split()]
