"""What is particular to an SQLite file: it lasts, it is shared, it is checked."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from smartpay_mock.storage import Row, Store, layouts, open_store, sql, sqlite_log
from smartpay_mock.storage.base import StoreError, StoreUnavailable

DEADLINE_S = 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist."""
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """Return an empty store in ``path``."""
    with open_store(f"sqlite:///{path}") as opened:
        yield opened


def put_order(store: Store) -> None:
    """Put one order into the account ``a``."""
    with store.write("a") as unit:
        unit.put("order", "o1", b"1", index_key="t1", due=5, attachment=b"+")


def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    """With every column, the numbering and the leases."""
    with open_store(f"sqlite:///{path}") as first:
        put_order(first)
        first.lease("deliver", "one", until_ms=100, now_ms=0)

    with open_store(f"sqlite:///{path}") as second, second.write("a") as unit:
        unit.put("order", "o2", b"2")
        rows = unit.page("order", limit=9)

    assert rows[1] == Row(1, "o1", b"1", b"+", "t1", 5)
    assert rows[0].seq == 2
    with open_store(f"sqlite:///{path}") as third:
        assert not third.lease("deliver", "two", until_ms=100, now_ms=0)


def test_closing_leaves_one_file(path: Path, store: Store) -> None:
    """The log is worked in and removed; every connection of every thread is closed."""
    put_order(store)
    thread = threading.Thread(target=put_order, args=[store])
    with store.read("b"):
        thread.start()
        thread.join(DEADLINE_S)

    store.close()

    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("setting", "syncs"),
    [("", 1), ("?synchronous=full", 1), ("?synchronous=normal", 0)],
)
def test_a_unit_is_on_the_disk_before_it_ends(
    path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, syncs: int
) -> None:
    """One wait for the disk for each unit that wrote, after its commit."""
    committed: list[list[str]] = []
    with open_store(f"sqlite:///{path}{setting}") as store:

        def sync(descriptor: int) -> None:
            assert os.fstat(descriptor).st_ino == os.stat(f"{path}-wal").st_ino
            committed.append(store.accounts())

        monkeypatch.setattr(sqlite_log, "_sync", sync)

        put_order(store)
        with store.write("a") as unit:
            unit.get("order", "o1")

    assert committed == [["a"]] * syncs


def test_one_wait_for_the_disk_serves_all_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units that ended while another one waited share the next wait."""
    syncs: list[None] = []
    first_waits, may_go_on = threading.Event(), threading.Event()

    def sync(_: int) -> None:
        syncs.append(None)
        if len(syncs) == 1:
            first_waits.set()
            assert may_go_on.wait(DEADLINE_S)

    monkeypatch.setattr(sqlite_log, "_sync", sync)
    threads = [threading.Thread(target=put_order, args=[store]) for _ in range(5)]

    threads[0].start()
    assert first_waits.wait(DEADLINE_S)
    for thread in threads[1:]:
        thread.start()
    while store._log._committed < 5:  # type: ignore[attr-defined] # to let all of them commit
        assert any(thread.is_alive() for thread in threads)
    may_go_on.set()
    for thread in threads:
        thread.join(DEADLINE_S)

    assert len(syncs) == 2


def test_a_unit_that_does_not_end_is_named(path: Path) -> None:
    """Another process's on the same account: after ``busy_ms`` the wait is over."""
    url = f"sqlite:///{path}?busy_ms=20"
    with open_store(url) as store, open_store(url) as other:
        with (
            other.write("a"),
            pytest.raises(StoreUnavailable, match=r"within 20 ms.*\?busy_ms="),
            store.write("a"),
        ):
            pass

        put_order(store)

        assert other.accounts() == ["a"]


def test_writes_that_do_not_end_are_named(path: Path) -> None:
    """SQLite's own lock, taken by a unit whose writes went out already."""
    url = f"sqlite:///{path}?busy_ms=20"
    with open_store(url) as store, open_store(url) as other:
        with other.write("b") as unit:
            unit.put("order", "o1", b"")
            unit.page("order", limit=1)
            with pytest.raises(StoreUnavailable, match=r"\?busy_ms="):
                put_order(store)

        put_order(store)

        assert store.accounts() == ["a", "b"]


def test_a_unit_that_is_held_keeps_no_other_account_waiting(path: Path) -> None:
    """Neither in its process nor in another one, until its writes go out."""
    url = f"sqlite:///{path}?busy_ms=50"
    with open_store(url) as store, open_store(url) as other:
        with store.write("held") as unit:
            unit.put("order", "o1", b"")
            unit.due("timer", until=9, limit=9)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(put_order, store).result(DEADLINE_S)
            put_order(other)

        assert store.accounts() == ["a", "held"]


def test_a_store_that_closes_leaves_the_turns_of_others_alone(path: Path) -> None:
    """Two stores on one file in one process do not give each other's locks away."""
    url = f"sqlite:///{path}?busy_ms=20"
    with open_store(url) as store, open_store(url) as second:
        with store.write("a"):
            open_store(url).close()
            with pytest.raises(StoreUnavailable), second.write("a"):
                pass

        put_order(second)


def test_in_memory_a_reader_waits_for_the_writer() -> None:
    """There is one connection; the wait ends with the same clear error."""
    failures: list[StoreError] = []
    with open_store("sqlite://?busy_ms=20") as store:

        def read() -> None:
            with pytest.raises(StoreUnavailable) as caught, store.read("a"):
                pass
            failures.append(caught.value)

        thread = threading.Thread(target=read)
        with store.write("a"):
            thread.start()
            thread.join(DEADLINE_S)

    assert "busy" in str(failures[0])


def make_version_1(path: Path) -> None:
    """Write the file that the first layout would have."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in layouts.statements(version=0, until=1, dialect=layouts.SQLITE):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                ("a", "order", "o2", 2, "t1", 7, b"2", b"+"),
                ("a", "order", "o4", 4, None, None, b"4", None),
                ("a", "token", "t1", 1, None, None, b"t", None),
                ("b", "webhook_endpoint", "w", 9, None, None, b"w", None),
            ],
        )
        connection.execute(f"PRAGMA application_id = {layouts.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")


def test_an_older_file_is_migrated(path: Path) -> None:
    """Its documents are there, counted, and numbering goes on where it was."""
    make_version_1(path)

    with open_store(f"sqlite:///{path}") as store:
        with store.write("a") as unit:
            unit.put("order", "o5", b"5")
            rows = unit.page("order", limit=9)
            counts = [unit.count(kind) for kind in unit.kinds()]
        accounts = store.accounts()
        with store.read("b") as unit:
            of_b = list(unit.dump())

    assert [(row.seq, row.id) for row in rows] == [(5, "o5"), (4, "o4"), (2, "o2")]
    assert rows[2] == Row(2, "o2", b"2", b"+", "t1", 7)
    assert (counts, accounts) == ([3, 1], ["a", "b"])
    assert of_b == [("webhook_endpoint", Row(9, "w", b"w", None, None, None))]


def test_a_migrated_file_has_the_tables_of_a_new_one(path: Path) -> None:
    """Table by table and index by index."""
    make_version_1(path)
    new = path.with_name("new.db")
    for file in (path, new):
        open_store(f"sqlite:///{file}").close()

    tables = []
    for file in (path, new):
        with closing(sqlite3.connect(file)) as connection:
            listing = "SELECT name, sql FROM sqlite_master ORDER BY name"
            tables.append(connection.execute(listing).fetchall())

    assert tables[0] == tables[1]


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps are one transaction; the file opens again with a version that works."""
    make_version_1(path)
    broken = (*layouts.STEPS, ("CREATE TABLE one (x)", "CREATE TABLE one (x)"))

    with monkeypatch.context() as patch:
        patch.setattr(layouts, "STEPS", broken)
        patch.setattr(layouts, "CURRENT", 3)
        with pytest.raises(StoreError, match="already exists"):
            open_store(f"sqlite:///{path}")

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    with open_store(f"sqlite:///{path}") as store:
        assert store.accounts() == ["a", "b"]


def test_a_newer_file_is_refused(path: Path) -> None:
    """With its layout, ours, and what to do; it is not touched."""
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"state\.db.*layout 99; .*up to 2.*Upgrade"):
        open_store(f"sqlite:///{path}")

    assert path.read_bytes() == before


def test_another_program_s_database_is_refused(path: Path) -> None:
    """Tables that are not ours are left alone, also when they have our version."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE documents (x)")
        connection.execute(f"PRAGMA user_version = {layouts.CURRENT}")
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"state\.db is a database of another program"):
        open_store(f"sqlite:///{path}")

    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    """A text file stays a text file."""
    path.write_text("dear diary, " * 100, encoding="utf-8")

    with pytest.raises(StoreError, match=r"state\.db is not an SQLite database"):
        open_store(f"sqlite:///{path}")

    assert path.read_text(encoding="utf-8").startswith("dear diary")


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """As ``mktemp`` makes them."""
    path.touch()

    with open_store(f"sqlite:///{path}") as store:
        put_order(store)

        assert store.accounts() == ["a"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """It is not created behind the user's back: the path may be a typing error."""
    with pytest.raises(StoreError, match=r"the folder .*/no/such does not exist"):
        open_store(f"sqlite:///{tmp_path}/no/such/state.db")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """Naming a folder is told so."""
    with pytest.raises(StoreError, match=r"is a folder\. Name a file in it"):
        open_store(f"sqlite:///{tmp_path}")


def test_a_place_that_cannot_be_written_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason the system has; who is root has none, so it is played."""
    monkeypatch.setattr(os, "access", lambda place, _: place != path.parent)

    with pytest.raises(StoreError, match=r"cannot be written\. Change its permissions"):
        open_store(f"sqlite:///{path}")


def test_a_full_disk_rolls_the_unit_back(store: Store) -> None:
    """The unit fails with the file's name, and the store goes on."""
    put_order(store)
    connection = store.connections._idle[-1]  # type: ignore[attr-defined] # to play a full disk
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")

    with (
        pytest.raises(StoreError, match=r"state\.db: .*full"),
        store.write("a") as unit,
    ):
        unit.put("order", "o2", bytes(100_000))

    connection.execute("PRAGMA max_page_count = 1000000")
    put_order(store)
    with store.read("a") as unit:
        assert unit.count("order") == 1


PLANS = {
    "ROW": ("documents_by_id", ("a", "order", "o1")),
    "PAGE": ("documents_by_seq", ("a", "order", 9, 9)),
    "OWNED": ("documents_by_owner", ("a", "order", "t1", 9, 9)),
    "COUNT_OWNED": ("documents_by_owner", ("a", "order", "t1")),
    "DUE": ("documents_by_due", ("a", "order", 9, 9)),
    "NEXT_DUE": ("documents_by_due", ("a", "order")),
    "AFTER": ("documents_by_seq", ("a", "order", 9, 9)),
    "SEQ_IN_USE": ("documents_by_seq", ("a", "order", 9)),
    "DELETE": ("documents_by_id", ("a", "order", "o1")),
    "TRIM": ("documents_by_seq", ("a", "order", "a", "order", 9)),
    "CLEAR": ("documents_by_", ("a",)),
    "LOCATE": ("documents_by_id", ("o1", "order")),
    "DUE_ACCOUNTS": ("documents_by_due_ever", ("order", 9)),
    "NUMBERS": ("sqlite_autoindex_accounts_1", ("a",)),
}


@pytest.mark.parametrize("statement", PLANS)
def test_every_question_uses_its_index(store: Store, statement: str) -> None:
    """No plan reads a whole table, and no page is sorted."""
    index, values = PLANS[statement]
    put_order(store)
    connection = store.connections._idle[-1]  # type: ignore[attr-defined] # to ask for its plans

    plan = " / ".join(
        row[3]
        for row in connection.execute(
            f"EXPLAIN QUERY PLAN {getattr(sql, statement)}", values
        )
    )

    assert index in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def test_every_statement_has_a_plan_that_is_tested() -> None:
    """A new question cannot come without an index."""
    asking = {
        name
        for name, text in vars(sql).items()
        if name.isupper() and not name.startswith("_") and " WHERE " in text
    }

    untested = asking - set(PLANS) - {"LEASE", "RELEASE", "ACCOUNTS", "DROP_NUMBERS"}

    assert not untested
