"""Documents in PostgreSQL: processes on several machines share them.

``postgresql://user@host:5432/database``, with everything libpq knows after ``?``, and

- ``schema=``: where the tables are (``smartpay_sandbox``); made when missing;
- ``pool=``: how many connections a process opens at the most (16);
- ``busy_ms=``: how long to wait for another unit of the same account, and for an
  answer of the server (10,000 ms).

Units of one account run one after the other, on whatever machine, by an advisory lock
on the account that ends with the transaction; other accounts do not wait. A host that
is cut off in the middle of a unit loses its connection, with it the lock, and nothing
of the unit is kept: host and server notice within ten seconds. (libpq's
``keepalives_idle``, ``keepalives_interval``, ``keepalives_count`` and
``tcp_user_timeout`` in the URL change that, on both sides.)
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import time
from collections.abc import Iterator
from typing import Any, cast

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from smartpay_mock.kernel.waiting import before_waiting
from smartpay_mock.storage import sql
from smartpay_mock.storage.base import StoreError, StoreNotWritable, StoreUnavailable
from smartpay_mock.storage.watchdog import Watchdog

Connection = psycopg.Connection[tuple[Any, ...]]

SCHEMA = "smartpay_sandbox"
POOL_SIZE = 16
BUSY_MS = 10_000
_AT_ONCE_S = 1.0
_PROBE_AFTER_S = 0.25
_RECONNECT_S = 5.0

_DEFAULTS = {
    "application_name": "smartpay-sandbox",
    "client_encoding": "UTF8",
    # A host that is cut off is noticed within ten seconds, on both sides.
    "connect_timeout": "5",  # s
    "keepalives": "1",
    "keepalives_idle": "4",  # s
    "keepalives_interval": "1",  # s
    "keepalives_count": "4",
    "tcp_user_timeout": "8000",  # ms
}

# The server's setting for the client's in the URL. Keepalives alone would not do: none
# is sent while an answer waits to be acknowledged.
_FOR_THE_SERVER = {
    "tcp_keepalives_idle": "keepalives_idle",
    "tcp_keepalives_interval": "keepalives_interval",
    "tcp_keepalives_count": "keepalives_count",
    "tcp_user_timeout": "tcp_user_timeout",
}

# Errors, and what is wrong and what to do; the first row that fits counts.
_FAILURES: tuple[tuple[tuple[type[psycopg.Error], ...], type[StoreError], str], ...] = (
    (
        (PoolTimeout,),
        StoreUnavailable,
        "{store} gave no connection within {busy_ms} ms. Check that the server runs "
        "and lets enough clients in, or allow more connections with ?pool=.",
    ),
    (
        (errors.LockNotAvailable,),
        StoreUnavailable,
        "{store}: another unit of work on this account did not end within {busy_ms} "
        "ms. End it (a held request holds it), or allow more with ?busy_ms=.",
    ),
    (
        (errors.DiskFull,),
        StoreNotWritable,
        "{store} has no free disk. Free space on its disk. PostgreSQL says: {reason}.",
    ),
    (
        (errors.ReadOnlySqlTransaction,),
        StoreNotWritable,
        "{store} is read-only. Connect to the primary server, or make it writable. "
        "PostgreSQL says: {reason}.",
    ),
    (
        (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn),
        StoreUnavailable,
        "{store} has lost its tables. Restore them, or restart to begin with empty "
        "ones. PostgreSQL says: {reason}.",
    ),
    (
        (errors.IoError, errors.DataCorrupted, errors.IndexCorrupted),
        StoreUnavailable,
        "{store} cannot read or write its files. Check its disk, or restore a backup. "
        "PostgreSQL says: {reason}.",
    ),
    (
        (psycopg.OperationalError, psycopg.InterfaceError),
        StoreUnavailable,
        "{store} cannot be reached: {reason}. Nothing of this unit was kept, unless "
        "the connection broke during its commit. Check that the server runs and "
        "repeat the request with the same Idempotency-Key: it is carried out once.",
    ),
    (
        (psycopg.DataError,),
        StoreError,
        "{store} cannot keep this: {reason}. Use ids and kinds of printable "
        "characters.",
    ),
    (
        (psycopg.Error,),
        StoreError,
        "{store}: {reason}. Check that the user may create and write tables in the "
        "schema {schema!r}.",
    ),
)

_IDLE_MS = 60_000
"""How long a unit may do nothing before the server ends it."""

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Read committed: after the lock was taken, its last holder's writes are visible.
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED; "

# Our own errors say what is wrong, once; the pool would say it for each attempt.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class PostgresStore(sql.SqlStore):
    """A store in PostgreSQL; ``base.Store`` documents its methods.

    Args:
        conninfo: As libpq takes it, a URL for instance.
        schema: Where the tables are: lower-case letters, digits and ``_``.
        pool_size: How many connections to open at the most, from 1.
        busy_ms: How long to wait for another unit of the same account, in
            milliseconds.

    Raises:
        StoreError: The URL is not one that libpq understands, the schema is another
            program's or was written by a later version, or the user may not write
            there.
        StoreUnavailable: The database cannot be reached.
    """

    name = "postgresql"

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = SCHEMA,
        pool_size: int = POOL_SIZE,
        busy_ms: int = BUSY_MS,
    ) -> None:
        super().__init__()
        self._schema = schema
        self._busy_ms = busy_ms
        self._parts = _parts_of(conninfo)
        seconds = min(int(self._parts["connect_timeout"]), busy_ms // 1000)
        self._parts["connect_timeout"] = max(2, seconds)  # libpq takes no less
        self._conninfo = make_conninfo("", **self._parts)
        self._make_tables()
        self._watchdog = Watchdog(busy_ms / 1000)
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            self._conninfo,
            min_size=1,
            max_size=pool_size,
            timeout=busy_ms / 1000,
            # Beyond it the pool would pause longer and longer between its attempts.
            reconnect_timeout=_RECONNECT_S,
            configure=self._prepare,
            kwargs={"autocommit": True, "cursor_factory": self._watchdog.cursors},
            name="smartpay-postgresql",
            open=True,
        )

    def __str__(self) -> str:
        """Name the place, without user and password."""
        parts = self._parts
        host = parts.get("host", "localhost")
        database = parts.get("dbname") or parts.get("user", "")
        return f"PostgreSQL {database!r} at {host}:{parts.get('port', 5432)}"

    def close(self) -> None:
        """Close every connection; one that is in use is closed when its unit ends."""
        self._is_closed = True
        self._pool.close()
        self._watchdog.stop()

    @contextlib.contextmanager
    def _writing(self, account: str | None) -> Iterator[_Session]:
        """Return a transaction that writes; it waits for others of the account."""
        lock = "" if account is None else self._lock(account)
        with self._transaction(f"{_WRITE}{lock}") as session:
            yield session
            session.change("COMMIT")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[_Session]:
        """Return a transaction that sees the state at its beginning."""
        with self._transaction(_READ) as session:
            yield session

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[_Session]:
        connection = self._begun(begin)
        try:
            yield _Session(self, connection)
        finally:
            self._give_back(connection)

    def _lock(self, account: str) -> str:
        """Return the statement that takes an account's lock.

        Two accounts may share a number: then they wait for each other.
        """
        name = f"{self._schema} {account}".encode()
        digest = hashlib.blake2b(name, digest_size=8).digest()
        number = int.from_bytes(digest, signed=True)
        return f"SELECT pg_advisory_xact_lock({number}); "

    def _begun(self, begin: str) -> Connection:
        """Return a connection on which a transaction was begun.

        A connection that broke while it was idle (a restarted server) fails at once.
        Nothing was done on it yet, so another one is tried, once the pool has removed
        all that broke. After a slow failure, as with a host that is cut off, the next
        one would take as long.
        """
        before_waiting()
        started = time.monotonic()
        try:
            try:
                return self._take(begin)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                has_waited = time.monotonic() - started > _AT_ONCE_S
                if has_waited or isinstance(
                    error, errors.LockNotAvailable | PoolTimeout
                ):
                    raise
            self._pool.check()
            return self._take(begin)
        except psycopg.Error as error:
            raise self.explain(error) from error

    def _take(self, begin: str) -> Connection:
        connection = self._from_pool()
        try:
            # Several statements: psycopg must not prepare them.
            connection.execute(begin.encode(), prepare=False)
        except BaseException:
            self._give_back(connection)
            raise
        return connection

    def _from_pool(self) -> Connection:
        """Return a connection; if there is none soon, find out whether one is accepted.

        The pool does not tell why it cannot connect.
        """
        try:
            return self._pool.getconn(min(_PROBE_AFTER_S, self._busy_ms / 1000))
        except PoolTimeout:
            try:
                psycopg.connect(self._conninfo).close()
            except psycopg.OperationalError as error:
                if error.sqlstate is None:  # else a server answered: too many clients
                    raise
            return self._pool.getconn()

    def _give_back(self, connection: Connection) -> None:
        """Give a connection back to the pool; an open transaction is rolled back."""
        try:
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()
        finally:
            self._pool.putconn(connection)

    def _make_tables(self) -> None:
        """Make the tables, or bring them up to the current version.

        Raises:
            StoreError: They are another program's, or of a later version.
            StoreUnavailable: The database cannot be reached.
        """
        try:
            with psycopg.connect(self._conninfo) as connection:
                # Of several processes that start together, one does it.
                connection.execute(
                    "SELECT pg_advisory_xact_lock(%s)", (sql.APPLICATION_ID,)
                )
                self._migrate(connection)
        except psycopg.Error as error:
            raise self.explain(error) from error

    def _migrate(self, connection: Connection) -> None:
        version = self._version(connection)
        if version > sql.VERSION:
            raise StoreError(
                f"The schema {self._schema!r} of {self} was written by a later "
                f"smartpay-sandbox (layout {version}; this one knows up to "
                f"{sql.VERSION}). Upgrade smartpay-sandbox, or choose another "
                "schema with ?schema=."
            )
        if version == sql.VERSION:
            return
        connection.execute(
            "SELECT set_config('search_path', %s, true)", (self._schema,)
        )
        for statement in sql.migration(version, sql.POSTGRESQL):
            connection.execute(statement)
        connection.execute("DELETE FROM layout")
        connection.execute("INSERT INTO layout VALUES (%s)", (sql.VERSION,))

    def _version(self, connection: Connection) -> int:
        """Return the version of our tables, 0 in a schema that was empty."""
        cursor = connection.execute(
            "SELECT c.relname FROM pg_namespace AS n LEFT JOIN pg_class AS c"
            " ON c.relnamespace = n.oid WHERE n.nspname = %s",
            (self._schema,),
        )
        found = {name for (name,) in cursor}
        if not found:
            connection.execute(f"CREATE SCHEMA {self._schema}")
        if "layout" in found:
            query = f"SELECT version FROM {self._schema}.layout"  # noqa: S608 - letters only
            row = connection.execute(query).fetchone()
            return cast("int", row[0]) if row else 0
        if found - {None}:
            raise StoreError(
                f"The schema {self._schema!r} of {self} has tables of another program. "
                "Choose another one with ?schema=."
            )
        connection.execute(
            f"CREATE TABLE {self._schema}.layout (version INTEGER NOT NULL)"
        )
        return 0

    def _prepare(self, connection: Connection) -> None:
        """Set the schema and the timeouts of a new connection."""
        settings = {
            "search_path": self._schema,
            "lock_timeout": f"{self._busy_ms}ms",
            "idle_in_transaction_session_timeout": f"{_IDLE_MS}ms",
            **{name: self._parts[ours] for name, ours in _FOR_THE_SERVER.items()},
        }
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    def explain(self, error: psycopg.Error) -> StoreError:
        """Return the error that says where and what to do."""
        kind, text = next(
            (kind, text) for kinds, kind, text in _FAILURES if isinstance(error, kinds)
        )
        return kind(
            text.format(
                store=self,
                schema=self._schema,
                busy_ms=self._busy_ms,
                reason=_first_line(error),
            )
        )


class _Session(sql.Session):
    errors = psycopg.Error

    def __init__(self, store: PostgresStore, connection: Connection) -> None:
        super().__init__(connection.cursor())
        self._store = store

    def explain(self, error: psycopg.Error) -> StoreError:
        return self._store.explain(error)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return [] if _has_nul(values) else super().query(statement, *values)

    def change(self, statement: str, *values: Any) -> int:
        if statement == sql.DELETE and _has_nul(values):
            return 0
        return super().change(statement, *values)

    def text(self, statement: str) -> bytes:
        return _text(statement)


@functools.cache
def _text(statement: str) -> bytes:
    return statement.replace("?", "%s").encode()


def _has_nul(values: tuple[Any, ...]) -> bool:
    """Return whether there is a text that PostgreSQL cannot hold."""
    return any(isinstance(value, str) and "\0" in value for value in values)


def _parts_of(conninfo: str) -> dict[str, Any]:
    """Return the parts of a URL, with our timeouts where it has none.

    Raises:
        StoreError: It is not one that libpq understands.
    """
    try:
        given = conninfo_to_dict(conninfo)
        own = {name: str(value) for name, value in given.items() if value}
        parts = {**_DEFAULTS, **own}
        make_conninfo("", **parts)  # checks them
    except psycopg.Error as error:
        raise StoreError(
            f"The URL of the store is not understood: {_first_line(error)}. Write "
            "postgresql://user@host:5432/database."
        ) from error
    return parts


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
