"""What one unit can keep, find and count: the same on every store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smartpay_mock.kernel.errors import StoreError
from smartpay_mock.storage import Row, Store


def fill(store: Store, count: int, *, index_key: str | None = None) -> None:
    """Put orders ``o1`` to ``o<count>`` into the account ``a``."""
    with store.write("a") as unit:
        for n in range(1, count + 1):
            unit.put("order", f"o{n}", b"%d" % n, index_key=index_key)


def test_what_was_put_is_got(store: Store) -> None:
    """Body and columns come back as they were given."""
    body = "数\0".encode() + bytes(range(256))

    with store.write("a") as unit:
        unit.put("order", "o1", body, index_key="t1", due=5, attachment=b"")

    with store.read("a") as unit:
        assert unit.get("order", "o1") == body
        assert unit.row("order", "o1") == Row(1, "o1", body, b"", "t1", 5)
        assert unit.account == "a"


def test_what_was_never_put_is_none(store: Store) -> None:
    """An unknown id, kind or account is no error."""
    fill(store, 1)

    with store.read("a") as unit:
        assert unit.get("order", "o2") is None
        assert unit.row("refund", "o1") is None
        assert unit.page("refund", limit=5) == []
        assert unit.next_due("order") is None
        assert unit.count("refund") == 0
    with store.read("b") as unit:
        assert unit.get("order", "o1") is None
        assert unit.kinds() == []


def test_a_new_document_has_a_greater_number_than_all_before_it(store: Store) -> None:
    """Also when the newest document, or every document, is gone."""
    fill(store, 3)
    with store.write("a") as unit:
        newest = unit.page("order", limit=1)[0].seq
        assert unit.delete("order", "o3")
    with store.write("a") as unit:
        unit.trim("order", 0)

    with store.write("a") as unit:
        unit.put("refund", "r1", b"")
        unit.put("order", "o3", b"again")

    with store.read("a") as unit:
        refund, order = unit.row("refund", "r1"), unit.row("order", "o3")
        assert refund is not None
        assert order is not None
        assert newest < refund.seq < order.seq
        assert unit.page("order", limit=9) == [order]


def test_pages_do_not_shift_when_documents_are_added(store: Store) -> None:
    """The second page goes on where the first one ended, whatever came meanwhile."""
    fill(store, 5)
    with store.read("a") as unit:
        first = unit.page("order", limit=2)
    with store.write("a") as unit:
        unit.put("order", "o6", b"6")
        unit.delete("order", "o4")

    with store.read("a") as unit:
        second = unit.page("order", limit=2, before=first[-1].seq)
        third = unit.page("order", limit=2, before=second[-1].seq)

    assert [row.id for row in first + second + third] == ["o5", "o4", "o3", "o2", "o1"]


def test_times_of_the_far_past_and_future_are_kept(store: Store) -> None:
    """Milliseconds before 1970 and after 9999 sort like any other."""
    with store.write("a") as unit:
        unit.put("timer", "future", b"", due=253_402_300_800_000)
        unit.put("timer", "past", b"", due=-1)
        unit.put("timer", "epoch", b"", due=0)

    with store.read("a") as unit:
        ids = [row.id for row in unit.due("timer", until=10**15, limit=9)]
        assert ids == ["past", "epoch", "future"]


def test_a_unit_for_reading_refuses_to_write(store: Store) -> None:
    """Each way to write is refused, and the text says what to do."""
    fill(store, 1)

    with store.read("a") as unit:
        writes: list[Callable[[], object]] = [
            lambda: unit.put("order", "o2", b""),
            lambda: unit.delete("order", "o1"),
            lambda: unit.trim("order", 0),
            unit.clear,
        ]
        for write in writes:
            with pytest.raises(StoreError, match=r"Open it with write\(\)"):
                write()
        unit.discard()

        assert unit.count("order") == 1
