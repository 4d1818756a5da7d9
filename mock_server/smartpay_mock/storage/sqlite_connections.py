"""The connections of one store to its SQLite database."""

from __future__ import annotations

import sqlite3
import threading

from smartpay_mock.storage.base import closed
from smartpay_mock.storage.sqlite_file import SqliteFile


class SqliteConnections:
    """Connections, each used by one thread at a time.

    There are as many as were ever used at once. A database in memory has one, and
    whoever wants it waits.
    """

    def __init__(self, file: SqliteFile) -> None:
        self._file = file
        self._idle = [file.connect()]
        self._is_closed = False
        self._only = threading.Lock() if file.path is None else None

    def take(self) -> sqlite3.Connection:
        """Return a connection for this thread alone.

        Raises:
            StoreError: The store is closed.
            StoreUnavailable: The only one was not given back in time.
        """
        only = self._only
        if only is not None and not only.acquire(timeout=self._file.busy_s):
            raise self._file.busy()
        try:
            return self._one()
        except BaseException:
            if only is not None:
                only.release()
            raise

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Take a connection back; whatever transaction is open is rolled back."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._file.explain(error) from error
        finally:
            self._keep(connection)

    def close(self) -> None:
        """Close those that are idle, and each of the others when it comes back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _one(self) -> sqlite3.Connection:
        if self._is_closed:
            raise closed("sqlite")
        try:
            return self._idle.pop()
        except IndexError:
            return self._file.connect()

    def _keep(self, connection: sqlite3.Connection) -> None:
        if self._is_closed:
            connection.close()
        else:
            self._idle.append(connection)
        if self._only is not None:
            self._only.release()
