"""Units of work in PostgreSQL: few round trips, one transaction each.

A write unit begins with one round trip, which takes the account's lock, and ends with
one, which carries every write and the commit. Each question that the buffer cannot
answer is one more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.pq import TransactionStatus

from smartpay_mock.storage import sql, sql_postgres
from smartpay_mock.storage.base import Row
from smartpay_mock.storage.buffered import Batch, BufferedWrites, GuessedWrongError
from smartpay_mock.storage.buffered_reads import BufferedReads
from smartpay_mock.storage.postgres_database import Connection
from smartpay_mock.storage.reading import ReadOnly

if TYPE_CHECKING:
    from smartpay_mock.storage.postgres import PostgresStore

_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Read committed: what is read after the lock was got, is what its last holder wrote.
_BEGIN_WRITING = (
    "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(%s)"
)


def lock_of(schema: str, account: str) -> int:
    """Return the number of an account's lock.

    Two accounts may share one: then they wait for each other, no more.
    """
    digest = hashlib.blake2b(f"{schema} {account}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


Answers = list[tuple[Any, ...]]
"""The rows that one statement gives."""

_SLOTS = ("_connection", "_store")


class _Asking(BufferedReads):
    """What both kinds of unit do the same way."""

    __slots__ = ()

    _connection: Connection
    _store: PostgresStore

    def _open(self, begin: str, values: tuple[Any, ...], calls: Batch) -> list[Answers]:
        """Begin, and bring the answers to ``calls``."""
        return exchange(self._connection, calls, first=begin, values=values)

    def _query(self, statement: str, values: Sequence[Any]) -> Answers:
        return self._query_each(statement, [tuple(values)])[0]

    def _query_each(
        self, statement: str, many: Sequence[tuple[Any, ...]]
    ) -> list[Answers]:
        try:
            return exchange(self._connection, [(statement, list(many))])
        except psycopg.DataError:
            # A text that PostgreSQL cannot hold (with a NUL) is not there either.
            return [[] for _ in many]
        except psycopg.Error as error:
            raise self._store.database.explain(error) from error


class PostgresReader(ReadOnly, _Asking):
    """A unit for reading: sees what was committed when it began."""

    __slots__ = _SLOTS

    def __init__(self, store: PostgresStore, account: str) -> None:
        super().__init__(account)
        self._store = store

    def __enter__(self) -> PostgresReader:
        self._connection = self._store.take(self._begin)
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
        self._open(_BEGIN_READING, (), [])


class PostgresWriter(BufferedWrites, _Asking):
    """A unit for writing: the only one on its account while it is open."""

    __slots__ = (*_SLOTS, "_is_committed", "_must_mark")

    def __init__(self, store: PostgresStore, account: str) -> None:
        super().__init__(account)
        self._store = store
        self._is_committed = self._must_mark = False

    def __enter__(self) -> PostgresWriter:
        self._connection = self._store.take(self._begin)
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
        asked = self._store.asked
        dues = [(self.account, kind) for kind in asked]
        calls: Batch = [(sql.NUMBERS, [(self.account,)]), (sql.NEXT_DUE, dues)]
        numbers, *answers = self._open(_BEGIN_WRITING, (lock,), calls)
        self._numbers_found = numbers[0][0] if numbers else "{}"
        for kind, rows in zip(asked, answers, strict=True):
            self._next_due[kind] = rows[0][0] if rows else None

    def next_due(self, kind: str) -> int | None:
        """Return the earliest ``due`` of a kind, or ``None``."""
        self._store.note_asked(kind)
        return super().next_due(kind)

    def due(self, kind: str, *, until: int, limit: int) -> list[Row]:
        """Return documents that are due, the earliest first."""
        self._store.note_asked(kind)
        return super().due(kind, until=until, limit=limit)

    def _apply(self, batch: Batch, *, is_last: bool) -> None:
        mark = "SAVEPOINT mark; " if self._must_mark else ""
        try:
            exchange(
                self._connection,
                batch,
                first=f"{mark}SAVEPOINT batch",
                last="COMMIT" if is_last else "RELEASE batch",
            )
        except psycopg.errors.UniqueViolation as error:
            self._must_mark = False
            self._run("ROLLBACK TO batch")
            raise GuessedWrongError from error
        except psycopg.Error as error:
            raise self._store.database.explain(error) from error
        self._must_mark = False
        self._is_committed = is_last

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


def exchange(
    connection: Connection,
    batch: Batch,
    *,
    first: str = "",
    last: str = "",
    values: tuple[Any, ...] = (),
) -> list[Answers]:
    """Run many statements in one round trip; return what each of the batch gives.

    Args:
        connection: Where to.
        batch: Statements of ``sql`` with a tuple of values for each time they run.
        first: Plain statements before them; ``values`` is for their placeholders.
        last: Plain statements after them.
        values: As said.
    """
    calls = [sql_postgres.CALLS[text] for text, many in batch for _ in many]
    flat = [value for _, many in batch for one in many for value in one]
    line = "; ".join(part for part in (first, *calls, last) if part)
    cursor = connection.execute(line, [*values, *flat])
    answers = [_answers(cursor)]
    while cursor.nextset():
        answers.append(_answers(cursor))
    lead = first.count(";") + 1 if first else 0
    return answers[lead : lead + len(calls)]


def _answers(cursor: psycopg.Cursor[Any]) -> Answers:
    # Not by "description": that builds a description.
    result = cursor.pgresult
    return cursor.fetchall() if result is not None and result.nfields else []


def roll_back(connection: Connection) -> None:
    """End whatever transaction is open; a broken connection needs none."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.execute("ROLLBACK")
