"""What is asked about all accounts, and what moves one: on every store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from smartpay_mock.kernel.waiting import set_on_wait
from smartpay_mock.storage import Store, Unit
from smartpay_mock.storage.base import dump


def test_accounts_are_those_that_have_something(store: Store) -> None:
    """One that was only looked at, was rolled back, or lost everything has nothing."""
    for account in ("b", "a", "cleared", "emptied"):
        with store.write(account) as unit:
            unit.put("order", "o1", b"")
    with store.read("looked at") as unit:
        unit.count("order")
    with store.write("cleared") as unit:
        unit.clear()
    with store.write("emptied") as unit:
        unit.delete("order", "o1")
    with store.write("discarded") as unit:
        unit.put("order", "o1", b"")
        unit.discard()

    accounts = store.accounts()

    assert accounts == ["a", "b"]


def test_a_document_is_located_in_every_account_that_has_it(store: Store) -> None:
    """By kind and id, sorted; nowhere is an empty list."""
    for account in ("b", "a"):
        with store.write(account) as unit:
            unit.put("token", "t1", b"")
    with store.write("c") as unit:
        unit.put("order", "t1", b"")

    assert store.locate("token", "t1") == ["a", "b"]
    assert store.locate("token", "t2") == []


def test_due_accounts_are_those_with_something_due(store: Store) -> None:
    """Whatever was put off, brought forward, deleted or cleared in between."""
    changes: dict[str, Callable[[Unit], object]] = {
        "put off": lambda unit: unit.put("delivery", "d1", b"", due=90),
        "forward": lambda unit: unit.put("delivery", "d2", b"", due=10),
        "deleted": lambda unit: unit.delete("delivery", "d1"),
        "cleared": lambda unit: unit.clear(),
        "trimmed": lambda unit: unit.trim("delivery", 0),
        "unchanged": lambda unit: unit.put("delivery", "d2", b""),
    }
    for account in changes:
        with store.write(account) as unit:
            unit.put("delivery", "d1", b"", due=50)
            unit.put("timer", "t1", b"", due=5)

    for account, change in changes.items():
        with store.write(account) as unit:
            change(unit)

    assert store.due_accounts("delivery", 9) == []
    assert store.due_accounts("delivery", 49) == ["forward"]
    assert store.due_accounts("delivery", 50) == ["forward", "unchanged"]
    assert store.due_accounts("delivery", 90) == ["forward", "put off", "unchanged"]


def test_a_dump_put_elsewhere_is_in_the_same_order(store: Store) -> None:
    """Columns and order are those of the original; numbers need not be."""
    with store.write("a") as unit:
        for n in range(1, 8):
            unit.put("order", f"o{n}", b"\xff%d" % n, index_key=f"t{n % 2}", due=n)
            unit.put("token", f"t{n}", b"{}", attachment=b"+")
        unit.delete("order", "o3")
    with store.read("a") as unit:
        dumped = list(dump(unit))

    with store.write("b") as unit:
        for kind, (_, id_, body, attachment, key, due) in dumped:
            unit.put(kind, id_, body, attachment=attachment, index_key=key, due=due)
        unit.put("order", "o8", b"")

    with store.read("b") as unit:
        again = [(kind, row[1:]) for kind, row in dump(unit) if row.id != "o8"]
        assert again == [(kind, row[1:]) for kind, row in dumped]
        assert unit.page("order", limit=1)[0].id == "o8"


def test_a_lease_has_one_holder_until_it_ends(store: Store) -> None:
    """Another one gets it when it is given back or not renewed in time."""
    assert store.lease("deliver", "one", until_ms=100, now_ms=0)
    assert not store.lease("deliver", "two", until_ms=150, now_ms=50)
    assert store.lease("deliver", "one", until_ms=200, now_ms=99)
    assert not store.lease("deliver", "two", until_ms=300, now_ms=199)
    assert store.lease("deliver", "two", until_ms=300, now_ms=200)
    assert not store.lease("deliver", "one", until_ms=400, now_ms=201)

    store.release("deliver", "one")
    assert not store.lease("deliver", "one", until_ms=400, now_ms=202)

    store.release("deliver", "two")
    assert store.lease("deliver", "one", until_ms=400, now_ms=203)
    assert store.lease("another", "two", until_ms=400, now_ms=203)


def test_a_lease_is_got_by_one_of_many(store: Store) -> None:
    """Sixteen threads ask at once: one holder."""

    def ask(n: int) -> bool:
        return store.lease("deliver", f"holder {n}", until_ms=10, now_ms=0)

    with ThreadPoolExecutor(16) as pool:
        granted = list(pool.map(ask, range(16)))

    assert granted.count(True) == 1


def test_a_write_that_waited_for_a_clear_is_kept(store: Store) -> None:
    """A unit that began to wait before the account was cleared writes into it."""
    waits = threading.Event()

    def write() -> None:
        set_on_wait(waits.set)
        with store.write("a") as unit:
            unit.put("order", "o2", b"")

    with ThreadPoolExecutor(1) as pool:
        with store.write("a") as unit:
            unit.put("order", "o1", b"")
            later = pool.submit(write)
            assert waits.wait(10)
            unit.clear()
        later.result(10)

    assert store.locate("order", "o2") == ["a"]
