"""Units of work on one account in memory.

A write is applied at once and its inverse noted; discarding and rolling back apply the
inverses, the last one first. What these methods promise stands in ``base.Unit``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

from smartpay_mock.storage.agenda import Agenda
from smartpay_mock.storage.base import Row, second_unit, taken
from smartpay_mock.storage.reading import ReadOnly
from smartpay_mock.storage.shelf import Shelf


class Drawer:
    """What one account has: its shelves by kind, and the lock its units hold."""

    __slots__ = ("id", "lock", "shelves")

    def __init__(self, id_: str) -> None:
        self.id = id_
        self.lock = threading.Lock()
        self.shelves: dict[str, Shelf] = {}


class _Unit:
    """The reading half, and what opens and ends a unit."""

    __slots__ = ("_drawer", "_shelves", "_thread", "account")

    def __init__(self, drawer: Drawer, thread: threading.local) -> None:
        self.account = drawer.id
        self._drawer = drawer
        self._shelves = drawer.shelves
        self._thread = thread

    def _begin(self) -> None:
        thread = self._thread
        if getattr(thread, "is_busy", False):
            raise second_unit()
        self._drawer.lock.acquire()
        thread.is_busy = True
        self._shelves = self._drawer.shelves

    def _end(self) -> None:
        self._thread.is_busy = False
        self._drawer.lock.release()

    def get(self, kind: str, id_: str) -> bytes | None:
        shelf = self._shelves.get(kind)
        return None if shelf is None else shelf.bodies.get(id_)

    def row(self, kind: str, id_: str) -> Row | None:
        shelf = self._shelves.get(kind)
        if shelf is None or id_ not in shelf.bodies:
            return None
        return shelf.row(id_)

    def page(
        self,
        kind: str,
        *,
        limit: int,
        before: int | None = None,
        index_key: str | None = None,
    ) -> list[Row]:
        shelf = self._shelves.get(kind)
        if shelf is None:
            return []
        return shelf.page(limit=limit, before=before, index_key=index_key)

    def due(self, kind: str, *, until: int, limit: int) -> list[Row]:
        shelf = self._shelves.get(kind)
        return [] if shelf is None else shelf.due(until=until, limit=limit)

    def next_due(self, kind: str) -> int | None:
        shelf = self._shelves.get(kind)
        return None if shelf is None else shelf.next_due()

    def count(self, kind: str, *, index_key: str | None = None) -> int:
        shelf = self._shelves.get(kind)
        return 0 if shelf is None else shelf.count(index_key)

    def kinds(self) -> list[str]:
        return sorted(kind for kind, shelf in self._shelves.items() if shelf.bodies)

    def dump(self) -> Iterator[tuple[str, Row]]:
        for kind in self.kinds():
            for row in self._shelves[kind].rows():
                yield kind, row


class MemoryReader(ReadOnly, _Unit):
    """A unit for reading."""

    __slots__ = ()

    def __enter__(self) -> MemoryReader:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()


class MemoryWriter(_Unit):
    """A unit for writing."""

    __slots__ = ("_agenda", "_due_kinds", "_inverses")

    def __init__(self, drawer: Drawer, thread: threading.local, agenda: Agenda) -> None:
        super().__init__(drawer, thread)
        self._agenda = agenda
        self._due_kinds: set[str] = set()
        self._inverses: list[tuple[Callable[[Any], None], Any]] = []

    def __enter__(self) -> MemoryWriter:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is not None:
                self.discard()
            for due_kind in self._due_kinds:
                self._agenda.note(due_kind, self.account, self.next_due(due_kind))
        finally:
            self._end()

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
        shelf = self._shelf(kind)
        if due is not None:
            self._due_kinds.add(kind)
        if id_ not in shelf.bodies:
            self._inverses.append((shelf.take_back, id_))
            shelf.append(id_, body, attachment, index_key=index_key, due=due)
            return
        before = shelf.row(id_)
        self._inverses.append((shelf.put_back, before))
        if before.due is not None:
            self._due_kinds.add(kind)
        shelf.replace(Row(before.seq, id_, body, attachment, index_key, due))

    def delete(self, kind: str, id_: str) -> bool:
        """Delete a document; return whether there was one."""
        row = self.row(kind, id_)
        if row is None:
            return False
        self._remove(kind, self._shelves[kind], row)
        return True

    def trim(self, kind: str, keep: int) -> None:
        """Delete the oldest documents of a kind beyond ``keep``."""
        shelf = self._shelf(kind)
        if len(shelf.bodies) > keep:
            rows = shelf.drop_oldest(len(shelf.bodies) - keep)
            self._inverses.append((shelf.put_all_back, rows))
            self._due_kinds.add(kind)

    def load(self, kind: str, row: Row) -> None:
        """Insert a document with the ``seq`` it has."""
        shelf = self._shelf(kind)
        if row.id in shelf.bodies or shelf.has(row.seq) or row.seq < 1:
            raise taken(kind, row.id, row.seq)
        self._inverses.append((shelf.lower, shelf.last))
        self._inverses.append((shelf.take_back, row.id))
        if row.due is not None:
            self._due_kinds.add(kind)
        shelf.insert(row)

    def clear(self) -> None:
        """Delete everything the account has."""
        self._inverses.append((self._place, self._shelves))
        self._due_kinds.update(
            kind for kind in self._shelves if self.next_due(kind) is not None
        )
        self._place({})

    def discard(self) -> None:
        """Forget everything written in this unit so far."""
        for undo, what in reversed(self._inverses):
            undo(what)
        self._inverses.clear()

    def _place(self, shelves: dict[str, Shelf]) -> None:
        self._shelves = self._drawer.shelves = shelves

    def _shelf(self, kind: str) -> Shelf:
        shelf = self._shelves.get(kind)
        if shelf is None:
            shelf = self._shelves[kind] = Shelf()
        return shelf

    def _remove(self, kind: str, shelf: Shelf, row: Row) -> None:
        self._inverses.append((shelf.put_back, row))
        if row.due is not None:
            self._due_kinds.add(kind)
        shelf.remove(row.id)
