"""An SQLite file: where it is, whether it is ours, its version and its connections."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smartpay_mock.storage import layouts
from smartpay_mock.storage.base import StoreError, StoreUnavailable
from smartpay_mock.storage.sqlite_log import until

OLDEST_SQLITE = (3, 24)
"""The first with upserts."""

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA cache_size = -16000",  # KB
    "PRAGMA wal_autocheckpoint = 4000",  # pages of 4 KB: fewer, longer checkpoints
    "PRAGMA temp_store = MEMORY",
)


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """How to reach one SQLite database.

    Attributes:
        path: The file, or ``None`` for a database in memory.
        is_synchronous: Whether SQLite syncs where its file's consistency needs it;
            without, a crash of the machine can leave the file broken.
        busy_ms: How long to wait for another process that writes, in milliseconds.
    """

    path: Path | None
    is_synchronous: bool
    busy_ms: int

    @property
    def busy_s(self) -> float:
        """How long to wait, in seconds."""
        return self.busy_ms / 1000

    def __str__(self) -> str:
        return "SQLite in memory" if self.path is None else f"{self.path}"

    def connect(self) -> sqlite3.Connection:
        """Return a new connection; any one thread at a time may use it.

        Raises:
            StoreError: The file cannot be opened, is foreign, or is too new.
            StoreUnavailable: Another process did not let go of it in time.
        """
        self._check_place()
        try:
            connection = sqlite3.connect(
                ":memory:" if self.path is None else self.path,
                timeout=self.busy_s,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise self.explain(error) from error
        try:
            self._prepare(connection)
        except sqlite3.Error as error:
            connection.close()
            raise self.explain(error) from error
        except BaseException:
            connection.close()
            raise
        # From here on waiting is done by begin(), in finer steps.
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin a transaction that may write, waiting for other processes.

        Raises:
            StoreUnavailable: ``busy_ms`` passed.
        """
        self._patiently(connection, "BEGIN IMMEDIATE")

    def ask(
        self, connection: sqlite3.Connection, statement: str, values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        """Return the rows that a statement gives.

        Raises:
            StoreError: The file cannot be read.
        """
        try:
            return connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            if not is_busy(error):
                raise self.explain(error) from error
        # A reader waits for nobody but a process that repairs the log after a crash.
        return self._patiently(connection, statement, values)

    def _patiently(
        self,
        connection: sqlite3.Connection,
        statement: str,
        values: Sequence[Any] = (),
    ) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []

        def is_done() -> bool:
            try:
                rows[:] = connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                if not is_busy(error):
                    raise self.explain(error) from error
                return False
            return True

        if not until(self.busy_s, is_done):
            raise self.busy()
        return rows

    def explain(self, error: sqlite3.Error) -> StoreError:
        """Return the error that says where and what to do."""
        if is_busy(error):
            return self.busy()
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_NOTADB"):
            return StoreError(
                f"{self} is not an SQLite database. Choose another path, or move the "
                "file away."
            )
        return StoreError(
            f"{self}: {error}. Check that the file and its folder can be written and "
            "that the disk is not full."
        )

    def busy(self) -> StoreUnavailable:
        """Return the error for a writer that did not end in time."""
        return StoreUnavailable(
            f"{self} is busy: another unit of work did not end within {self.busy_ms} "
            "ms. End it (a held request holds it), or allow more with ?busy_ms=."
        )

    def _check_place(self) -> None:
        path = self.path
        if path is None:
            return
        folder = path.absolute().parent
        if not folder.is_dir():
            raise StoreError(
                f"{path}: the folder {folder} does not exist. Create it, or choose "
                "another path."
            )
        if path.is_dir():
            raise StoreError(f"{path} is a folder. Name a file in it.")
        for place in (folder, path):
            if place.exists() and not os.access(place, os.W_OK):
                raise StoreError(
                    f"{path}: {place} cannot be written. Change its permissions, or "
                    "choose another path."
                )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise StoreError(
                f"SQLite {sqlite3.sqlite_version} is too old; 3.24 or later is needed."
                " Use a newer Python, or keep state in memory."
            )
        self._check_version(connection)
        for pragma in _PRAGMAS:
            self._patiently(connection, pragma)
        level = "NORMAL" if self.is_synchronous else "OFF"
        connection.execute(f"PRAGMA synchronous = {level}")
        if self._version(connection) < layouts.CURRENT:
            self._migrate(connection)

    def _version(self, connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def _check_version(self, connection: sqlite3.Connection) -> None:
        """Refuse what is not ours or is newer.

        Raises:
            StoreError: The file is another program's, or a later version's.
        """
        (index_key,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if index_key != layouts.APPLICATION_ID and (index_key or tables):
            raise StoreError(
                f"{self} is a database of another program. Choose another path, or "
                "move the file away."
            )
        version = self._version(connection)
        if version > layouts.CURRENT:
            raise StoreError(
                f"{self} was written by a later smartpay-sandbox (layout {version}; "
                f"this one knows up to {layouts.CURRENT}). Upgrade smartpay-sandbox, "
                "or choose another path."
            )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        with transaction(connection):
            # Another process may have done it while this one waited to begin.
            version = self._version(connection)
            for statement in layouts.statements(
                version=version, dialect=layouts.SQLITE
            ):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {layouts.APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {layouts.CURRENT}")


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or roll it back on an exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def is_busy(error: sqlite3.Error) -> bool:
    """Return whether another connection is in the way."""
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
