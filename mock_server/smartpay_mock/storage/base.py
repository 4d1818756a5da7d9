"""What a store promises, whatever it is made of.

A *store* keeps documents. A document is bytes under (account, kind, id); beside the
bytes stand the few columns that are searched: ``seq``,
``index_key``, ``due``. Everything an account owns is such a document.

Documents are read and changed in *units of work*. All that a unit writes is applied
together when it ends, or not at all when it ends in an exception. Write units of one
account run one after the other, so what a unit reads cannot change under it.

``seq`` numbers the documents of one kind in one account: 1, 2, 3 … in the order of
their first ``put``. A number is never given twice, even when its document is gone;
only :meth:`Unit.clear` starts over, because a cleared account is a new one.

The same tests run on every store (``tests/mock_server/storage``).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from smartpay_mock.kernel.errors import StoreError

__all__ = [
    "Closing",
    "OpenUnit",
    "Row",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "Unit",
    "closed",
    "read_only",
    "second_unit",
    "taken",
]


class StoreUnavailable(StoreError):  # noqa: N818 - a state, as in "503 Unavailable"
    """The store cannot be reached or is busy; the same call may succeed later."""


def second_unit() -> StoreError:
    """Build the error for a thread that asks the store while it has a unit open."""
    return StoreError(
        "This thread has a unit of work open already, and the store may have to wait "
        "for it. End it first, then ask the store for something else."
    )


def read_only(account: str) -> StoreError:
    """Build the error for writing in a unit that was opened for reading."""
    return StoreError(
        f"This unit on the account {account!r} was opened with read() and cannot "
        "write. Open it with write()."
    )


def closed(name: str) -> StoreError:
    """Build the error for using a store after it was closed."""
    return StoreError(f"The {name} store is closed. Open a new one with open_store().")


def taken(kind: str, id_: str, seq: int) -> StoreError:
    """Build the error for loading a document onto another one."""
    return StoreError(
        f"The {kind} {id_!r} cannot be loaded as number {seq}: the number is not free, "
        "or the id is there already, or it is below 1. Clear the account, then load."
    )


class Row(NamedTuple):
    """A document with its columns.

    Attributes:
        seq: Its number within account and kind, from 1; newer is greater.
        id: Its id, unique within account and kind.
        body: The document, as it was put.
        attachment: Further bytes that belong to it, or ``None``.
        index_key: What it is listed by (an order's id for a payment), or ``None``.
        due: When something is to happen to it, in milliseconds since the epoch of the
            account's clock, or ``None``.
    """

    seq: int
    id: str
    body: bytes
    attachment: bytes | None
    index_key: str | None
    due: int | None


class Unit(Protocol):
    """A unit of work on one account.

    It sees its own writes at once; others see them when it has ended well. It belongs
    to the thread that opened it and is dead after its ``with`` block.
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
        """Insert a document or replace it with all its columns.

        Args:
            kind: What sort of document it is.
            id_: Unique within account and kind.
            body: Kept as it is, without a copy where the store is in memory.
            index_key: As in :class:`Row`; left out means ``None``, also on replacing.
            due: Milliseconds since the epoch; likewise.
            attachment: Likewise.

        Raises:
            StoreError: The unit was opened for reading.
        """

    def delete(self, kind: str, id_: str) -> bool:
        """Delete a document; return whether there was one.

        Raises:
            StoreError: The unit was opened for reading.
        """

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
        """Return documents that are due, the earliest first, then by ``seq``.

        Args:
            kind: Which documents.
            until: Milliseconds since the epoch, inclusive.
            limit: How many at the most, from 1.
        """

    def next_due(self, kind: str) -> int | None:
        """Return the earliest ``due`` of a kind, or ``None`` if nothing is due ever."""

    def count(self, kind: str, *, index_key: str | None = None) -> int:
        """Return how many documents of a kind there are, all or those with a key."""

    def trim(self, kind: str, keep: int) -> None:
        """Delete the oldest documents of a kind beyond ``keep``.

        Raises:
            StoreError: The unit was opened for reading.
        """

    def kinds(self) -> list[str]:
        """Return the kinds of which there is a document, sorted."""

    def dump(self) -> Iterator[tuple[str, Row]]:
        """Yield every document with its kind: by kind, the oldest first.

        Nothing may be written in this unit meanwhile.
        """

    def load(self, kind: str, row: Row) -> None:
        """Insert a document with the ``seq`` it has, as :meth:`dump` gave it.

        Raises:
            StoreError: Its id or its ``seq`` is taken (clear the account first), its
                ``seq`` is below 1, or the unit was opened for reading.
        """

    def clear(self) -> None:
        """Delete everything the account has; it numbers from 1 again.

        Raises:
            StoreError: The unit was opened for reading.
        """

    def discard(self) -> None:
        """Forget everything written in this unit so far; it stays open."""


class OpenUnit(Protocol):
    """What ``with`` needs to open and end a unit."""

    def __enter__(self) -> Unit: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


class Store(Protocol):
    """Documents of many accounts.

    Every method may be called from any thread. A thread that has a unit open calls
    none of them (but ``close``) until the unit has ended: that is refused with
    ``StoreError`` on every store, because some would wait for themselves.

    ``with open_store(...) as store:`` closes the store at the end.

    Attributes:
        name: ``memory``, ``sqlite`` or ``postgresql``.
    """

    name: str

    def write(self, account: str) -> OpenUnit:
        """Open a unit that may write: applied at the end, rolled back on an exception.

        Args:
            account: The account's id.

        Raises:
            StoreError: This thread has a unit open, or the store is closed.
            StoreUnavailable: The store cannot be reached, or another unit did not end
                in time. Raised at the end of the unit, too: nothing was applied then,
                unless the text says that it is unknown.
        """

    def read(self, account: str) -> OpenUnit:
        """Open a unit that may not write and sees one state: the last one applied.

        Args:
            account: The account's id.

        Raises:
            StoreError: As for :meth:`write`.
            StoreUnavailable: As for :meth:`write`.
        """

    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""

    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted.

        A hint: open a unit to be sure. A document that is being written at this
        moment may be found already or not yet.
        """

    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""

    def lease(self, name: str, holder: str, *, until_ms: int, now_ms: int) -> bool:
        """Take or renew the lease ``name``; return whether ``holder`` has it now.

        It is had by one holder at a time. A lease that is not renewed is free again
        from ``until_ms`` on.

        Args:
            name: What is leased.
            holder: Who asks; unique among processes and machines.
            until_ms: Until when, in milliseconds since the epoch of the wall clock.
            now_ms: The caller's wall clock. Clocks of several machines must agree
                to well within the length of a lease.
        """

    def release(self, name: str, holder: str) -> None:
        """Give the lease ``name`` back, if ``holder`` has it."""

    def close(self) -> None:
        """Close files and connections; a unit that is still open ends first or fails.

        Closing twice is harmless.
        """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Closing:
    """What every store shares: ``with`` closes it at the end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        raise NotImplementedError
