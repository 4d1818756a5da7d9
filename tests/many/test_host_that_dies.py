"""Another process delivers the webhooks of one that is killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from smartpay_mock.events.delivery import LEASE_MS, Deliverer
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.ids import account_id

IS_LONG = bool(os.environ.get("SMARTPAY_TEST_LONG"))


@pytest.fixture
def events(
    own_cluster: Any, key: str, receiver: Any, subscribed: Callable[..., None]
) -> int:
    """Kill a host that waits for a receiver's answer; return the number of events."""
    victim = own_cluster.add("--server", "threads")
    subscribed(victim, key)
    receiver.may_answer.clear()  # the victim waits for it, and keeps its lease
    with closing(own_cluster.client(0, key)) as client:
        assert client.order().status == 200
    receiver.wait_for(1)
    victim.kill()
    receiver.may_answer.set()
    return len(own_cluster.documents("event", key))


def test_the_webhooks_of_a_host_that_is_killed_are_anothers_once_its_lease_ran_out(
    own_cluster: Any, key: str, receiver: Any, events: int
) -> None:
    """Until then nobody delivers for the account; then the rest is delivered."""
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
    own_cluster: Any, receiver: Any, events: int
) -> None:
    """A lease is a minute at the longest; the next poll after it finds what is due."""
    own_cluster.add("--server", "granian")

    receiver.wait_for(events, seconds=2 * LEASE_MS / 1000)

    assert len(receiver.seen) == events
