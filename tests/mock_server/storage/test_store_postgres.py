"""What is particular to PostgreSQL: connections break and machines share."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from smartpay_mock.storage import Store, open_store
from smartpay_mock.storage.base import StoreError, StoreNotWritable, StoreUnavailable
from smartpay_mock.storage.postgres import PostgresStore

DEADLINE_S = 20

_schemas = itertools.count(1)


@pytest.fixture
def schema() -> str:
    """Return the name of a schema that does not exist."""
    return f"particular_{next(_schemas)}"


@pytest.fixture
def url(postgresql_server: str, schema: str) -> str:
    """Return the URL of that schema."""
    return f"{postgresql_server}&schema={schema}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store there."""
    with open_store(url) as opened:
        yield opened


@pytest.fixture
def admin(postgresql_server: str) -> Iterator[psycopg.Connection[Any]]:
    """Return a connection of somebody else's."""
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        yield connection


def break_connections(admin: psycopg.Connection[Any]) -> int:
    """Break every connection of ours, as a restarted server would."""
    cursor = admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE application_name = 'smartpay-sandbox'"
    )
    return len(cursor.fetchall())


def put_order(store: Store, account: str = "a") -> None:
    """Put one order."""
    with store.write(account) as unit:
        unit.put("order", "o1", b"1", index_key="t1", due=5, attachment=b"+")


def test_a_connection_that_breaks_in_a_unit_keeps_nothing_of_it(
    store: Store, admin: psycopg.Connection[Any]
) -> None:
    """The unit fails with what to do; the next one works and finds nothing."""

    def lose() -> None:
        with store.write("a") as unit:
            unit.put("order", "o1", b"1")
            unit.count("order")
            assert break_connections(admin) >= 1
            unit.put("order", "o2", b"2")

    with pytest.raises(StoreUnavailable, match=r"cannot be reached.*Idempotency-Key"):
        lose()

    assert store.accounts() == []
    put_order(store)
    assert store.accounts() == ["a"]


def test_connections_that_broke_while_idle_are_not_noticed(
    store: Store, admin: psycopg.Connection[Any]
) -> None:
    """Units after a restart of the server work at the first try, of each kind."""
    put_order(store)

    assert break_connections(admin) >= 1
    put_order(store, "b")
    assert break_connections(admin) >= 1
    accounts = store.accounts()
    assert break_connections(admin) >= 1
    with store.read("a") as unit:
        body = unit.get("order", "o1")

    assert (accounts, body) == (["a", "b"], b"1")


@contextmanager
def frozen(admin: psycopg.Connection[Any]) -> Iterator[None]:
    """Freeze every process of the server that serves us."""
    rows = admin.execute(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'smartpay-sandbox'"
    ).fetchall()
    for (pid,) in rows:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for (pid,) in rows:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("is_begun", [True, False])
def test_a_server_that_is_frozen_costs_no_more_than_a_busy_one(
    url: str, admin: psycopg.Connection[Any], is_begun: bool
) -> None:
    """After ``busy_ms`` the unit fails with the reason; later ones work."""

    def write(store: Store, stack: ExitStack) -> None:
        if not is_begun:
            stack.enter_context(frozen(admin))
        with store.write("a") as unit:
            unit.put("order", "o1", b"1")
            if is_begun:
                stack.enter_context(frozen(admin))
            unit.count("order")

    with open_store(f"{url}&busy_ms=1200") as store:
        put_order(store, "b")
        started = time.monotonic()
        with ExitStack() as stack:
            with pytest.raises(StoreUnavailable, match=r"no answer within 1\.2 s"):
                write(store, stack)
            took = time.monotonic() - started
        accounts = store.accounts()

    assert took < 4
    assert accounts == ["b"]


def test_a_server_that_refuses_connections_is_named_at_once(
    postgresql_server: str, schema: str, tmp_path: Path, admin: psycopg.Connection[Any]
) -> None:
    """The pool would wait for ``busy_ms`` and not tell why; no restart is needed."""
    folder = str(conninfo_to_dict(postgresql_server)["host"])
    link = tmp_path / "server"
    link.symlink_to(folder)
    url = postgresql_server.replace(quote(folder, safe=""), str(link))
    url = url.replace(folder, str(link))
    with open_store(f"{url}&schema={schema}") as store:
        put_order(store, "a")
        link.unlink()
        break_connections(admin)
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"cannot be reached.*No such file"):
            put_order(store, "b")
        took = time.monotonic() - started
        link.symlink_to(folder)
        put_order(store, "c")
        accounts = store.accounts()

    assert took < 4
    assert accounts == ["a", "c"]


def test_an_exception_in_a_unit_is_not_hidden_by_a_broken_connection(
    store: Store, admin: psycopg.Connection[Any]
) -> None:
    """Rolling back what is gone already is no error of its own."""

    def crash() -> None:
        with store.write("a") as unit:
            unit.put("order", "o1", b"1")
            break_connections(admin)
            raise KeyError("the handler's own")

    with pytest.raises(KeyError, match="the handler's own"):
        crash()

    put_order(store)


def test_the_lock_of_a_host_that_is_gone_is_free(
    url: str, admin: psycopg.Connection[Any]
) -> None:
    """When the server has noticed, the account is written by the others."""
    with open_store(url) as gone, open_store(url) as other:
        open_unit = gone.write("a")
        open_unit.__enter__().put("order", "lost", b"")
        break_connections(admin)

        with ThreadPoolExecutor(1) as pool:
            pool.submit(put_order, other).result(DEADLINE_S)

        with pytest.raises(StoreUnavailable):
            open_unit.__exit__(None, None, None)
        assert other.locate("order", "lost") == []


def test_a_pool_that_is_used_up_is_named(url: str) -> None:
    """More units at once than connections: the wait ends with what to allow."""
    with open_store(f"{url}&pool=1&busy_ms=400") as store:
        with (
            ThreadPoolExecutor(1) as pool,
            store.write("a"),
            pytest.raises(StoreUnavailable, match=r"within 400 ms.*\?pool="),
        ):
            pool.submit(store.accounts).result(DEADLINE_S)

        assert store.accounts() == []


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    """The message has host and database, and no password."""
    with pytest.raises(StoreUnavailable, match=r"'shop' at 127.0.0.1:1 ") as caught:
        open_store("postgresql://me:secret@127.0.0.1:1/shop")

    assert "secret" not in str(caught.value)


def test_an_option_nobody_knows_is_refused() -> None:
    """The text of libpq, and the form that works."""
    with pytest.raises(StoreError, match=r"sslmood.*Write\s+postgresql://"):
        open_store("postgresql://localhost/shop?sslmood=bad")


def test_states_in_two_schemas_are_separate(store: Store, url: str) -> None:
    """Not in their documents, and not in their locks."""
    with open_store(f"{url}_too&busy_ms=500") as other:
        with store.write("a") as unit, ThreadPoolExecutor(1) as pool:
            unit.put("order", "here", b"")
            pool.submit(put_order, other).result(DEADLINE_S)

        assert other.locate("order", "here") == []


OLD_TABLES = """
CREATE TABLE documents (
  account TEXT COLLATE "POSIX" NOT NULL, kind TEXT COLLATE "POSIX" NOT NULL,
  id TEXT COLLATE "POSIX" NOT NULL, seq BIGINT NOT NULL, owner TEXT COLLATE "POSIX",
  due BIGINT, body BYTEA NOT NULL, attachment BYTEA);
CREATE UNIQUE INDEX documents_by_id ON documents (id, kind, account);
CREATE UNIQUE INDEX documents_by_seq ON documents (account, kind, seq);
CREATE INDEX documents_by_owner ON documents (account, kind, owner, seq);
CREATE INDEX documents_by_due ON documents (account, kind, due, seq);
CREATE INDEX documents_by_due_ever ON documents (kind, (due + 0), account);
CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT, until_ms BIGINT);
CREATE TABLE accounts (account TEXT PRIMARY KEY, numbers TEXT, documents BIGINT);
"""


def make_version_2(admin: psycopg.Connection[Any], schema: str) -> None:
    """Make the tables that the previous version had."""
    admin.execute(f"CREATE SCHEMA {schema}")
    admin.execute(f"SET search_path = {schema}")
    admin.execute("CREATE TABLE layout (version INTEGER NOT NULL)")
    admin.execute("INSERT INTO layout VALUES (2)")
    admin.execute(OLD_TABLES)
    for row in (
        ("a", "token", "t1", 1, None, None, b"t", None),
        ("a", "order", "o4", 4, None, None, b"4", None),
        ("a", "order", "o2", 2, "t1", 7, b"2", b"+"),
    ):
        admin.execute(
            "INSERT INTO documents VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", row
        )


def test_older_tables_are_migrated(
    admin: psycopg.Connection[Any], schema: str, url: str
) -> None:
    """Documents are there in their order, and new ones come after them."""
    make_version_2(admin, schema)

    with open_store(url) as store, store.write("a") as unit:
        unit.put("order", "o5", b"5")
        rows = unit.page("order", limit=9)
        counts = [unit.count(kind) for kind in unit.kinds()]

    assert [row.id for row in rows] == ["o5", "o4", "o2"]
    assert rows[2][1:] == ("o2", b"2", b"+", "t1", 7)
    assert counts == [3, 1]


def test_newer_tables_are_refused(
    admin: psycopg.Connection[Any], schema: str, url: str
) -> None:
    """With their layout, ours, and what to do."""
    open_store(url).close()
    admin.execute(f"SET search_path = {schema}")
    admin.execute("UPDATE layout SET version = 99")

    with pytest.raises(StoreError, match=r"layout 99; .*up to 3.*Upgrade.*\?schema="):
        open_store(url)


def test_tables_of_another_program_are_refused(
    admin: psycopg.Connection[Any], schema: str, url: str
) -> None:
    """A schema that is in use is left alone."""
    admin.execute(f"CREATE SCHEMA {schema}")
    admin.execute(f"CREATE TABLE {schema}.documents (x INTEGER)")

    with pytest.raises(StoreError, match=r"tables of another program.*\?schema="):
        open_store(url)

    admin.execute(f"SET search_path = {schema}")
    columns = admin.execute("SELECT * FROM documents").description
    assert [column.name for column in columns or ()] == ["x"]


def test_a_user_without_the_right_to_create_gets_a_message(
    admin: psycopg.Connection[Any], url: str, schema: str
) -> None:
    """The text names the schema and the permission."""
    admin.execute(f"CREATE ROLE {schema}_guest LOGIN")

    with pytest.raises(StoreError, match=rf"may create .* in the schema '{schema}'"):
        open_store(f"{url}&user={schema}_guest")


@pytest.mark.parametrize("what", ["SCHEMA {0}", "TABLE {0}.documents"])
def test_lost_tables_are_the_reason_until_they_are_back(
    store: Store, schema: str, admin: psycopg.Connection[Any], what: str
) -> None:
    """Reads, writes and the check fail, and need no new store afterwards."""
    put_order(store)
    lost = what.format(schema)
    admin.execute(f"ALTER {lost} RENAME TO away".encode())

    for use in (store.check, lambda: put_order(store)):
        with pytest.raises(StoreUnavailable, match="lost its tables"):
            use()

    back = lost.replace("documents", "away") if "TABLE" in what else "SCHEMA away"
    name = "documents" if "TABLE" in what else schema
    admin.execute(f"ALTER {back} RENAME TO {name}".encode())
    put_order(store)
    store.check()


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (psycopg.errors.DiskFull, StoreNotWritable, "Free space"),
        (psycopg.errors.ReadOnlySqlTransaction, StoreNotWritable, "primary server"),
        (psycopg.errors.IoError, StoreUnavailable, "Check its disk"),
        (psycopg.errors.DataCorrupted, StoreUnavailable, "restore a backup"),
    ],
)
def test_a_failing_disk_of_the_server_is_the_reason(
    store: PostgresStore, error: type[psycopg.Error], kind: type[StoreError], text: str
) -> None:
    """The message has PostgreSQL's own words, too."""
    found = store.explain(error("could not extend file"))

    assert type(found) is kind
    assert text in str(found)
    assert "could not extend file" in str(found)
