"""Documents in PostgreSQL: several processes on several machines share one world.

``postgresql://user@host:5432/database``, with everything libpq knows after ``?``, and

- ``schema=``: where the tables are (``smartpay_sandbox``); made when missing;
- ``pool=``: how many connections a process opens at the most (16);
- ``busy_ms=``: how long to wait for another unit of the same account (10,000 ms).

Units of one account run one after the other, on whatever machine, by an advisory lock
on the account that ends with the transaction; other accounts do not wait. A host that
is cut off in the middle of a unit loses its connection, with it the lock, and nothing
of the unit is kept: host and server notice within ten seconds. (libpq's
``keepalives_idle``, ``keepalives_interval``, ``keepalives_count`` and
``tcp_user_timeout`` in the URL change that, on both sides.)
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from smartpay_mock.storage import sql
from smartpay_mock.storage.base import (
    Closing,
    OpenUnit,
    StoreUnavailable,
    closed,
    second_unit,
)
from smartpay_mock.storage.postgres_database import Connection, PostgresDatabase
from smartpay_mock.storage.postgres_units import (
    PostgresReader,
    PostgresWriter,
    roll_back,
)
from smartpay_mock.storage.sql_postgres import CALLS

SCHEMA = "smartpay_sandbox"
POOL_SIZE = 16
BUSY_MS = 10_000
_AT_ONCE_S = 1.0
_RECONNECT_S = 5.0

# Our own errors say what is wrong, once; the pool would say it for each attempt.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class PostgresStore(Closing):
    """A store in PostgreSQL; ``base.Store`` says what it promises.

    Args:
        conninfo: As libpq takes it, a URL for instance.
        schema: Where the tables are: lower-case letters, digits and ``_``.
        pool_size: How many connections to open at the most, from 1.
        busy_ms: How long to wait for another unit of the same account, in
            milliseconds.

    Raises:
        StoreError: The schema is another program's or was written by a later
            version, or the user may not write there.
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
        self.database = PostgresDatabase(conninfo, schema, busy_ms).settled()
        self.database.migrate()
        self._thread = threading.local()
        # Kinds that units ask the next due time of.
        self.asked: tuple[str, ...] = ()
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            self.database.conninfo,
            min_size=1,
            max_size=pool_size,
            timeout=busy_ms / 1000,
            # Beyond it the pool would pause longer and longer between its attempts.
            reconnect_timeout=_RECONNECT_S,
            configure=self.database.prepare,
            kwargs={"autocommit": True, "cursor_factory": psycopg.ClientCursor},
            name="smartpay-postgresql",
            open=True,
        )

    def write(self, account: str) -> OpenUnit:
        """Open a unit that may write."""
        return PostgresWriter(self, account)

    def read(self, account: str) -> OpenUnit:
        """Open a unit that may not write."""
        return PostgresReader(self, account)

    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""
        return self._names(sql.ACCOUNTS)

    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted."""
        return [] if "\0" in id_ else self._names(sql.LOCATE, id_, kind)

    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""
        return self._names(sql.DUE_ACCOUNTS, kind, until)

    def lease(self, name: str, holder: str, *, until_ms: int, now_ms: int) -> bool:
        """Take or renew a lease; return whether ``holder`` has it now."""
        return self._ask(sql.LEASE, name, holder, until_ms, now_ms)[1] > 0

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if ``holder`` has it."""
        self._ask(sql.RELEASE, name, holder)

    def close(self) -> None:
        """Close every connection; one that is in use is closed when its unit ends."""
        self._pool.close()

    def take(self, begin: Callable[[Connection], None]) -> Connection:
        """Return a connection on which ``begin`` was done, for this thread alone.

        A connection that broke while it was idle (a restarted server) is found out by
        ``begin``. Nothing was done on it yet, so another one is tried, once the pool
        has thrown away all that broke; but not when that took its time to show, as
        with a host that is cut off: the next one would take as long.
        """
        if getattr(self._thread, "is_busy", False):
            raise second_unit()
        started = time.monotonic()
        try:
            connection = self._begun(begin)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            has_waited = time.monotonic() - started > _AT_ONCE_S
            is_final = isinstance(error, psycopg.errors.LockNotAvailable | PoolTimeout)
            if is_final or has_waited:
                raise self._explain(error) from error
            try:
                self._pool.check()
                connection = self._begun(begin)
            except psycopg.Error as second_error:
                raise self._explain(second_error) from second_error
        except psycopg.Error as error:
            raise self._explain(error) from error
        self._thread.is_busy = True
        return connection

    def give_back(self, connection: Connection) -> None:
        """Take back what :meth:`take` gave; an open transaction is rolled back."""
        self._thread.is_busy = False
        try:
            roll_back(connection)
        except psycopg.Error:
            connection.close()
        finally:
            self._pool.putconn(connection)

    def note_asked(self, kind: str) -> None:
        """Note that units ask when documents of a kind are due.

        The next ones get the answer with the round trip that opens them.
        """
        if kind not in self.asked:
            self.asked = (*self.asked, kind)

    def _begun(self, begin: Callable[[Connection], None]) -> Connection:
        if self._pool.closed:
            raise closed(self.name)
        connection = self._pool.getconn()
        try:
            begin(connection)
        except BaseException:
            self.give_back(connection)
            raise
        return connection

    def _explain(self, error: psycopg.Error) -> Exception:
        if isinstance(error, PoolTimeout):
            return StoreUnavailable(
                f"{self.database} gave no connection within {self.database.busy_ms} "
                "ms. Check that the server runs and lets enough clients in, or allow "
                "more connections with ?pool=."
            )
        return self.database.explain(error)

    def _names(self, statement: str, *values: Any) -> list[str]:
        return sorted({str(name) for (name,) in self._ask(statement, *values)[0]})

    def _ask(self, statement: str, *values: Any) -> tuple[list[Any], int]:
        """Return the rows a statement gives, and how many it gave or changed."""
        rows: list[Any] = []
        count = 0

        def ask(connection: Connection) -> None:
            nonlocal rows, count
            cursor = connection.execute(CALLS[statement], values)
            rows = cursor.fetchall() if cursor.description else []
            count = cursor.rowcount

        self.give_back(self.take(ask))
        return rows, count
