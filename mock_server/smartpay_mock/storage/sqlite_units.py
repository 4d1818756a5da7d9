"""Units of work in an SQLite database: one transaction each."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from smartpay_mock.storage.buffered import Batch, BufferedWrites, GuessedWrongError
from smartpay_mock.storage.buffered_reads import BufferedReads
from smartpay_mock.storage.reading import ReadOnly

if TYPE_CHECKING:
    from smartpay_mock.storage.sqlite import SqliteStore


class SqliteReader(ReadOnly, BufferedReads):
    """A unit for reading: sees what was committed when it first looked."""

    __slots__ = ("_connection", "_store")

    def __init__(self, store: SqliteStore, account: str) -> None:
        super().__init__(account)
        self._store = store

    def __enter__(self) -> SqliteReader:
        self._connection = self._store.take(is_writing=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._store.give_back(self._connection, is_writing=False)

    def _query(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._store.file.explain(error) from error


class SqliteWriter(BufferedWrites):
    """A unit for writing: the only one in the whole database while it is open."""

    __slots__ = ("_connection", "_store")

    def __init__(self, store: SqliteStore, account: str) -> None:
        super().__init__(account)
        self._store = store

    def __enter__(self) -> SqliteWriter:
        self._connection = self._store.take(is_writing=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._send(is_last=True)
                self._run("COMMIT")
        finally:
            # Rolls back what was not committed.
            self._store.give_back(self._connection, is_writing=True)
        if kind is None and self._wrote:
            self._store.make_durable()

    def _run(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except sqlite3.Error as error:
            raise self._store.file.explain(error) from error

    def _query(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._store.file.explain(error) from error

    def _apply(self, batch: Batch, *, is_last: bool) -> None:
        connection = self._connection
        try:
            connection.execute("SAVEPOINT batch")
            for statement, many in batch:
                connection.executemany(statement, many)
            connection.execute("RELEASE batch")
        except sqlite3.IntegrityError as error:
            self._run("ROLLBACK TO batch")
            raise GuessedWrongError from error
        except sqlite3.Error as error:
            raise self._store.file.explain(error) from error

    def _mark(self) -> None:
        self._run("SAVEPOINT mark")

    def _rewind(self) -> None:
        self._run("ROLLBACK TO mark")
        self._run("RELEASE mark")
