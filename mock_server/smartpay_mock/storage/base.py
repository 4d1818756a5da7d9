"""The contract of a store, which every kind of store keeps.

A *store* keeps documents. A document is bytes under (account, kind, id); beside the
bytes are the few columns that are searched: ``seq``, ``index_key`` and ``due``.
Everything an account owns is such a document.

Documents are read and changed in *units of work*. All writes of a unit are applied
together when it ends, or none of them when it ends in an exception. Write units of one
account run one after the other, so what a unit reads cannot change under it.

``seq`` is the order of creation. A new document gets a number greater than all earlier
ones of its account, and replacing a document keeps its number. A number is never used
twice; only :meth:`Unit.clear` may start over. Numbers may have gaps.

The same tests run on every store (``tests/mock_server/storage``).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple, Protocol, Self

from smartpay_mock.kernel.errors import StoreError

__all__ = [
    "Row",
    "Store",
    "StoreError",
    "StoreNotWritable",
    "StoreUnavailable",
    "Unit",
    "dump",
]


_ALL = 1 << 62


class StoreUnavailable(StoreError):  # noqa: N818 - a state, as in "503 Unavailable"
    """The store cannot be reached or is busy; the same call may succeed later."""


class StoreNotWritable(StoreUnavailable):
    """The store can be read, but not written: a full disk, a read-only file."""


class Row(NamedTuple):
    """A document with its columns.

    Attributes:
        seq: Its number; newer documents of the account have greater ones.
        id: Its id, unique within account and kind.
        body: The document, as it was put.
        attachment: Further bytes that belong to it, or ``None``.
        index_key: Key to list it by (an endpoint's id for a delivery), or ``None``.
        due: When its timer fires, in milliseconds since the epoch of the account's
            clock, or ``None``.
    """

    seq: int
    id: str
    body: bytes
    attachment: bytes | None
    index_key: str | None
    due: int | None


class Unit(Protocol):
    """A unit of work on one account.

    It sees its own writes at once; others see them after it has ended. It belongs to
    the thread that opened it. Every method that writes raises ``StoreError`` in a unit
    that was opened for reading.
    """

    @property
    def account(self) -> str:
        """The id of the account it works on."""

    def get(self, kind: str, id_: str) -> bytes | None:
        """Return the body of a document, or ``None`` if there is none."""

    def row(self, kind: str, id_: str) -> Row | None:
        """Return a document with its columns, or ``None`` if there is none."""

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
        """Insert a document, or replace it with all its columns (see :class:`Row`)."""

    def delete(self, kind: str, id_: str) -> bool:
        """Delete a document; return whether there was one."""

    def page(
        self,
        kind: str,
        *,
        limit: int,
        before: int | None = None,
        index_key: str | None = None,
    ) -> list[Row]:
        """Return documents, newest first.

        The cost depends on ``limit``, not on how many documents there are, and a page
        does not shift when documents are added.

        Args:
            kind: Which documents.
            limit: How many at the most, from 1.
            before: Only those with a smaller ``seq``: the last one of the page before.
            index_key: Only those with this key.
        """

    def due(self, kind: str, *, until: int, limit: int) -> list[Row]:
        """Return up to ``limit`` documents due at ``until``, by ``due`` and ``seq``."""

    def next_due(self, kind: str) -> int | None:
        """Return the earliest ``due`` of a kind, or ``None`` if it has none."""

    def count(self, kind: str) -> int:
        """Return how many documents of a kind there are."""

    def trim(self, kind: str, keep: int) -> None:
        """Delete the oldest documents of a kind beyond ``keep``."""

    def kinds(self) -> list[str]:
        """Return the kinds of which there is a document, sorted."""

    def clear(self) -> None:
        """Delete everything the account has."""

    def discard(self) -> None:
        """Undo everything written in this unit so far; the unit stays open."""


class Store(ABC):
    """Documents of many accounts.

    Every method may be called from any thread. A thread that has a unit open may only
    call ``close``: another call could wait for the unit for ever, so every store
    refuses it with ``StoreError``.

    ``with open_store(...) as store:`` closes the store at the end.

    Attributes:
        name: ``memory``, ``sqlite`` or ``postgresql``.
        is_in_memory: Whether each account takes memory of this process.
    """

    name: str
    is_in_memory = False

    def __init__(self) -> None:
        self._thread = threading.local()
        self._is_closed = False

    @abstractmethod
    def write(self, account: str) -> AbstractContextManager[Unit]:
        """Open a unit that may write: applied at the end, rolled back on an exception.

        Raises:
            StoreError: This thread has a unit open, or the store is closed.
            StoreUnavailable: The store cannot be reached, or another unit did not end
                in time. It may also be raised at the end of the unit; nothing was
                applied then, unless the text says that it is unknown.
        """

    @abstractmethod
    def read(self, account: str) -> AbstractContextManager[Unit]:
        """Open a unit that may not write and sees one state: the last one applied.

        Raises:
            StoreError: As for :meth:`write`.
            StoreUnavailable: As for :meth:`write`.
        """

    @abstractmethod
    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""

    def check(self) -> None:
        """Check that it can be read, and be written after a write has failed.

        Raises:
            StoreUnavailable: It cannot; the text says why.
        """
        self.accounts()

    @abstractmethod
    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted.

        The answer may be outdated at once: open a unit to be sure.
        """

    @abstractmethod
    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""

    @abstractmethod
    def lease(self, name: str, holder: str, *, until_ms: int, now_ms: int) -> bool:
        """Take or renew the lease ``name``; return whether ``holder`` has it now.

        One holder has it at a time. A lease that is not renewed is free again from
        ``until_ms`` on.

        Args:
            name: What is leased.
            holder: Unique among processes and machines.
            until_ms: In milliseconds since the epoch of the wall clock.
            now_ms: The caller's wall clock. Clocks of several machines must agree
                to well within the length of a lease.
        """

    @abstractmethod
    def release(self, name: str, holder: str) -> None:
        """Give the lease ``name`` back, if ``holder`` has it."""

    @abstractmethod
    def close(self) -> None:
        """Close files and connections; a unit that is still open ends first or fails.

        Closing twice is harmless.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _enter_thread(self) -> None:
        """Note that this thread has a unit open.

        Raises:
            StoreError: It has one already, or the store is closed.
        """
        self._check_thread()
        self._thread.is_busy = True

    def _check_thread(self) -> None:
        """Refuse a call of a thread that has a unit open, or to a closed store."""
        if getattr(self._thread, "is_busy", False):
            raise StoreError(
                "This thread has a unit of work open already, and the store may have "
                "to wait for it. End it first, then use the store again."
            )
        if self._is_closed:
            raise StoreError(
                f"The {self.name} store is closed. Open a new one with open_store()."
            )

    def _leave_thread(self) -> None:
        self._thread.is_busy = False

    @contextmanager
    def _one_unit(self) -> Iterator[None]:
        """Note inside that this thread has a unit open."""
        self._enter_thread()
        try:
            yield
        finally:
            self._leave_thread()


def read_only(account: str) -> StoreError:
    """Return the error for writing in a unit that was opened for reading."""
    return StoreError(
        f"This unit on the account {account!r} was opened with read() and cannot "
        "write. Open it with write()."
    )


def dump(unit: Unit) -> Iterator[tuple[str, Row]]:
    """Yield every document of a unit's account with its kind, the oldest first.

    The unit must not write meanwhile.
    """
    for kind in unit.kinds():
        for row in reversed(unit.page(kind, limit=_ALL)):
            yield kind, row
