"""Several emulators on one store are one: four on PostgreSQL, two on an SQLite file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

IS_LONG = bool(os.environ.get("SMARTPAY_TEST_LONG"))
KEYS = 2_000 if IS_LONG else 80
DUPLICATES = 8
ROUNDS = 200 if IS_LONG else 12

ForHost = Callable[[int], Any]


def test_a_key_makes_one_order_however_many_hosts_get_it(
    cluster: Any, key: str
) -> None:
    """Every caller gets the same answer, and one of them the one that was not kept."""
    count = KEYS if len(cluster.hosts) > 2 else KEYS // 4

    def charge(name: str, host: int, client_of: ForHost) -> Any:
        return client_of(host).order(idem=name)

    jobs = [
        partial(charge, f"key-{number % count}", number + number // count)
        for number in range(count * DUPLICATES)
    ]
    replies = cluster.each(jobs, key=key)

    assert {reply.status for reply in replies} == {200}
    for number in range(count):
        same = replies[number::count]
        assert len({reply.body for reply in same}) == 1
        assert sum(not reply.is_replay for reply in same) == 1
    answered = {reply.json["id"] for reply in replies}
    orders = cluster.documents("order", key)
    assert {order["id"] for order in orders} == answered
    assert len(orders) == len(cluster.documents("payment", key)) == count


def test_a_change_is_published_once_by_any_host(cluster: Any, key: str) -> None:
    """Orders and payments have one event of each kind, whatever was repeated."""
    count = ROUNDS

    def charge(name: str, host: int, client_of: ForHost) -> Any:
        return client_of(host).order(idem=name)

    cluster.each(
        [partial(charge, f"key-{n % count}", n // count) for n in range(4 * count)],
        key=key,
    )

    with closing(cluster.client(1, key)) as client:
        events = client.admin("GET", "/events")
    # The token is one and the same: it is charged once for each order.
    per_change = Counter(
        (event["type"], event["objectId"])
        for event in events
        if not event["type"].startswith("token.")
    )
    assert set(per_change.values()) == {1}
    kinds = Counter(event["type"] for event in events)
    assert kinds["payment.created"] == count, kinds
    assert set(kinds.values()) == {count}
    assert len({event["id"] for event in events}) == len(events)


def test_a_webhook_is_delivered_by_one_process_once(
    cluster: Any, key: str, receiver: Any, subscribed: Callable[..., None]
) -> None:
    """Every host has a worker; leases see to it that one of them delivers."""
    subscribed(cluster.hosts[0], key)

    def charge(host: int, client_of: ForHost) -> Any:
        return client_of(host).order()

    cluster.each([partial(charge, number) for number in range(4 * ROUNDS)], key=key)
    expected = len(cluster.documents("event", key))
    receiver.wait_for(expected)

    with closing(cluster.client(0, key)) as client:
        client.admin("POST", "/webhooks/drain")
        deliveries = client.admin("GET", "/webhooks/deliveries")
    assert expected >= 4 * ROUNDS
    assert set(receiver.seen.values()) == {1}
    assert Counter(one["state"] for one in deliveries) == {"delivered": expected}
    assert {len(one["attempts"]) for one in deliveries} == {1}
