"""Documents in an SQLite file: they last, and several processes may share them.

``sqlite:///state.db`` is a path relative to the working directory,
``sqlite:////var/state.db`` an absolute one, ``sqlite://`` a database in memory.

The file is in WAL mode: readers never wait. SQLite lets one unit write at a time in
the whole file, whatever the account. ``?synchronous=`` says what a crash may cost:

=========== ============================================ ==========================
setting     when the machine (not the program) crashes   what a write unit waits for
=========== ============================================ ==========================
``full``    nothing that was answered is lost (default)  the disk
``normal``  the last moments may be lost                 nothing but checkpoints
``off``     the file may be broken                       nothing
=========== ============================================ ==========================

A crash of the program alone loses nothing that was answered with any of them.

With ``full`` the disk is waited for after the commit, outside SQLite's lock: units of
other threads and processes go on meanwhile, and one wait serves all that came before
it. So another unit may see a document a moment before a power cut can no longer undo
it; whoever wrote it is answered only then.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from smartpay_mock.storage import sql
from smartpay_mock.storage.contract import Closing, Key, OpenUnit
from smartpay_mock.storage.errors import closed, second_unit
from smartpay_mock.storage.sqlite_file import SqliteFile
from smartpay_mock.storage.sqlite_units import SqliteReader, SqliteWriter

BUSY_MS = 10_000
"""How long a unit waits for another one that writes, unless told otherwise."""

_sync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have fsync only


class SqliteStore(Closing):
    """A store in an SQLite database; ``contract.Store`` says what it promises.

    Args:
        path: The file, created if it does not exist; ``None`` for one in memory.
        synchronous: ``full``, ``normal`` or ``off``, as above.
        busy_ms: How long to wait for another unit that writes, in milliseconds.

    Raises:
        StoreError: The file cannot be opened, is another program's, or was written
            by a later version.
        StoreUnavailable: Another process did not let go of it in time.
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
        self._thread = threading.local()
        # One unit writes at a time; in memory there is one connection for all.
        self._writing = threading.Lock()
        self._idle: list[sqlite3.Connection] = [self.file.connect()]
        self._is_closed = False
        self._syncing = threading.Lock()
        self._committed = self._synced = 0
        self._log = -1
        if path is not None and synchronous == "full":
            self._log = self._open_log(path)

    def write(self, account: str, *, ahead: Sequence[Key] = ()) -> OpenUnit:
        """Open a unit that may write; ``ahead`` is not needed here."""
        return SqliteWriter(self, account)

    def read(self, account: str, *, ahead: Sequence[Key] = ()) -> OpenUnit:
        """Open a unit that may not write; ``ahead`` is not needed here."""
        return SqliteReader(self, account)

    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""
        return self._names(sql.ACCOUNTS)

    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted."""
        return self._names(sql.LOCATE, id_, kind)

    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""
        return self._names(sql.DUE_ACCOUNTS, kind, until)

    def lease(self, name: str, holder: str, *, until_ms: int, now_ms: int) -> bool:
        """Take or renew a lease; return whether ``holder`` has it now."""
        return self._change(sql.LEASE, name, holder, until_ms, now_ms) > 0

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if ``holder`` has it."""
        self._change(sql.RELEASE, name, holder)

    def close(self) -> None:
        """Close every connection; one that is in use is closed when its unit ends."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()
        with self._syncing:
            if self._log >= 0:
                os.close(self._log)
                self._log = -1

    def take(self, *, is_writing: bool) -> sqlite3.Connection:
        """Return a connection with a transaction open, for this thread alone."""
        if getattr(self._thread, "is_busy", False):
            raise second_unit()
        connection = self._connection(is_writing=is_writing)
        try:
            if is_writing:
                self.file.begin(connection)
            else:
                connection.execute("BEGIN")
        except BaseException:
            self._put_away(connection, is_writing=is_writing)
            raise
        self._thread.is_busy = True
        return connection

    def give_back(self, connection: sqlite3.Connection, *, is_writing: bool) -> None:
        """Take back what :meth:`take` gave; an open transaction is rolled back."""
        self._thread.is_busy = False
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            elif is_writing:
                self._committed += 1
        except sqlite3.Error as error:
            raise self.file.explain(error) from error
        finally:
            self._put_away(connection, is_writing=is_writing)

    def make_durable(self) -> None:
        """Wait until everything committed so far would survive a power cut."""
        if self._log < 0:
            return
        mine = self._committed
        with self._syncing:
            if self._synced >= mine or self._log < 0:
                return
            reached = self._committed
            try:
                _sync(self._log)
            except OSError as error:
                raise self.file.explain(sqlite3.OperationalError(str(error))) from error
            self._synced = reached

    def _open_log(self, path: Path) -> int:
        """Open the write-ahead log, to sync it.

        It is the same file for as long as a connection is open, and one always is.
        SQLite keeps no POSIX lock on it that closing our descriptor could drop.
        """
        connection = self._idle[0]
        connection.execute(sql.ACCOUNTS).fetchall()  # creates the log
        return os.open(f"{path}-wal", os.O_RDWR | getattr(os, "O_CLOEXEC", 0))

    def _connection(self, *, is_writing: bool) -> sqlite3.Connection:
        needs_turn = self._needs_turn(is_writing=is_writing)
        if needs_turn and not self._writing.acquire(timeout=self.file.busy_ms / 1000):
            raise self.file.busy()
        try:
            return self._idle_connection()
        except BaseException:
            if needs_turn:
                self._writing.release()
            raise

    def _idle_connection(self) -> sqlite3.Connection:
        if self._is_closed:
            raise closed(self.name)
        try:
            return self._idle.pop()
        except IndexError:
            return self.file.connect()

    def _put_away(self, connection: sqlite3.Connection, *, is_writing: bool) -> None:
        if self._is_closed:
            connection.close()
        else:
            self._idle.append(connection)
        if self._needs_turn(is_writing=is_writing):
            self._writing.release()

    def _needs_turn(self, *, is_writing: bool) -> bool:
        return is_writing or self.file.path is None

    def _names(self, statement: str, *values: Any) -> list[str]:
        connection = self.take(is_writing=False)
        try:
            return sorted({name for (name,) in connection.execute(statement, values)})
        except sqlite3.Error as error:
            raise self.file.explain(error) from error
        finally:
            self.give_back(connection, is_writing=False)

    def _change(self, statement: str, *values: Any) -> int:
        connection = self.take(is_writing=True)
        try:
            count = connection.execute(statement, values).rowcount
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self.file.explain(error) from error
        finally:
            self.give_back(connection, is_writing=True)
        return count
