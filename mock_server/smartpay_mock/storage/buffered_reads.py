"""The part of a unit that every database shares: asking."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from smartpay_mock.kernel.codec import decode
from smartpay_mock.storage import sql
from smartpay_mock.storage.base import Row

Key = tuple[str, str]
"""A document's kind and id."""

NEWEST = 1 << 62
"""Above every number."""

AT_ONCE = 500
"""Documents in one step of a dump, and in a batch that grows too large to wait."""


class BufferedReads:
    """What a unit can ask. A reading unit is this and the refusal of writes."""

    __slots__ = (
        "_base",
        "_is_marked",
        "_next_due",
        "_numbers",
        "_numbers_found",
        "_over",
        "account",
    )

    def __init__(self, account: str) -> None:
        self.account = account
        # As the unit found them, and as it left them; None: there is no such document.
        self._base: dict[Key, Row | None] = {}
        self._over: dict[Key, Row | None] = {}
        # Whether a batch went out, so that discarding must reach into the database.
        self._is_marked = False
        # Answers of next_due() that still hold.
        self._next_due: dict[str, int | None] = {}
        self._numbers: dict[str, list[int]] | None = None
        # As JSON, before this unit changed them.
        self._numbers_found: str | None = None

    @abstractmethod
    def _query(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows a statement gives."""

    def _query_each(
        self, statement: str, many: Sequence[tuple[Any, ...]]
    ) -> list[list[tuple[Any, ...]]]:
        """Return the rows a statement gives for each tuple of values."""
        return [self._query(statement, values) for values in many]

    def _settle(self, kind: str | None = None) -> None:
        """Send what the buffer holds of a kind, or at all; reading units have none."""

    def _rows(self, statement: str, kind: str, *values: Any) -> list[Row]:
        self._settle(kind)
        rows = self._query(statement, (self.account, kind, *values))
        return [Row._make(row) for row in rows]

    def get(self, kind: str, id_: str) -> bytes | None:
        """Return the body of a document, or ``None``."""
        row = self.row(kind, id_)
        return None if row is None else row.body

    def row(self, kind: str, id_: str) -> Row | None:
        """Return a document with its columns, or ``None``."""
        key = (kind, id_)
        if key in self._over:
            return self._over[key]
        if key in self._base:
            return self._base[key]
        rows = self._query(sql.ROW, (self.account, kind, id_))
        row = Row._make(rows[0]) if rows else None
        self._found()[key] = row
        return row

    def page(
        self,
        kind: str,
        *,
        limit: int,
        before: int | None = None,
        index_key: str | None = None,
    ) -> list[Row]:
        """Return documents, newest first."""
        top = NEWEST if before is None else before
        if index_key is None:
            return self._rows(sql.PAGE, kind, top, limit)
        return self._rows(sql.OWNED, kind, index_key, top, limit)

    def due(self, kind: str, *, until: int, limit: int) -> list[Row]:
        """Return documents that are due, the earliest first."""
        if self._next_due and kind in self._next_due:
            earliest = self._next_due[kind]
            if earliest is None or earliest > until:
                return []
        rows = self._rows(sql.DUE, kind, until, limit)
        for row in rows:  # what is due is going to be dealt with
            self._found().setdefault((kind, row.id), row)
        return rows

    def next_due(self, kind: str) -> int | None:
        """Return the earliest ``due`` of a kind, or ``None``."""
        if kind not in self._next_due:
            self._settle(kind)
            rows = self._query(sql.NEXT_DUE, (self.account, kind))
            self._next_due[kind] = rows[0][0] if rows else None
        return self._next_due[kind]

    def count(self, kind: str, *, index_key: str | None = None) -> int:
        """Return how many documents of a kind there are, all or those with a key."""
        self._settle(kind)
        if index_key is None:
            return self._all_numbers().get(kind, [0, 0])[1]
        rows = self._query(sql.COUNT_OWNED, (self.account, kind, index_key))
        return int(rows[0][0])

    def kinds(self) -> list[str]:
        """Return the kinds of which there is a document, sorted."""
        self._settle()
        return sorted(kind for kind, (_, n) in self._all_numbers().items() if n)

    def dump(self) -> Iterator[tuple[str, Row]]:
        """Yield every document with its kind, the oldest first."""
        for kind in self.kinds():
            rows = self._rows(sql.AFTER, kind, 0, AT_ONCE)
            while rows:
                yield from ((kind, row) for row in rows)
                rows = self._rows(sql.AFTER, kind, rows[-1].seq, AT_ONCE)

    def _found(self) -> dict[Key, Row | None]:
        """Return where to keep what the database has now."""
        return self._over if self._is_marked else self._base

    def _all_numbers(self) -> dict[str, list[int]]:
        """Return, by kind, the last number given and how many documents there are."""
        if self._numbers is None:
            if self._numbers_found is None:
                rows = self._query(sql.NUMBERS, (self.account,))
                self._numbers_found = rows[0][0] if rows else "{}"
            self._numbers = decode(self._numbers_found.encode())
        return self._numbers
