"""The tables, statements and units of work that SQLite and PostgreSQL share.

Every question is one statement, with ``?`` for a value. Documents of all accounts are
in one table, numbered together in ascending order.
"""

from __future__ import annotations

import string
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from smartpay_mock.storage.base import (
    Row,
    Store,
    StoreError,
    StoreNotWritable,
    read_only,
)

APPLICATION_ID = 0x534D5059
"""``SMPY``, in the header of every SQLite file of ours."""

VERSION = 3
"""The version of the tables. A change of them is a new version with a migration."""

_TABLES = (
    "CREATE TABLE documents ("
    " seq $serial PRIMARY KEY $increment,"
    " account $text NOT NULL, kind $text NOT NULL, id $text NOT NULL,"
    " index_key $text, due $integer, body $bytes NOT NULL, attachment $bytes)",
    "CREATE UNIQUE INDEX documents_by_id ON documents (id, kind, account)",
    "CREATE INDEX documents_by_seq ON documents (account, kind, seq)",
    "CREATE INDEX documents_by_key ON documents (account, kind, index_key, seq)"
    " WHERE index_key IS NOT NULL",
    "CREATE INDEX documents_by_due ON documents (account, kind, due, seq)"
    " WHERE due IS NOT NULL",
    "CREATE INDEX documents_by_due_account ON documents (kind, due, account)"
    " WHERE due IS NOT NULL",
)
_LEASES = (
    "CREATE TABLE leases ("
    " name $text PRIMARY KEY, holder $text NOT NULL, until_ms $integer NOT NULL)",
)
# Versions 1 and 2 numbered each kind of an account from 1.
_RENAME_OLD = (
    "ALTER TABLE documents RENAME TO old_documents",
    "DROP INDEX documents_by_id",
    "DROP INDEX documents_by_seq",
    "DROP INDEX documents_by_due",
)
_COPY_OLD = (
    "INSERT INTO documents (account, kind, id, index_key, due, body, attachment)"
    " SELECT account, kind, id, owner, due, body, attachment FROM old_documents"
    " ORDER BY account, kind, seq",
    "DROP TABLE old_documents",
    "DROP TABLE IF EXISTS accounts",
)

SQLITE = {
    "serial": "INTEGER",
    "increment": "AUTOINCREMENT",
    "integer": "INTEGER",
    "bytes": "BLOB",
    "text": "TEXT",
}
POSTGRESQL = {
    "serial": "BIGINT",
    "increment": "GENERATED ALWAYS AS IDENTITY",
    "integer": "BIGINT",
    "bytes": "BYTEA",
    "text": 'TEXT COLLATE "C"',
}


def migration(version: int, dialect: dict[str, str]) -> list[str]:
    """Return the statements that lead from a version to the current one.

    Args:
        version: 0 where there are no tables yet.
        dialect: :data:`SQLITE` or :data:`POSTGRESQL`.
    """
    statements: tuple[str, ...] = ()
    if version == 0:
        statements = (*_TABLES, *_LEASES)
    elif version < VERSION:
        statements = (*_RENAME_OLD, *_TABLES, *_COPY_OLD)
    return [string.Template(text).substitute(dialect) for text in statements]


_ABOVE_ALL = 1 << 62
"""Greater than every number."""

_COLUMNS = "seq, id, body, attachment, index_key, due"
_KIND = f"SELECT {_COLUMNS} FROM documents WHERE account = ? AND kind = ?"  # noqa: S608 - constants

GET = "SELECT body FROM documents WHERE account = ? AND kind = ? AND id = ?"
ROW = f"{_KIND} AND id = ?"
PAGE = f"{_KIND} AND seq < ? ORDER BY seq DESC LIMIT ?"
PAGE_WITH_KEY = f"{_KIND} AND index_key = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
DUE = f"{_KIND} AND due <= ? ORDER BY due, seq LIMIT ?"
NEXT_DUE = (
    "SELECT due FROM documents WHERE account = ? AND kind = ? AND due IS NOT NULL"
    " ORDER BY due LIMIT 1"
)
COUNT = "SELECT count(*) FROM documents WHERE account = ? AND kind = ?"
KINDS = "SELECT DISTINCT kind FROM documents WHERE account = ? ORDER BY kind"
PUT = (
    "INSERT INTO documents (account, kind, id, body, attachment, index_key, due)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id, kind, account) DO UPDATE SET body = excluded.body,"
    " attachment = excluded.attachment, index_key = excluded.index_key,"
    " due = excluded.due"
)
DELETE = "DELETE FROM documents WHERE account = ? AND kind = ? AND id = ?"
TRIM = (
    "DELETE FROM documents WHERE account = ? AND kind = ? AND seq <="
    " (SELECT seq FROM documents WHERE account = ? AND kind = ?"
    " ORDER BY seq DESC LIMIT 1 OFFSET ?)"
)
CLEAR = "DELETE FROM documents WHERE account = ?"

ACCOUNTS = "SELECT DISTINCT account FROM documents"
LOCATE = "SELECT account FROM documents WHERE id = ? AND kind = ?"
DUE_ACCOUNTS = "SELECT DISTINCT account FROM documents WHERE kind = ? AND due <= ?"
LEASE = (
    "INSERT INTO leases (name, holder, until_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder,"
    " until_ms = excluded.until_ms"
    " WHERE leases.holder = excluded.holder OR leases.until_ms <= ?"
)
RELEASE = "DELETE FROM leases WHERE name = ? AND holder = ?"


_CHECK_BYTES = 65_536


class Session(ABC):
    """A connection within one transaction; its errors are ``StoreError``.

    Args:
        cursor: Of the database's driver.

    Attributes:
        errors: The exceptions of the driver.
    """

    errors: type[Exception]

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    @abstractmethod
    def explain(self, error: Any) -> StoreError:
        """Return the error that says where and what to do."""

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        try:
            rows: list[tuple[Any, ...]] = self._cursor.execute(
                self.text(statement), values
            ).fetchall()
        except self.errors as error:
            raise self.explain(error) from error
        return rows

    def change(self, statement: str, *values: Any) -> int:
        """Return how many rows a statement changed."""
        try:
            return int(self._cursor.execute(self.text(statement), values).rowcount)
        except self.errors as error:
            raise self.explain(error) from error

    def change_all(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        """Execute a statement for each row of values, in one round trip."""
        try:
            self._cursor.executemany(self.text(statement), rows)
        except self.errors as error:
            raise self.explain(error) from error

    def text(self, statement: str) -> Any:
        """Return a statement with the driver's placeholders."""
        return statement


class _Unit:
    """A unit of work; ``base.Unit`` documents its methods.

    Puts are executed together at the end. A question about their kind, or another
    change, executes them before, after a savepoint to which :meth:`discard` goes back.
    """

    def __init__(self, session: Session, account: str, *, can_write: bool) -> None:
        self.account = account
        self._session = session
        self._can_write = can_write
        self._puts: list[tuple[Any, ...]] = []
        self._put_kinds: set[str] = set()
        self._has_savepoint = False

    def get(self, kind: str, id_: str) -> bytes | None:
        rows = self._query(GET, kind, id_)
        return rows[0][0] if rows else None

    def row(self, kind: str, id_: str) -> Row | None:
        rows = self._query(ROW, kind, id_)
        return Row._make(rows[0]) if rows else None

    def page(
        self,
        kind: str,
        *,
        limit: int,
        before: int | None = None,
        index_key: str | None = None,
    ) -> list[Row]:
        before = _ABOVE_ALL if before is None else before
        if index_key is None:
            return self._rows(PAGE, kind, before, limit)
        return self._rows(PAGE_WITH_KEY, kind, index_key, before, limit)

    def due(self, kind: str, *, until: int, limit: int) -> list[Row]:
        return self._rows(DUE, kind, until, limit)

    def next_due(self, kind: str) -> int | None:
        rows = self._query(NEXT_DUE, kind)
        return rows[0][0] if rows else None

    def count(self, kind: str) -> int:
        return int(self._query(COUNT, kind)[0][0])

    def kinds(self) -> list[str]:
        self._execute_puts()
        return [kind for (kind,) in self._session.query(KINDS, self.account)]

    def put(
        self,
        kind: str,
        id_: str,
        body: bytes,
        *,
        index_key: str | None = None,
        due: int | None = None,
        attachment: bytes | None = None,
    ) -> None:
        self._check_writes()
        row = (self.account, kind, id_, body, attachment, index_key, due)
        self._puts.append(row)
        self._put_kinds.add(kind)

    def delete(self, kind: str, id_: str) -> bool:
        return self._change(DELETE, kind, id_) > 0

    def trim(self, kind: str, keep: int) -> None:
        self._change(TRIM, kind, self.account, kind, keep)

    def clear(self) -> None:
        self._change(CLEAR)

    def discard(self) -> None:
        self._forget_puts()
        if self._has_savepoint:
            self._session.change("ROLLBACK TO unit")

    def finish(self) -> None:
        """Execute what was put, before the commit."""
        if self._puts:
            self._session.change_all(PUT, self._puts)

    def _query(self, statement: str, kind: str, *values: Any) -> list[tuple[Any, ...]]:
        if kind in self._put_kinds:
            self._execute_puts()
        return self._session.query(statement, self.account, kind, *values)

    def _rows(self, statement: str, kind: str, *values: Any) -> list[Row]:
        return [Row._make(row) for row in self._query(statement, kind, *values)]

    def _change(self, statement: str, *values: Any) -> int:
        self._check_writes()
        self._save()
        self._execute_puts()
        return self._session.change(statement, self.account, *values)

    def _execute_puts(self) -> None:
        if self._puts:
            self._save()
            self._session.change_all(PUT, self._puts)
            self._forget_puts()

    def _forget_puts(self) -> None:
        self._puts.clear()
        self._put_kinds.clear()

    def _save(self) -> None:
        if not self._has_savepoint:
            self._session.change("SAVEPOINT unit")
            self._has_savepoint = True

    def _check_writes(self) -> None:
        if not self._can_write:
            raise read_only(self.account)


class SqlStore(Store):
    """The part of a store that both databases share; ``base.Store`` documents it."""

    def __init__(self) -> None:
        super().__init__()
        self._failure: StoreNotWritable | None = None

    @abstractmethod
    def _writing(self, account: str | None) -> AbstractContextManager[Session]:
        """Return a transaction that writes.

        It is committed at the end, or rolled back on an exception.

        Args:
            account: Whose other transactions it waits for; ``None`` for leases.
        """

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Session]:
        """Return a transaction that sees one state and writes nothing."""

    @contextmanager
    def write(self, account: str) -> Iterator[_Unit]:
        """Open a unit that may write."""
        with self._one_unit(), self._noting(), self._writing(account) as session:
            unit = _Unit(session, account, can_write=True)
            yield unit
            unit.finish()

    @contextmanager
    def read(self, account: str) -> Iterator[_Unit]:
        """Open a unit that may not write."""
        with self._one_unit(), self._reading() as session:
            yield _Unit(session, account, can_write=False)

    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""
        return self._names(ACCOUNTS)

    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted."""
        return self._names(LOCATE, id_, kind)

    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""
        return self._names(DUE_ACCOUNTS, kind, until)

    def lease(self, name: str, holder: str, *, until_ms: int, now_ms: int) -> bool:
        """Take or renew a lease; return whether ``holder`` has it now."""
        return self._changed(LEASE, name, holder, until_ms, now_ms) > 0

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if ``holder`` has it."""
        self._changed(RELEASE, name, holder)

    def check(self) -> None:
        """Check as ``base.Store`` says; a write is tried only after a failed one."""
        self.accounts()
        if self._failure is not None:
            # As much as a large call writes: a small write may still fit into the log.
            name = "check".ljust(_CHECK_BYTES)
            self.lease(name, "", until_ms=0, now_ms=0)
            self.release(name, "")
            self._failure = None

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Remember that a write failed, for :meth:`check`."""
        try:
            yield
        except StoreNotWritable as error:
            self._failure = error
            raise

    def _names(self, statement: str, *values: Any) -> list[str]:
        with self._one_unit(), self._reading() as session:
            return sorted(name for (name,) in session.query(statement, *values))

    def _changed(self, statement: str, *values: Any) -> int:
        with self._one_unit(), self._noting(), self._writing(None) as session:
            return session.change(statement, *values)
