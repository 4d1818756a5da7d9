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


def test_a_unit_sees_its_own_writes(store: Store) -> None:
    """Every question is answered with what the unit itself wrote, before it ends."""
    with store.write("a") as unit:
        unit.put("order", "o1", b"1", index_key="t1", due=5)
        unit.put("order", "o2", b"2", index_key="t1", due=4)

        assert unit.get("order", "o1") == b"1"
        assert [row.id for row in unit.page("order", limit=9)] == ["o2", "o1"]
        assert [row.id for row in unit.due("order", until=9, limit=9)] == ["o2", "o1"]
        assert unit.next_due("order") == 4
        assert (unit.count("order"), unit.count("order", index_key="t1")) == (2, 2)
        assert unit.kinds() == ["order"]

        unit.put("order", "o1", b"one")
        assert unit.delete("order", "o2")

        assert unit.row("order", "o1") == Row(1, "o1", b"one", None, None, None)
        assert [row.id for row in unit.page("order", limit=9)] == ["o1"]
        assert unit.next_due("order") is None
        assert (unit.count("order"), unit.count("order", index_key="t1")) == (1, 0)


def test_replacing_keeps_the_number_and_replaces_the_columns(store: Store) -> None:
    """``seq`` stays; key, due and attachment are those of the last put."""
    fill(store, 2, index_key="t1")

    with store.write("a") as unit:
        unit.put("order", "o1", b"new", due=7, attachment=b"x")

    with store.read("a") as unit:
        assert unit.row("order", "o1") == Row(1, "o1", b"new", b"x", None, 7)
        assert [row.id for row in unit.page("order", limit=9)] == ["o2", "o1"]
        assert unit.count("order") == 2


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


def test_deleting_says_whether_there_was_one(store: Store) -> None:
    """Also within the unit that put the document, and twice."""
    fill(store, 1)

    with store.write("a") as unit:
        unit.put("order", "o2", b"2")
        answers = [unit.delete("order", id_) for id_ in ("o1", "o1", "o2", "o3")]

    assert answers == [True, False, True, False]
    with store.read("a") as unit:
        assert (unit.kinds(), unit.count("order")) == ([], 0)


def test_putting_what_the_unit_deleted_is_a_new_document(store: Store) -> None:
    """It gets a new number and none of the old columns."""
    fill(store, 2, index_key="t1")

    with store.write("a") as unit:
        unit.delete("order", "o1")
        unit.put("order", "o1", b"back")

    with store.read("a") as unit:
        rows = unit.page("order", limit=9)
        assert [(row.id, row.index_key) for row in rows] == [("o1", None), ("o2", "t1")]


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


def test_a_page_with_a_key_has_only_documents_with_that_key(store: Store) -> None:
    """Newest first, by keyset; a changed key is found as it is now."""
    with store.write("a") as unit:
        for n in range(1, 9):
            unit.put("order", f"o{n}", b"", index_key=f"t{n % 2}")
        unit.put("order", "o8", b"", index_key="t1")

    with store.read("a") as unit:
        newest = unit.page("order", limit=3, index_key="t1")
        rest = unit.page("order", limit=3, index_key="t1", before=newest[-1].seq)
        assert [row.id for row in newest + rest] == ["o8", "o7", "o5", "o3", "o1"]
        assert unit.page("order", limit=3, index_key="t0", before=2) == []
        assert unit.count("order", index_key="t0") == 3
        assert unit.page("order", limit=3, index_key="nobody") == []


def test_due_documents_come_earliest_first(store: Store) -> None:
    """By due time, then by number; ``until`` is inclusive."""
    with store.write("a") as unit:
        for n, due in enumerate([50, 20, 20, 10, None, 60]):
            unit.put("timer", f"t{n}", b"", due=due)

    with store.read("a") as unit:
        ids = [row.id for row in unit.due("timer", until=50, limit=9)]
        assert ids == ["t3", "t1", "t2", "t0"]
        assert [row.id for row in unit.due("timer", until=50, limit=2)] == ["t3", "t1"]
        assert unit.due("timer", until=9, limit=9) == []
        assert unit.next_due("timer") == 10


def test_a_changed_due_time_leaves_nothing_behind(store: Store) -> None:
    """Later, earlier, never and deleted: only the last one counts."""
    with store.write("a") as unit:
        for id_ in ("later", "earlier", "never", "deleted"):
            unit.put("timer", id_, b"", due=50)
    with store.write("a") as unit:
        unit.put("timer", "later", b"", due=70)
        unit.put("timer", "earlier", b"", due=30)
        unit.put("timer", "never", b"")
        unit.delete("timer", "deleted")

    with store.read("a") as unit:
        due = [(row.due, row.id) for row in unit.due("timer", until=99, limit=9)]
        assert due == [(30, "earlier"), (70, "later")]
        assert unit.next_due("timer") == 30


def test_times_of_the_far_past_and_future_are_kept(store: Store) -> None:
    """Milliseconds before 1970 and after 9999 sort like any other."""
    with store.write("a") as unit:
        unit.put("timer", "future", b"", due=253_402_300_800_000)
        unit.put("timer", "past", b"", due=-1)
        unit.put("timer", "epoch", b"", due=0)

    with store.read("a") as unit:
        ids = [row.id for row in unit.due("timer", until=10**15, limit=9)]
        assert ids == ["past", "epoch", "future"]


@pytest.mark.parametrize("keep", [0, 2, 5, 9])
def test_trimming_keeps_the_newest(store: Store, keep: int) -> None:
    """The oldest beyond ``keep`` are gone from every index, in the unit and after."""
    with store.write("a") as unit:
        for n in range(1, 6):
            unit.put("request", f"r{n}", b"", index_key="o", due=n)

    with store.write("a") as unit:
        unit.trim("request", keep)
        seen_inside = [row.id for row in unit.page("request", limit=9)]

    expected = ["r5", "r4", "r3", "r2", "r1"][:keep]
    with store.read("a") as unit:
        assert seen_inside == expected
        assert [row.id for row in unit.page("request", limit=9)] == expected
        assert [
            row.id for row in unit.page("request", limit=9, index_key="o")
        ] == expected
        due = [row.id for row in unit.due("request", until=99, limit=9)]
        assert due == expected[::-1]
        assert unit.count("request") == len(expected)
        assert unit.get("request", "r1") == (b"" if keep >= 5 else None)


def test_what_comes_after_a_trim_stays(store: Store) -> None:
    """A trim cuts what was there when it was called, not what is put later."""
    fill(store, 3)

    with store.write("a") as unit:
        unit.trim("order", 1)
        unit.put("order", "o4", b"4")
        unit.put("order", "o2", b"2")

    with store.read("a") as unit:
        rows = unit.page("order", limit=9)
        assert [row.id for row in rows] == ["o2", "o4", "o3"]


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
