"""The part of a unit that every database shares: a buffer of writes.

What is written waits in the buffer until the unit ends or asks a question that the
buffer cannot answer (a page, what is due). Then it goes out as one batch. So most units
send their writes once, together with the commit.

A document that the unit did not read before is taken for a new one and numbered. If it
was there after all, the batch runs into a unique key, is taken back, numbered anew and
sent again: no question is asked for what is almost never so.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from smartpay_mock.kernel.codec import encode
from smartpay_mock.storage import sql
from smartpay_mock.storage.base import Row, taken
from smartpay_mock.storage.buffered_reads import AT_ONCE, BufferedReads, Key

Batch = list[tuple[str, list[tuple[Any, ...]]]]
"""Statements with one tuple of values for each time they are to run, in order."""


class GuessedWrongError(Exception):
    """A document that was taken for new is there already; the batch was taken back."""


class BufferedWrites(BufferedReads):
    """A unit that writes through the buffer."""

    __slots__ = (
        "_dirty",
        "_doomed",
        "_fresh",
        "_has_news",
        "_is_blank",
        "_kinds",
        "_trims",
        "_wrote",
    )

    def __init__(self, account: str) -> None:
        super().__init__(account)
        self._forget()
        # Whether anything went out at all: nothing to make durable otherwise.
        self._wrote = False

    def _forget(self) -> None:
        """Empty the buffer."""
        # Keys to write, to delete, and those among the first that got a number just
        # now; each in the order of its first write.
        self._dirty: dict[Key, None] = {}
        self._doomed: dict[Key, None] = {}
        self._fresh: dict[Key, None] = {}
        self._trims: dict[str, int] = {}
        # Of what kinds these are.
        self._kinds: set[str] = set()
        self._has_news = False
        # Whether the account was cleared: what is not in the buffer is not there.
        self._is_blank = False

    @abstractmethod
    def _apply(self, batch: Batch, *, is_last: bool) -> None:
        """Run a batch as one; ``is_last`` when the unit ends with it.

        Raises:
            GuessedWrongError: A unique key was hit; nothing of the batch was done.
        """

    @abstractmethod
    def _mark(self) -> None:
        """Remember the point :meth:`_rewind` goes back to."""

    @abstractmethod
    def _rewind(self) -> None:
        """Undo everything since :meth:`_mark`."""

    def get(self, kind: str, id_: str) -> bytes | None:
        """Return the body of a document, or ``None``."""
        row = self._over.get((kind, id_))
        # Its number may turn out to be another one; its body may not.
        if row is not None and kind not in self._trims:
            return row.body
        return super().get(kind, id_)

    def row(self, kind: str, id_: str) -> Row | None:
        """Return a document with its columns, or ``None``."""
        key = (kind, id_)
        if key in self._fresh or kind in self._trims:
            self._send()
        return self._over.get(key) if self._is_blank else super().row(kind, id_)

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
        """Insert a document or replace it with all its columns."""
        if kind in self._trims:
            self._send()
        key = (kind, id_)
        known = self._over[key] if key in self._over else self._base.get(key)
        if known is None:
            seq = self._number(kind)
            self._fresh[key] = None
        else:
            seq = known.seq
        self._write(kind, Row(seq, id_, body, attachment, index_key, due))

    def delete(self, kind: str, id_: str) -> bool:
        """Delete a document; return whether there was one."""
        key = (kind, id_)
        if self.row(kind, id_) is None:
            return False
        self._over[key] = None
        self._dirty.pop(key, None)
        self._doomed[key] = None
        self._touch(kind)
        self._all_numbers()[kind][1] -= 1
        self._has_news = True
        return True

    def trim(self, kind: str, keep: int) -> None:
        """Delete the oldest documents of a kind beyond ``keep``."""
        if self._all_numbers().get(kind, [0, 0])[1] > keep:
            self._trims[kind] = min(keep, self._trims.get(kind, keep))
            self._touch(kind)

    def load(self, kind: str, row: Row) -> None:
        """Insert a document with the ``seq`` it has."""
        if self._fresh:
            self._send()
        if row.seq < 1 or self.row(kind, row.id) is not None:
            raise taken(kind, row.id, row.seq)
        numbers = self._all_numbers().setdefault(kind, [0, 0])
        if row.seq <= numbers[0]:
            self._send()
            if self._query(sql.SEQ_IN_USE, (self.account, kind, row.seq)):
                raise taken(kind, row.id, row.seq)
        numbers[:] = [max(numbers[0], row.seq), numbers[1] + 1]
        self._has_news = True
        self._write(kind, row)

    def clear(self) -> None:
        """Delete everything the account has."""
        self._forget()
        self._base.clear()
        self._over.clear()
        self._next_due.clear()
        self._numbers = {}
        self._has_news = self._is_blank = self._wrote = True
        if not self._is_marked:
            self._mark()
            self._is_marked = True
        self._apply([(sql.CLEAR, [(self.account,)])], is_last=False)

    def discard(self) -> None:
        """Forget everything written in this unit so far."""
        self._forget()
        self._over.clear()
        self._next_due.clear()
        self._numbers = None
        if self._is_marked:
            self._rewind()
            self._is_marked = False

    def _write(self, kind: str, row: Row) -> None:
        key = (kind, row.id)
        self._over[key] = row
        self._dirty[key] = None
        self._touch(kind)
        if len(self._dirty) >= AT_ONCE:
            self._send()

    def _touch(self, kind: str) -> None:
        """Note that the buffer holds something of a kind."""
        self._kinds.add(kind)
        self._next_due.pop(kind, None)

    def _settle(self, kind: str | None = None) -> None:
        if kind is None or kind in self._kinds:
            self._send()

    def _number(self, kind: str) -> int:
        """Return the next number of a kind, for one more document."""
        numbers = self._all_numbers().setdefault(kind, [0, 0])
        numbers[0] += 1
        numbers[1] += 1
        self._has_news = True
        return numbers[0]

    def _send(self, *, is_last: bool = False) -> None:
        """Send the buffer as one batch, if there is anything in it."""
        if not (self._dirty or self._doomed or self._has_news or self._trims):
            return
        self._wrote = True
        if not (is_last or self._is_marked):
            self._mark()
            self._is_marked = True
        try:
            self._apply(self._batch(), is_last=is_last)
        except GuessedWrongError:
            self._number_anew()
            self._apply(self._batch(), is_last=is_last)
        self._sent()

    def _batch(self) -> Batch:
        account, batch = self.account, Batch()
        if self._doomed:
            batch.append((sql.DELETE, [(account, *key) for key in self._doomed]))
        if self._dirty:
            rows = [(account, key[0], *(self._over[key] or ())) for key in self._dirty]
            batch.append((sql.UPSERT, rows))
        numbers = self._all_numbers()
        for kind, keep in self._trims.items():
            last, count = numbers[kind]
            if count > keep:
                last_to_go = count - keep - 1
                batch.append((sql.TRIM, [(account, kind, account, kind, last_to_go)]))
                numbers = {**numbers, kind: [last, keep]}
        if not (self._has_news or self._trims):
            return batch
        if numbers:
            total = sum(count for _, count in numbers.values())
            kept = encode(numbers).decode()
            batch.append((sql.KEEP_NUMBERS, [(account, kept, total)]))
        else:
            batch.append((sql.DROP_NUMBERS, [(account,)]))
        return batch

    def _sent(self) -> None:
        """Note that the batch went out."""
        numbers = self._all_numbers()
        for kind, keep in self._trims.items():
            numbers[kind][1] = min(numbers[kind][1], keep)
            for rows in (self._over, self._base):
                for key in [key for key in rows if key[0] == kind]:
                    del rows[key]
        is_blank = self._is_blank and not self._trims
        self._forget()
        self._is_blank = is_blank

    def _number_anew(self) -> None:
        """Number what is new in truth, and keep the numbers of what was there."""
        guessed = [key for key in self._fresh if key not in self._doomed]
        answers = self._query_each(sql.ROW, [(self.account, *key) for key in guessed])
        there = {
            key: rows[0][0] for key, rows in zip(guessed, answers, strict=True) if rows
        }
        numbers = self._all_numbers()
        for kind, _ in self._fresh:
            numbers[kind][0] -= 1
            numbers[kind][1] -= 1
        for key in self._fresh:
            row = self._over[key]
            seq = there.get(key) or self._number(key[0])
            self._over[key] = row and row._replace(seq=seq)
