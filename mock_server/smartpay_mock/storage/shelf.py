"""The documents of one kind in one account, in memory.

Bodies stay encoded and every large table holds only strings, bytes and integers: the
garbage collector does not walk such dicts, so its pauses do not grow with what is
stored. (As decoded dicts, 100,000 orders cost pauses of half a second.)
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort

from smartpay_mock.storage.base import Row
from smartpay_mock.storage.ladder import Ladder

SEQ_BITS = 40
"""A due time and a number share one integer: the number in these low bits."""

_SEQ_MASK = (1 << SEQ_BITS) - 1


class Shelf:
    """Tables by id and by number, and the indexes over them.

    Attributes:
        bodies: By id.
        seqs: The number of each id.
        last: The greatest number given so far.
    """

    __slots__ = (
        "_attachments",
        "_due",
        "_due_of",
        "_ids",
        "_index_key_of",
        "_owned",
        "_seq",
        "bodies",
        "last",
        "seqs",
    )

    def __init__(self) -> None:
        self.last = 0
        self.bodies: dict[str, bytes] = {}
        self.seqs: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._seq = Ladder()
        self._attachments: dict[str, bytes] = {}
        self._index_key_of: dict[str, str] = {}
        # Most owners have one document: a bare number costs a third of an array.
        self._owned: dict[str, int | array[int]] = {}
        self._due_of: dict[str, int] = {}
        self._due = Ladder(is_wide=True)

    def __len__(self) -> int:
        return len(self.bodies)

    def row(self, id_: str) -> Row:
        """Return a document that is there."""
        return Row(
            self.seqs[id_],
            id_,
            self.bodies[id_],
            self._attachments.get(id_),
            self._index_key_of.get(id_),
            self._due_of.get(id_),
        )

    def has(self, seq: int) -> bool:
        """Return whether the number is in use."""
        return seq in self._ids

    def is_due(self, id_: str) -> bool:
        """Return whether the document has a due time."""
        return id_ in self._due_of

    def append(
        self,
        id_: str,
        body: bytes,
        attachment: bytes | None,
        *,
        index_key: str | None,
        due: int | None,
    ) -> None:
        """Add a document whose id is free under the next number."""
        self.last = seq = self.last + 1
        self.bodies[id_] = body
        self.seqs[id_] = seq
        self._ids[seq] = id_
        self._seq.steps.append(seq)  # the greatest there is
        if attachment is not None:
            self._attachments[id_] = attachment
        if index_key is not None:
            self._own(id_, seq, index_key)
        if due is not None:
            self._schedule(id_, seq, due)

    def insert(self, row: Row) -> None:
        """Add a document whose id and number are free."""
        seq, id_, body, attachment, index_key, due = row
        self.bodies[id_] = body
        self.seqs[id_] = seq
        self._ids[seq] = id_
        self._seq.add(seq)
        self.last = max(self.last, seq)
        if attachment is not None:
            self._attachments[id_] = attachment
        if index_key is not None:
            self._own(id_, seq, index_key)
        if due is not None:
            self._schedule(id_, seq, due)

    def replace(self, row: Row) -> None:
        """Change a document that is there, in everything but its number."""
        seq, id_, body, attachment, index_key, due = row
        self.bodies[id_] = body
        if attachment is not None:
            self._attachments[id_] = attachment
        elif self._attachments:
            self._attachments.pop(id_, None)
        if self._index_key_of.get(id_) != index_key:
            self._disown(id_, seq)
            if index_key is not None:
                self._own(id_, seq, index_key)
        if self._due_of.get(id_) != due:
            self._unschedule(id_, seq)
            if due is not None:
                self._schedule(id_, seq, due)

    def remove(self, id_: str) -> None:
        """Take a document that is there away; its number stays used."""
        seq = self.seqs.pop(id_)
        del self.bodies[id_]
        del self._ids[seq]
        self._seq.drop(seq)
        self._attachments.pop(id_, None)
        self._disown(id_, seq)
        self._unschedule(id_, seq)

    def drop_oldest(self, count: int) -> list[Row]:
        """Take the documents with the smallest numbers away and return them."""
        rows = self._rows(self._seq.lowest(limit=count, until=self.last))
        for row in rows:
            self.remove(row.id)
        return rows

    def put_all_back(self, rows: list[Row]) -> None:
        """Undo ``drop_oldest``, given what it returned."""
        for row in reversed(rows):
            self.insert(row)

    def take_back(self, id_: str) -> None:
        """Undo ``append``."""
        self.last = self.seqs[id_] - 1
        self.remove(id_)

    def lower(self, last: int) -> None:
        """Undo what ``insert`` did to the greatest number given."""
        self.last = last

    def put_back(self, row: Row) -> None:
        """Undo ``replace`` or ``remove``, given what was there before."""
        (self.replace if row.id in self.bodies else self.insert)(row)

    def page(
        self, *, limit: int, before: int | None, index_key: str | None
    ) -> list[Row]:
        """Return up to ``limit`` documents numbered below ``before``, newest first."""
        if index_key is None:
            return self._rows(self._seq.highest(limit=limit, before=before))
        owned = self._owned.get(index_key)
        if owned is None:
            return []
        if isinstance(owned, int):
            return self._rows([owned] if before is None or owned < before else [])
        end = len(owned) if before is None else bisect_left(owned, before)
        return self._rows(list(owned[max(0, end - limit) : end])[::-1])

    def due(self, *, until: int, limit: int) -> list[Row]:
        """Return up to ``limit`` documents due at ``until``, the earliest first."""
        first = self._due.first()
        last_key = (until << SEQ_BITS) | _SEQ_MASK
        if first is None or first > last_key:
            return []
        keys = self._due.lowest(limit=limit, until=last_key)
        return self._rows([key & _SEQ_MASK for key in keys])

    def next_due(self) -> int | None:
        """Return the earliest due time, or ``None``."""
        key = self._due.first()
        return None if key is None else key >> SEQ_BITS

    def count(self, index_key: str | None) -> int:
        """Return how many documents there are, or an index_key has."""
        if index_key is None:
            return len(self.bodies)
        owned = self._owned.get(index_key)
        if owned is None:
            return 0
        return 1 if isinstance(owned, int) else len(owned)

    def rows(self) -> list[Row]:
        """Return every document, the oldest first."""
        return self._rows(list(self._seq.steps[self._seq.head :]))

    def _rows(self, seqs: list[int]) -> list[Row]:
        ids, bodies = self._ids, self.bodies
        attachments, owners, dues = self._attachments, self._index_key_of, self._due_of
        return [
            Row(
                seq,
                id_ := ids[seq],
                bodies[id_],
                attachments.get(id_),
                owners.get(id_),
                dues.get(id_),
            )
            for seq in seqs
        ]

    def _own(self, id_: str, seq: int, index_key: str) -> None:
        self._index_key_of[id_] = index_key
        owned = self._owned.get(index_key)
        if owned is None:
            self._owned[index_key] = seq
        elif isinstance(owned, int):
            self._owned[index_key] = array("q", sorted((owned, seq)))
        elif seq > owned[-1]:
            owned.append(seq)
        else:
            insort(owned, seq)

    def _disown(self, id_: str, seq: int) -> None:
        index_key = self._index_key_of.pop(id_, None)
        if index_key is None:
            return
        owned = self._owned[index_key]
        if isinstance(owned, int):
            del self._owned[index_key]
            return
        del owned[bisect_left(owned, seq)]
        if len(owned) == 1:
            self._owned[index_key] = owned[0]

    def _schedule(self, id_: str, seq: int, due: int) -> None:
        self._due_of[id_] = due
        self._due.add((due << SEQ_BITS) | seq)

    def _unschedule(self, id_: str, seq: int) -> None:
        due = self._due_of.pop(id_, None)
        if due is not None:
            self._due.drop((due << SEQ_BITS) | seq)
