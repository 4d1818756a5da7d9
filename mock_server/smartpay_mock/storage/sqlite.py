"""Documents in an SQLite file: they last, and several processes may share them.

``sqlite:///state.db`` is a path relative to the working directory,
``sqlite:////var/state.db`` an absolute one, ``sqlite://`` a database in memory.

The file is in WAL mode: readers never wait. Write units of one account take turns;
those of two accounts wait for each other only while their writes go out, since SQLite
takes one writer at a time. (In memory, and on a system without the locks that
``sqlite_log`` needs, a write unit keeps all others waiting.) A wait ends with an error
after ``?busy_ms=`` milliseconds (10,000).

``?synchronous=`` says what a crash may cost:

=========== ============================================ ==========================
setting     when the machine (not the program) crashes   what a write unit waits for
=========== ============================================ ==========================
``full``    nothing that was answered is lost (default)  the disk
``normal``  the last moments may be lost                 nothing but checkpoints
``off``     the file may be broken                       nothing
=========== ============================================ ==========================

A crash of the program alone loses nothing that was answered with any of them.

With ``full`` the disk is waited for after the commit, outside every lock: other units
go on meanwhile, and one wait serves all that came before it. So another unit may see
a document a moment before a power cut can no longer undo it; whoever wrote it is
answered only then.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smartpay_mock.storage import sql
from smartpay_mock.storage.base import Closing, OpenUnit, second_unit
from smartpay_mock.storage.sqlite_connections import SqliteConnections
from smartpay_mock.storage.sqlite_file import SqliteFile
from smartpay_mock.storage.sqlite_log import CAN_LOCK_ACCOUNTS, SqliteLog
from smartpay_mock.storage.sqlite_units import SqliteReader, SqliteWriter

BUSY_MS = 10_000
"""How long a unit waits for another one, unless told otherwise."""


class SqliteStore(Closing):
    """A store in an SQLite database; ``base.Store`` says what it promises.

    Args:
        path: The file, created if it does not exist; ``None`` for one in memory.
        synchronous: ``full``, ``normal`` or ``off``, as above.
        busy_ms: How long to wait for another unit, in milliseconds.

    Raises:
        StoreError: The file cannot be opened, is another program's, or was written
            by a later version.
        StoreUnavailable: Another process did not let go of it in time.

    Attributes:
        file: The file.
        connections: Those to it.
        is_exclusive: Whether a write unit keeps all others waiting.
    """

    name = "sqlite"

    def __init__(
        self,
        path: Path | None,
        *,
        synchronous: str = "full",
        busy_ms: int = BUSY_MS,
    ) -> None:
        self.file = SqliteFile(path, synchronous != "off", busy_ms)
        self.connections = SqliteConnections(self.file)
        self.is_exclusive = path is None or not CAN_LOCK_ACCOUNTS
        self._thread = threading.local()
        self._turns: dict[str, threading.Lock] = {}
        self._writing = threading.Lock()
        self._log: SqliteLog | None = None
        if path is not None:
            self._ask(sql.ACCOUNTS)  # creates the log
            self._log = SqliteLog(path, is_durable=synchronous == "full")

    def write(self, account: str) -> OpenUnit:
        """Open a unit that may write."""
        return SqliteWriter(self, account)

    def read(self, account: str) -> OpenUnit:
        """Open a unit that may not write."""
        return SqliteReader(self, account)

    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""
        return self._ask(sql.ACCOUNTS)

    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted."""
        return self._ask(sql.LOCATE, id_, kind)

    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""
        return self._ask(sql.DUE_ACCOUNTS, kind, until)

    def lease(self, name: str, holder: str, *, until_ms: int, now_ms: int) -> bool:
        """Take or renew a lease; return whether ``holder`` has it now."""
        return self._change(sql.LEASE, name, holder, until_ms, now_ms) > 0

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if ``holder`` has it."""
        self._change(sql.RELEASE, name, holder)

    def close(self) -> None:
        """Close every connection; one that is in use is closed when its unit ends."""
        if self._log is not None:
            self._log.close()
        self.connections.close()

    def open_thread(self) -> None:
        """Note that this thread has a unit open.

        Raises:
            StoreError: It has one already.
        """
        if getattr(self._thread, "is_busy", False):
            raise second_unit()
        self._thread.is_busy = True

    def close_thread(self) -> None:
        """Note that this thread has no unit open."""
        self._thread.is_busy = False

    def begin_turn(self, account: str) -> None:
        """Wait until no other unit, of whatever process, writes this account.

        Raises:
            StoreUnavailable: ``busy_ms`` passed.
        """
        turn = self._turns.setdefault(account, threading.Lock())
        if not turn.acquire(timeout=self.file.busy_s):
            raise self.file.busy()
        if self._log and not self._log.lock(account, seconds=self.file.busy_s):
            turn.release()
            raise self.file.busy()

    def end_turn(self, account: str) -> None:
        """Let the next unit of the account begin."""
        if self._log:
            self._log.unlock(account)
        self._turns[account].release()

    def begin_writing(self, connection: sqlite3.Connection) -> None:
        """Wait for SQLite's one lock and begin a transaction that writes.

        Raises:
            StoreUnavailable: ``busy_ms`` passed.
        """
        if not self._writing.acquire(timeout=self.file.busy_s):
            raise self.file.busy()
        try:
            self.file.begin(connection)
        except BaseException:
            self._writing.release()
            raise

    def end_writing(self, connection: sqlite3.Connection) -> int:
        """Commit what :meth:`begin_writing` began; return the commit's number."""
        try:
            connection.execute("COMMIT")
            return self._log.committed() if self._log else 0
        except sqlite3.Error as error:
            raise self.file.explain(error) from error

    def stop_writing(self, connection: sqlite3.Connection) -> None:
        """Let another one write, after rolling back what was not committed."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self.file.explain(error) from error
        finally:
            self._writing.release()

    def make_durable(self, number: int) -> None:
        """Wait until the commit ``number`` would survive a power cut."""
        if self._log is None:
            return
        try:
            self._log.make_durable(number)
        except OSError as error:
            raise self.file.explain(sqlite3.OperationalError(str(error))) from error

    def _ask(self, statement: str, *values: Any) -> list[str]:
        """Return the names a statement gives, sorted."""
        self.open_thread()
        try:
            connection = self.connections.take()
            try:
                rows = self.file.ask(connection, statement, values)
            finally:
                self.connections.give_back(connection)
        finally:
            self.close_thread()
        return sorted({name for (name,) in rows})

    def _change(self, statement: str, *values: Any) -> int:
        """Return how many rows a statement changed."""
        self.open_thread()
        try:
            connection = self.connections.take()
            try:
                return self._write(connection, statement, values)
            finally:
                self.connections.give_back(connection)
        except sqlite3.Error as error:
            raise self.file.explain(error) from error
        finally:
            self.close_thread()

    def _write(
        self, connection: sqlite3.Connection, statement: str, values: Sequence[Any]
    ) -> int:
        self.begin_writing(connection)
        try:
            count = connection.execute(statement, values).rowcount
            self.end_writing(connection)
        finally:
            self.stop_writing(connection)
        return count
