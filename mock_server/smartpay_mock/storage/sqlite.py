"""Documents in an SQLite file: they last, and several processes may share them.

``sqlite:///state.db`` is a path relative to the working directory,
``sqlite:////var/state.db`` an absolute one, ``sqlite://`` a database in memory.

The file is in WAL mode, where readers never wait. SQLite takes one writer at a time:
units that write run one after the other, of whatever account and process. A wait ends
with an error after ``?busy_ms=`` milliseconds (10,000).

``?synchronous=`` is SQLite's own setting:

=========== ============================================ ==========================
setting     when the machine (not the program) crashes   what a write unit waits for
=========== ============================================ ==========================
``full``    nothing that was answered is lost (default)  the disk
``normal``  the last moments may be lost                 nothing but checkpoints
``off``     the file may be broken                       nothing
=========== ============================================ ==========================

A crash of the program alone loses nothing that was answered with any of them.

When the file is deleted or replaced while it is open, every further call fails with
``StoreUnavailable``: what it stored would be lost with the file. Calls succeed again
when the original file is back in its place, or after a restart.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from smartpay_mock.kernel.waiting import before_waiting
from smartpay_mock.storage import sql
from smartpay_mock.storage.base import StoreError, StoreNotWritable, StoreUnavailable

BUSY_MS = 10_000
"""How long a unit waits for another one by default."""

# Errors by the beginning of their names: what is wrong, and what to do.
_DAMAGED = (
    "is not an SQLite database, or is damaged. Restore it, or choose another path"
)
_FAILURES: dict[str, tuple[type[StoreUnavailable], str]] = {
    "SQLITE_FULL": (StoreNotWritable, "cannot grow. Free space on the disk"),
    "SQLITE_READONLY": (StoreNotWritable, "is read-only. Change its permissions"),
    "SQLITE_CORRUPT": (StoreUnavailable, _DAMAGED),
    "SQLITE_NOTADB": (StoreUnavailable, _DAMAGED),
    "SQLITE_IOERR": (StoreUnavailable, "cannot be read or written. Check the disk"),
    "SQLITE_CANTOPEN": (StoreUnavailable, "cannot be opened. Check its permissions"),
    "SQLITE_ERROR": (
        StoreUnavailable,
        "has lost its tables. Restore them, or move the file away and restart",
    ),
}
_RETRY_S = 0.001
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA cache_size = -16000",  # KB
    "PRAGMA wal_autocheckpoint = 4000",  # pages of 4 KB: fewer, longer checkpoints
    "PRAGMA temp_store = MEMORY",
)


class SqliteStore(sql.SqlStore):
    """A store in an SQLite database; ``base.Store`` documents its methods.

    Args:
        path: The file, created if it does not exist; ``None`` for one in memory.
        synchronous: ``full``, ``normal`` or ``off``, as above.
        busy_ms: How long to wait for another unit, in milliseconds.

    Attributes:
        busy_s: How long to wait for another unit, in seconds.

    Raises:
        StoreError: The file cannot be opened, is another program's, or was written
            by a later version.
        StoreUnavailable: Another process did not release it in time.
    """

    name = "sqlite"

    def __init__(
        self, path: Path | None, *, synchronous: str = "full", busy_ms: int = BUSY_MS
    ) -> None:
        super().__init__()
        self.busy_s = busy_ms / 1000
        self._path = path
        self._absolute = path and path.absolute()
        self._synchronous = synchronous
        self._inode: tuple[int, int] | None = None
        # One connection writes; the lock decides which thread has it. It waits for
        # other processes in _Session.wait_for, not in SQLite.
        self._lock = threading.Lock()
        self._writer = self._connect()
        self._writer.query("PRAGMA busy_timeout = 0")
        self._readers: list[_Session] = []
        if self._absolute is not None:
            found = os.stat(self._absolute)
            self._inode = found.st_dev, found.st_ino

    def __str__(self) -> str:
        return "SQLite in memory" if self._path is None else f"{self._path}"

    def close(self) -> None:
        """Close every connection; one that is in use is closed when its unit ends."""
        self._is_closed = True
        while self._readers:
            self._readers.pop().close()
        if self._lock.acquire(blocking=False):
            self._writer.close()
            self._lock.release()

    @contextlib.contextmanager
    def _writing(self, account: str | None) -> Iterator[_Session]:
        """Return a transaction that writes; it waits for all others that do."""
        self._acquire()
        try:
            if self._writer.is_broken and self._path is not None:
                self._replace_connections()
            with self._transaction(self._writer):
                yield self._writer
        finally:
            self._lock.release()
            if self._is_closed:
                self.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[_Session]:
        """Return a transaction that sees the state at its beginning."""
        if self._path is None:  # a database in memory has one connection
            with self._writing(None) as session:
                yield session
            return
        self._check_place()
        try:
            session = self._readers.pop()
        except IndexError:
            session = self._reconnect()
        try:
            session.change("BEGIN")
            yield session
        finally:
            session.rollback()
            if self._is_closed or session.is_broken:
                session.close()
            else:
                self._readers.append(session)

    def _replace_connections(self) -> None:
        """Replace connections that may have cached a damaged file."""
        while self._readers:
            self._readers.pop().close()
        writer = self._reconnect()
        writer.query("PRAGMA busy_timeout = 0")
        self._writer.close()
        self._writer = writer

    def _reconnect(self) -> _Session:
        """Connect again to a file that could be opened before."""
        try:
            return self._connect()
        except StoreUnavailable:
            raise
        except StoreError as error:
            raise StoreUnavailable(str(error)) from error

    def _acquire(self) -> None:
        if self._lock.acquire(blocking=False):
            return
        before_waiting()
        if not self._lock.acquire(timeout=self.busy_s):
            raise self._busy()

    def _connect(self) -> _Session:
        """Return a new connection; any one thread at a time may use it.

        Raises:
            StoreError: The file cannot be opened, is another program's, or is too new.
            StoreUnavailable: Another process did not release it in time.
        """
        self._check_folder()
        try:
            connection = sqlite3.connect(
                self._absolute or ":memory:",
                timeout=self.busy_s,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise self.explain(error) from error
        session = _Session(self, connection)
        try:
            self._prepare(session)
        except BaseException:
            connection.close()
            raise
        return session

    @contextlib.contextmanager
    def _transaction(self, session: _Session) -> Iterator[None]:
        """Commit the changes made inside, or roll them back on an exception.

        Raises:
            StoreUnavailable: Another process wrote for ``busy_ms``.
        """
        self._check_place()
        session.wait_for("BEGIN IMMEDIATE")
        try:
            changes = session.changes
            yield
            if self._synchronous == "full" and session.changes != changes:
                before_waiting()
            session.change("COMMIT")
        finally:
            session.rollback()

    def _check_place(self) -> None:
        """Check that the file is still the one that was opened.

        Raises:
            StoreUnavailable: It was deleted or replaced.
        """
        if self._absolute is None or self._inode is None:
            return
        try:
            found = os.stat(self._absolute)
        except OSError:
            is_same = False
        else:
            is_same = (found.st_dev, found.st_ino) == self._inode
        if not is_same:
            raise StoreUnavailable(
                f"{self} was deleted or replaced while it was open. Put the original "
                "file back, or restart the sandbox to use what is there now."
            )

    def explain(self, error: sqlite3.Error) -> StoreError:
        """Return the error that says where and what to do."""
        if is_busy(error):
            return self._busy()
        name = getattr(error, "sqlite_errorname", "")
        for prefix, (kind, text) in _FAILURES.items():
            if name.startswith(prefix):
                return kind(f"{self} {text}. SQLite says: {error}.")
        return StoreError(
            f"{self}: {error}. Check that the file and its folder can be written and "
            "that the disk is not full."
        )

    def _busy(self) -> StoreUnavailable:
        """Return the error for a writer that did not end in time."""
        return StoreUnavailable(
            f"{self} is busy: another unit of work did not end within "
            f"{self.busy_s * 1000:.0f} ms. End it (a held request holds it), or allow "
            "more with ?busy_ms=."
        )

    def _check_folder(self) -> None:
        if self._absolute is None:
            return
        folder = self._absolute.parent
        if not folder.is_dir():
            raise StoreError(
                f"{self}: the folder {folder} does not exist. Create it, or choose "
                "another path."
            )
        if self._absolute.is_dir():
            raise StoreError(f"{self} is a folder. Name a file in it.")
        for place in (folder, self._absolute):
            if place.exists() and not os.access(place, os.W_OK):
                raise StoreError(
                    f"{self}: {place} cannot be written. Change its permissions, or "
                    "choose another path."
                )

    def _prepare(self, session: _Session) -> None:
        self._check_version(session)
        for pragma in (*_PRAGMAS, f"PRAGMA synchronous = {self._synchronous}"):
            session.wait_for(pragma)
        if _pragma(session, "user_version") < sql.VERSION:
            with self._transaction(session):
                # Another process may have done it while this one waited to begin.
                version = _pragma(session, "user_version")
                for statement in sql.migration(version, sql.SQLITE):
                    session.change(statement)
                session.query(f"PRAGMA application_id = {sql.APPLICATION_ID}")
                session.query(f"PRAGMA user_version = {sql.VERSION}")

    def _check_version(self, session: _Session) -> None:
        """Refuse a file that is not ours or is newer.

        Raises:
            StoreError: The file is another program's, or a later version's.
        """
        # In this order: another process that prepares the file commits both together.
        ((tables,),) = session.query("SELECT count(*) FROM sqlite_master")
        program = _pragma(session, "application_id")
        if program != sql.APPLICATION_ID and (program or tables):
            raise StoreError(
                f"{self} is a database of another program. Choose another path, or "
                "move the file away."
            )
        version = _pragma(session, "user_version")
        if version > sql.VERSION:
            raise StoreError(
                f"{self} was written by a later smartpay-sandbox (layout {version}; "
                f"this one knows up to {sql.VERSION}). Upgrade smartpay-sandbox, or "
                "choose another path."
            )


class _Session(sql.Session):
    """A connection that one thread at a time uses.

    Attributes:
        is_broken: Whether a statement failed because of the file, which may be damaged.
    """

    errors = sqlite3.Error

    def __init__(self, store: SqliteStore, connection: sqlite3.Connection) -> None:
        super().__init__(connection.cursor())
        self._store = store
        self._connection = connection
        self.is_broken = False

    def explain(self, error: sqlite3.Error) -> StoreError:
        explained = self._store.explain(error)
        if not is_busy(error) and not isinstance(explained, StoreNotWritable):
            self.is_broken = True
        return explained

    def wait_for(self, statement: str) -> None:
        """Execute a statement as soon as other processes allow it.

        SQLite's own waiting soon sleeps for 0.1 s, while a unit lasts about 1 ms.

        Raises:
            StoreUnavailable: ``busy_ms`` passed.
        """
        deadline = time.monotonic() + self._store.busy_s
        while True:
            try:
                self._cursor.execute(statement)
            except sqlite3.Error as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise self.explain(error) from error
            else:
                return
            before_waiting()
            time.sleep(_RETRY_S)

    @property
    def changes(self) -> int:
        """How many rows were changed by this connection."""
        return self._connection.total_changes

    def rollback(self) -> None:
        """End the transaction, if one is open."""
        if self._connection.in_transaction:
            with contextlib.suppress(StoreUnavailable):  # the unit failed before it
                self.change("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _pragma(session: _Session, name: str) -> int:
    return int(session.query(f"PRAGMA {name}")[0][0])


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another connection is in the way."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
