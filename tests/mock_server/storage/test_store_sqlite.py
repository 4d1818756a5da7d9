"""What is particular to an SQLite file: it lasts, it is shared, it is checked."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.kernel.waiting import set_on_wait
from smartpay_mock.storage import Store, open_store, sql
from smartpay_mock.storage.base import StoreError, StoreUnavailable, dump

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


def writer(store: Any) -> Any:
    """Return the connection that writes, to ask for its settings and plans."""
    return store._writer


def put_order(store: Store) -> None:
    """Put one order into the account ``a``."""
    with store.write("a") as unit:
        unit.put("order", "o1", b"1", index_key="t1", due=5, attachment=b"+")


def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    """With every column, in its order, and the leases."""
    with open_store(f"sqlite:///{path}") as first:
        put_order(first)
        first.lease("deliver", "one", until_ms=100, now_ms=0)

    with open_store(f"sqlite:///{path}") as second, second.write("a") as unit:
        unit.put("order", "o2", b"2")
        rows = unit.page("order", limit=9)

    assert [row.id for row in rows] == ["o2", "o1"]
    assert rows[1][1:] == ("o1", b"1", b"+", "t1", 5)
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
    ("setting", "level"),
    [("", 2), ("?synchronous=full", 2), ("?synchronous=normal", 1)],
)
def test_sqlite_waits_for_the_disk_as_the_url_says(
    path: Path, setting: str, level: int
) -> None:
    """SQLite's own setting; 2 waits at every commit."""
    with open_store(f"sqlite:///{path}{setting}") as store:
        assert writer(store).query("PRAGMA synchronous") == [(level,)]
        assert writer(store).query("PRAGMA journal_mode") == [("wal",)]


def test_a_thread_that_waits_for_another_one_tells_the_server(path: Path) -> None:
    """Before it waits; the wait ends after ``busy_ms``."""
    waits: list[str] = []

    def write(store: Store) -> None:
        set_on_wait(lambda: waits.append("wait"))
        with pytest.raises(StoreUnavailable, match=r"\?busy_ms="):
            put_order(store)

    with (
        open_store(f"sqlite:///{path}?busy_ms=20") as store,
        store.write("a"),
        ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(write, store).result(DEADLINE_S)

    assert waits == ["wait"]


def test_a_commit_that_waits_for_the_disk_is_reported_first(store: Store) -> None:
    """Once, and only by a unit that wrote something."""
    waits: list[str] = []
    set_on_wait(lambda: waits.append("wait"))
    try:
        store.accounts()
        with store.write("a") as unit:
            unit.count("order")
        assert waits == []
        put_order(store)
        assert waits == ["wait"]
    finally:
        set_on_wait(None)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_is_gone_is_noticed_until_it_is_back(
    path: Path, store: Store, is_replaced: bool
) -> None:
    """Neither reads nor writes succeed: their result would be lost."""
    put_order(store)
    away = path.with_name("away.db")
    path.rename(away)
    if is_replaced:
        path.write_bytes(away.read_bytes())

    for use in (store.accounts, lambda: put_order(store), store.read("a").__enter__):
        with pytest.raises(
            StoreUnavailable, match=r"state\.db was deleted or replaced"
        ):
            use()

    away.replace(path)
    put_order(store)
    assert store.accounts() == ["a"]


def test_a_deleted_file_is_a_new_one_after_a_restart(path: Path, store: Store) -> None:
    """The store that had it open does not bring anything back."""
    put_order(store)
    path.unlink()
    with pytest.raises(StoreUnavailable, match="restart the sandbox"):
        put_order(store)
    store.close()

    with open_store(f"sqlite:///{path}") as restarted:
        assert restarted.accounts() == []
        put_order(restarted)


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


OLD_TABLES = (
    "CREATE TABLE documents ("
    " account TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL,"
    " seq INTEGER NOT NULL, owner TEXT, due INTEGER,"
    " body BLOB NOT NULL, attachment BLOB)",
    "CREATE UNIQUE INDEX documents_by_id ON documents (id, kind, account)",
    "CREATE UNIQUE INDEX documents_by_seq ON documents (account, kind, seq)",
    "CREATE INDEX documents_by_owner ON documents (account, kind, owner, seq)"
    " WHERE owner IS NOT NULL",
    "CREATE INDEX documents_by_due ON documents (account, kind, due, seq)"
    " WHERE due IS NOT NULL",
    "CREATE TABLE leases ("
    " name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_ms INTEGER NOT NULL)",
)
MORE_OF_VERSION_2 = (
    "CREATE TABLE accounts ("
    " account TEXT PRIMARY KEY, numbers TEXT NOT NULL, documents INTEGER NOT NULL)",
    "CREATE INDEX documents_by_due_ever ON documents (kind, due, account)"
    " WHERE due IS NOT NULL",
)
OLD_ROWS = (
    ("a", "token", "t1", 1, None, None, b"t", None),
    ("a", "order", "o4", 4, None, None, b"4", None),
    ("a", "order", "o2", 2, "t1", 7, b"2", b"+"),
    ("b", "webhook_endpoint", "w", 9, None, None, b"w", None),
)


def make_old(path: Path, version: int) -> None:
    """Write the file that an earlier version would have."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in OLD_TABLES + MORE_OF_VERSION_2 * (version - 1):
            connection.execute(statement)
        connection.executemany(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", OLD_ROWS
        )
        connection.execute(f"PRAGMA application_id = {sql.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_file_is_migrated(path: Path, version: int) -> None:
    """Its documents are there in their order, and new ones come after them."""
    make_old(path, version)

    with open_store(f"sqlite:///{path}") as store:
        with store.write("a") as unit:
            unit.put("order", "o5", b"5")
            rows = unit.page("order", limit=9)
        accounts = store.accounts()
        with store.read("b") as unit:
            of_b = [(kind, row[1:]) for kind, row in dump(unit)]

    assert [row.id for row in rows] == ["o5", "o4", "o2"]
    assert rows[2][1:] == ("o2", b"2", b"+", "t1", 7)
    assert accounts == ["a", "b"]
    assert of_b == [("webhook_endpoint", ("w", b"w", None, None, None))]


@pytest.mark.parametrize("version", [1, 2])
def test_a_migrated_file_has_the_tables_of_a_new_one(path: Path, version: int) -> None:
    """Table by table and index by index."""
    make_old(path, version)
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
    """It is one transaction; the file opens again with a version that works."""
    make_old(path, 2)
    statements = sql.migration(2, sql.SQLITE)
    broken = [*statements, "CREATE TABLE one (x)", "CREATE TABLE one (x)"]

    with monkeypatch.context() as patch:
        patch.setattr(sql, "migration", lambda *_: broken)
        with pytest.raises(StoreError, match="already exists"):
            open_store(f"sqlite:///{path}")

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    with open_store(f"sqlite:///{path}") as store:
        assert store.accounts() == ["a", "b"]


def test_a_newer_file_is_refused(path: Path) -> None:
    """With its layout, ours, and what to do; it is not touched."""
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    with pytest.raises(StoreError, match=r"state\.db.*layout 99; .*up to 3.*Upgrade"):
        open_store(f"sqlite:///{path}")

    assert path.read_bytes() == before


def test_what_is_not_ours_is_refused_and_stays(path: Path) -> None:
    """A text file, then a database with tables of another program."""
    path.write_text("dear diary, " * 100, encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"state\.db is not an SQLite database"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before

    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE documents (x)")
        connection.execute(f"PRAGMA user_version = {sql.VERSION}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"state\.db is a database of another program"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("no/such/state.db", r"the folder .*/no/such does not exist"),
        ("", r"is a folder\. Name a file in it"),
    ],
)
def test_a_place_without_a_file_is_named(
    tmp_path: Path, place: str, complaint: str
) -> None:
    """A missing folder is not created: the path may be a typing error."""
    with pytest.raises(StoreError, match=complaint):
        open_store(f"sqlite:///{tmp_path}/{place}")


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    """As ``mktemp`` makes them."""
    path.touch()

    with open_store(f"sqlite:///{path}") as store:
        put_order(store)

        assert store.accounts() == ["a"]


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
    ((pages,),) = writer(store).query("PRAGMA page_count")
    writer(store).query(f"PRAGMA max_page_count = {pages}")

    with (
        pytest.raises(StoreError, match=r"state\.db .*full"),
        store.write("a") as unit,
    ):
        unit.put("order", "o2", bytes(100_000))

    writer(store).query("PRAGMA max_page_count = 1000000")
    put_order(store)
    with store.read("a") as unit:
        assert unit.count("order") == 1


PLANS = {
    "GET": ("documents_by_id", ("a", "order", "o1")),
    "ROW": ("documents_by_id", ("a", "order", "o1")),
    "PAGE": ("documents_by_seq", ("a", "order", 9, 9)),
    "PAGE_WITH_KEY": ("documents_by_key", ("a", "order", "t1", 9, 9)),
    "COUNT": ("documents_by_", ("a", "order")),
    "DUE": ("documents_by_due", ("a", "order", 9, 9)),
    "NEXT_DUE": ("documents_by_due", ("a", "order")),
    "KINDS": ("documents_by_", ("a",)),
    "DELETE": ("documents_by_id", ("a", "order", "o1")),
    "TRIM": ("documents_by_seq", ("a", "order", "a", "order", 9)),
    "CLEAR": ("documents_by_", ("a",)),
    "LOCATE": ("documents_by_id", ("o1", "order")),
    "DUE_ACCOUNTS": ("documents_by_due_account", ("order", 9)),
}


@pytest.mark.parametrize("statement", PLANS)
def test_every_question_uses_its_index(store: Store, statement: str) -> None:
    """No plan reads a whole table, and no page is sorted."""
    index, values = PLANS[statement]
    put_order(store)

    rows = writer(store).query(f"EXPLAIN QUERY PLAN {getattr(sql, statement)}", *values)

    plan = " / ".join(row[3] for row in rows)
    assert index in plan
    assert "SCAN" not in plan
    if statement != "DUE_ACCOUNTS":
        assert "TEMP B-TREE" not in plan


def test_every_statement_has_a_plan_that_is_tested() -> None:
    """A new question cannot come without an index."""
    asking = {
        name
        for name, text in vars(sql).items()
        if name.isupper() and not name.startswith("_") and " WHERE " in str(text)
    }

    assert not asking - set(PLANS) - {"LEASE", "RELEASE"}
