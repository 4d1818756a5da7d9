"""All or nothing, one after the other: units of work on every store."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartpay_mock.kernel.errors import StoreError
from smartpay_mock.storage import Store, Unit, open_store
from smartpay_mock.storage.base import StoreUnavailable, dump

DEADLINE_S = 10


def add_one(store: Store, account: str) -> None:
    """Read the counter of an account and write it one greater."""
    with store.write(account) as unit:
        value = int(unit.get("counter", "c") or b"0")
        unit.put("counter", "c", b"%d" % (value + 1))


def everything(unit: Unit) -> list[object]:
    """Return all that an account has, with the answers of the indexes."""
    kinds = unit.kinds()
    return [
        *dump(unit),
        *(unit.count(kind) for kind in kinds),
        *(unit.next_due(kind) for kind in kinds),
        *(len(unit.page(kind, limit=9, index_key="x")) for kind in kinds),
    ]


def prepare(store: Store) -> list[object]:
    """Fill the account ``a`` and return what it has."""
    with store.write("a") as unit:
        for n in range(5):
            unit.put("order", f"o{n}", b"old", index_key="x", due=n, attachment=b"+")
    with store.read("a") as unit:
        return everything(unit)


def change_everything(unit: Unit, *, divisor: int = 1) -> None:
    """Use every way to write, with reads between them; exit if asked to."""
    unit.put("order", "o0", b"new")
    unit.put("order", "new", b"new", index_key="x", due=1)
    unit.page("order", limit=9, index_key="x")
    unit.delete("order", "o1")
    unit.delete("order", "new")
    unit.put("refund", "r1", b"new")
    unit.trim("order", 2)
    unit.page("order", limit=9)
    unit.clear()
    unit.put("order", "o4", b"new", due=3)
    unit.due("order", until=9 // divisor, limit=9)


def test_an_exception_rolls_everything_back(store: Store) -> None:
    """After it the account has what it had, in every index."""
    before = prepare(store)

    with pytest.raises(ZeroDivisionError), store.write("a") as unit:
        change_everything(unit, divisor=0)

    with store.write("a") as unit:
        assert everything(unit) == before
        unit.put("order", "next", b"")
        assert unit.page("order", limit=1)[0].id == "next"
    assert store.due_accounts("order", 0) == ["a"]


def test_discard_forgets_what_was_written_so_far(store: Store) -> None:
    """What was written after it is kept."""
    before = prepare(store)

    with store.write("a") as unit:
        change_everything(unit)
        unit.discard()
        assert everything(unit) == before
        unit.put("order", "kept", b"kept")
        unit.discard()
        unit.put("order", "really kept", b"kept")

    with store.read("a") as unit:
        assert unit.get("order", "kept") is None
        assert unit.page("order", limit=1)[0].id == "really kept"
        assert unit.count("order") == 6


def test_accounts_do_not_see_each_other(store: Store) -> None:
    """The same kind and id in two accounts are two documents."""
    for account in ("a", "b"):
        with store.write(account) as unit:
            unit.put("order", "o1", account.encode(), index_key="x", due=1)
    with store.write("a") as unit:
        unit.clear()

    with store.read("b") as unit:
        assert unit.page("order", limit=9)[0][1:3] == ("o1", b"b")
        assert len(unit.page("order", limit=9, index_key="x")) == 1
        assert len(unit.due("order", until=9, limit=9)) == 1
    with store.read("a") as unit:
        assert everything(unit) == []


def test_threads_lose_nothing(store: Store) -> None:
    """Sixteen threads that add to one counter: every addition counts."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: add_one(store, "a"), range(160)))

    with store.read("a") as unit:
        assert unit.get("counter", "c") == b"160"


def test_an_id_is_inserted_by_one_of_many(store: Store) -> None:
    """Sixteen threads that look first and then put: one of them finds nothing."""

    def put_once(n: int) -> bool:
        with store.write("a") as unit:
            if unit.get("idempotency", "key") is not None:
                return False
            unit.put("idempotency", "key", b"")
            unit.put("order", f"o{n}", b"")
            return True

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(put_once, range(32)))

    with store.read("a") as unit:
        assert (won.count(True), unit.count("order")) == (1, 1)


def while_writing(store: Store, account: str, act: Callable[[], None]) -> None:
    """Run ``act`` in a thread of its own while a write unit of ``account`` is open."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    with store.write(account) as unit:
        unit.put("order", "uncommitted", b"", due=1)
        unit.page("order", limit=9, index_key="nobody")
        thread.start()
        thread.join(DEADLINE_S)
        is_stuck = thread.is_alive()
    thread.join(DEADLINE_S)
    assert not is_stuck, "the thread waits for the unit of another one"
    if failures:
        raise failures[0]


@pytest.mark.parametrize("store_url", ["memory", "postgresql"], indirect=True)
def test_an_account_does_not_wait_for_another_one(store: Store) -> None:
    """While one account is being written, another can be."""

    def write_another() -> None:
        add_one(store, "b")

    while_writing(store, "a", write_another)

    assert store.locate("counter", "c") == ["b"]


@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
def test_a_reader_sees_only_what_was_committed(store: Store) -> None:
    """While a unit writes, a reader neither waits nor sees its writes."""
    before = prepare(store)
    seen: list[object] = []

    def read() -> None:
        with store.read("a") as unit:
            seen.extend(everything(unit))

    while_writing(store, "a", read)

    assert seen == before
    assert store.locate("order", "uncommitted") == ["a"]


@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
def test_a_reader_sees_one_state(store: Store) -> None:
    """What is committed while a reader is open is not seen by it."""
    prepare(store)

    with ThreadPoolExecutor(1) as pool, store.read("a") as unit:
        first = everything(unit)
        pool.submit(add_one, store, "a").result(DEADLINE_S)
        second = everything(unit)

    assert second == first


@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
def test_a_unit_that_does_not_end_is_named(store_url: str) -> None:
    """Another process's or machine's: after ``busy_ms`` the wait is over."""
    url = f"{store_url}&busy_ms=50"
    with open_store(url) as store, open_store(url) as other:
        with (
            other.write("a"),
            pytest.raises(StoreUnavailable, match=r"within 50 ms.*\?busy_ms="),
            store.write("a"),
        ):
            pass

        add_one(store, "a")

        assert other.accounts() == ["a"]


def test_a_unit_inside_a_unit_is_refused(store: Store) -> None:
    """On every store, since some would wait for themselves; the first one goes on."""
    with store.write("a") as unit:
        unit.put("order", "o1", b"")
        with pytest.raises(StoreError, match="End it first"), store.read("b"):
            pass
        unit.put("order", "o2", b"")

    with store.read("a") as unit:
        assert unit.count("order") == 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.accounts(),
        lambda store: store.locate("order", "o1"),
        lambda store: store.due_accounts("order", 9),
        lambda store: store.lease("deliver", "one", until_ms=1, now_ms=0),
        lambda store: store.release("deliver", "one"),
    ],
)
def test_the_store_is_not_asked_inside_a_unit(
    store: Store, ask: Callable[[Store], object]
) -> None:
    """For the same reason, and on every store so that none comes as a surprise."""
    with store.write("a"), pytest.raises(StoreError, match="End it first"):
        ask(store)

    ask(store)


def test_a_closed_store_refuses_units(store: Store) -> None:
    """With a text that says so; closing twice is harmless."""
    prepare(store)
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"), store.write("a"):
        pass


INCREMENT = """
import sys
from smartpay_mock.storage import open_store
with open_store(sys.argv[1]) as store:
    for _ in range(int(sys.argv[2])):
        with store.write("a") as unit:
            value = int(unit.get("counter", "c") or b"0")
            unit.put("counter", "c", b"%d" % (value + 1))
            unit.put("order", f"{sys.argv[3]} {value}", b"")
"""


@pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
def test_processes_lose_nothing(store_url: str) -> None:
    """Three processes open one new store at once and add to one counter."""
    running = [
        subprocess.Popen([sys.executable, "-c", INCREMENT, store_url, "60", name])
        for name in ("one", "two", "three")
    ]

    codes = [process.wait(2 * DEADLINE_S) for process in running]

    assert codes == [0, 0, 0]
    with open_store(store_url) as store, store.read("a") as unit:
        assert unit.get("counter", "c") == b"180"
        assert unit.count("order") == 180


def test_a_unit_that_outlives_its_store_still_ends(store: Store) -> None:
    """Closing does not break the unit of another thread off."""
    with store.write("a") as unit:
        unit.put("order", "o1", b"1")
        store.close()
        unit.put("order", "o2", b"2")
        found = unit.get("order", "o1")

    assert found == b"1"


def test_what_no_store_could_hold_is_not_there(store: Store) -> None:
    """An id with a NUL, as a client may send one, is an unknown id."""
    with store.write("a") as unit:
        assert unit.get("token", "a\0b") is None
        assert unit.row("token", "\0") is None
        assert not unit.delete("token", "\0")
        unit.put("token", "t1", b"")
    assert store.locate("token", "\0") == []
    assert store.locate("token", "t1") == ["a"]
