"""Units of work in an SQLite database."""

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
        store = self._store
        store.open_thread()
        try:
            self._connection = store.connections.take()
            self._connection.execute("BEGIN")
        except BaseException:
            store.close_thread()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._store.close_thread()
        self._store.connections.give_back(self._connection)

    def _query(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._store.file.ask(self._connection, statement, values)


class SqliteWriter(BufferedWrites):
    """A unit for writing: the only one on its account while it is open.

    Until its first batch goes out it asks outside any transaction: nobody else writes
    the account, so the answers fit together. Then it has SQLite's lock, to its end.
    """

    __slots__ = ("_connection", "_is_writing", "_store")

    def __init__(self, store: SqliteStore, account: str) -> None:
        super().__init__(account)
        self._store = store
        self._is_writing = False

    def __enter__(self) -> SqliteWriter:
        store = self._store
        store.open_thread()
        try:
            store.begin_turn(self.account)
            try:
                self._connection = store.connections.take()
            except BaseException:
                store.end_turn(self.account)
                raise
        except BaseException:
            store.close_thread()
            raise
        if store.is_exclusive:
            self._begin_writing()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        committed = 0
        try:
            if kind is None:
                self._send(is_last=True)
                if self._is_writing:
                    committed = self._store.end_writing(self._connection)
        finally:
            self._leave()
        if committed and self._wrote:
            self._store.make_durable(committed)

    def _leave(self) -> None:
        """Give back all that was taken, in turn; what is not committed is undone."""
        store = self._store
        try:
            if self._is_writing:
                store.stop_writing(self._connection)
        finally:
            try:
                store.connections.give_back(self._connection)
            finally:
                store.end_turn(self.account)
                store.close_thread()

    def _begin_writing(self) -> None:
        if self._is_writing:
            return
        self._store.begin_writing(self._connection)
        self._is_writing = True

    def _run(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except sqlite3.Error as error:
            raise self._store.file.explain(error) from error

    def _query(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return self._store.file.ask(self._connection, statement, values)

    def _apply(self, batch: Batch, *, is_last: bool) -> None:
        self._begin_writing()
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
        self._begin_writing()
        self._run("SAVEPOINT mark")

    def _rewind(self) -> None:
        self._run("ROLLBACK TO mark")
        self._run("RELEASE mark")
