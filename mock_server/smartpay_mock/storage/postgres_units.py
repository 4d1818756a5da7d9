"""Units of work in PostgreSQL: few round trips, one transaction each.

A write unit begins with one round trip, which takes the account's lock and brings the
documents told ahead; ends with one, which carries every write and the commit; and
needs one for each question between them that the buffer cannot answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from smartpay_mock.storage import sql
from smartpay_mock.storage.buffered import Batch, BufferedWrites, GuessedWrongError
from smartpay_mock.storage.buffered_reads import BufferedReads
from smartpay_mock.storage.contract import Key, Row
from smartpay_mock.storage.postgres_database import Connection, translated
from smartpay_mock.storage.reading import ReadOnly

if TYPE_CHECKING:
    from smartpay_mock.storage.postgres import PostgresStore

_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Read committed: what is read after the lock was got, is what its last holder wrote.
_BEGIN_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED"
_LOCK = "SELECT pg_advisory_xact_lock(%s)"

# All rows of a batch as one array for each column, so that any number is one statement.
_UPSERT = sql.UPSERT.replace(
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "SELECT * FROM unnest(%b::text[], %b::text[], %b::bigint[], %b::text[],"
    " %b::bytea[], %b::bytea[], %b::text[], %b::bigint[])",
)


def lock_of(schema: str, account: str) -> int:
    """Return the number of an account's lock.

    Two accounts may share one: then they wait for each other, no more.
    """
    digest = hashlib.blake2b(f"{schema} {account}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def possible(ahead: Sequence[Key]) -> list[Key]:
    """Return the keys that PostgreSQL can hold: its texts have no NUL."""
    return [key for key in ahead if "\0" not in key[1]]


_SLOTS = ("_ahead", "_connection", "_store")


class _Asking(BufferedReads):
    """What both kinds of unit do the same way."""

    __slots__ = ()

    _ahead: Sequence[Key]
    _connection: Connection
    _store: PostgresStore

    def _look_ahead(self) -> list[psycopg.Cursor[tuple[Any, ...]]]:
        """Ask for what was told ahead; inside a pipeline, so without waiting."""
        statement = translated(sql.ROW)
        return [
            self._connection.execute(statement, (self.account, *key), binary=True)
            for key in self._ahead
        ]

    def _keep(self, cursors: list[psycopg.Cursor[tuple[Any, ...]]]) -> None:
        for key, cursor in zip(self._ahead, cursors, strict=True):
            row = cursor.fetchone()
            self._base[key] = None if row is None else Row._make(row)

    def _query(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        try:
            cursor = self._connection.execute(
                translated(statement), values, binary=True
            )
            return cursor.fetchall()
        except psycopg.DataError:
            # A text that PostgreSQL cannot hold (with a NUL) is not there either.
            return []
        except psycopg.Error as error:
            raise self._store.database.explain(error) from error


class PostgresReader(ReadOnly, _Asking):
    """A unit for reading: sees what was committed when it began."""

    __slots__ = _SLOTS

    def __init__(
        self, store: PostgresStore, account: str, ahead: Sequence[Key]
    ) -> None:
        super().__init__(account)
        self._store, self._ahead = store, possible(ahead)

    def __enter__(self) -> PostgresReader:
        self._connection = self._store.take(self.account, self._begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._store.give_back(self._connection)

    def _begin(self, connection: Connection) -> None:
        self._connection = connection
        with connection.pipeline():
            connection.execute(_BEGIN_READING)
            cursors = self._look_ahead()
        self._keep(cursors)


class PostgresWriter(BufferedWrites, _Asking):
    """A unit for writing: the only one on its account while it is open."""

    __slots__ = (*_SLOTS, "_is_committed", "_must_mark")

    def __init__(
        self, store: PostgresStore, account: str, ahead: Sequence[Key]
    ) -> None:
        super().__init__(account)
        self._store, self._ahead = store, possible(ahead)
        self._is_committed = self._must_mark = False

    def __enter__(self) -> PostgresWriter:
        self._connection = self._store.take(self.account, self._begin)
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
                if self._wrote and not self._is_committed:
                    self._run("COMMIT")
        finally:
            # Rolls back what was not committed.
            self._store.give_back(self._connection)

    def _begin(self, connection: Connection) -> None:
        self._connection = connection
        lock = lock_of(self._store.database.schema, self.account)
        asked = self._store.asked_when_due(self.account)
        with connection.pipeline():
            connection.execute(_BEGIN_WRITING)
            connection.execute(_LOCK, (lock,))
            numbers = connection.execute(translated(sql.NUMBERS), (self.account,))
            cursors = self._look_ahead()
            dues = [
                connection.execute(translated(sql.NEXT_DUE), (self.account, kind))
                for kind in asked
            ]
        row = numbers.fetchone()
        self._numbers_found = "{}" if row is None else str(row[0])
        self._keep(cursors)
        for kind, cursor in zip(asked, dues, strict=True):
            due: Any = cursor.fetchone()
            self._next_due[kind] = due and due[0]

    def next_due(self, kind: str) -> int | None:
        """Return the earliest ``due`` of a kind, or ``None``."""
        self._store.note_asked(kind)
        return super().next_due(kind)

    def due(self, kind: str, *, until: int, limit: int) -> list[Row]:
        """Return documents that are due, the earliest first."""
        self._store.note_asked(kind)
        return super().due(kind, until=until, limit=limit)

    def _apply(self, batch: Batch, *, is_last: bool) -> None:
        try:
            with self._connection.pipeline():
                if self._must_mark:
                    self._connection.execute("SAVEPOINT mark")
                self._connection.execute("SAVEPOINT batch")
                for statement, many in batch:
                    self._execute(statement, many)
                self._connection.execute("COMMIT" if is_last else "RELEASE batch")
        except psycopg.errors.UniqueViolation as error:
            self._must_mark = False
            self._run("ROLLBACK TO batch")
            raise GuessedWrongError from error
        except psycopg.Error as error:
            raise self._store.database.explain(error) from error
        self._must_mark = False
        self._is_committed = is_last

    def _execute(self, statement: str, many: list[tuple[Any, ...]]) -> None:
        if statement != sql.UPSERT:
            for values in many:
                self._connection.execute(translated(statement), values)
            return
        # A column of nothing has no type to send it by; unnest() fills it up again.
        columns = [
            None if all(value is None for value in column) else list(column)
            for column in zip(*many, strict=True)
        ]
        self._connection.execute(_UPSERT, columns)

    def _run(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except psycopg.Error as error:
            raise self._store.database.explain(error) from error

    def _mark(self) -> None:
        # Goes out with the batch that follows.
        self._must_mark = True

    def _rewind(self) -> None:
        self._run("ROLLBACK TO mark")


def roll_back(connection: Connection) -> None:
    """End whatever transaction is open; a broken connection needs none."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.execute("ROLLBACK")
