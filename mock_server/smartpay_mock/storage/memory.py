"""Documents in this process's memory: the default, gone when the process ends.

Each account has a lock that a unit holds from its beginning to its end, so two
accounts never wait for each other.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left, bisect_right, insort
from operator import itemgetter

from smartpay_mock.kernel.waiting import before_waiting
from smartpay_mock.storage.base import Row, Store, read_only

SEQ_BITS = 40
"""A due time and a number share one integer: the number in these low bits."""

_SEQ_MASK = (1 << SEQ_BITS) - 1


class Table:
    """The documents of one kind in one account: a dict per column, and the indexes.

    The dicts hold strings, bytes and integers only. Python's garbage collector does not
    visit the contents of such dicts, so its pauses stay short with many documents.

    Attributes:
        bodies: By id.
    """

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self._seqs: dict[str, int] = {}
        self._attachments: dict[str, bytes] = {}
        self._keys: dict[str, str] = {}
        self._dues: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._numbers = array("q")  # sorted
        # Most keys have one document; a bare number is smaller than an array.
        self._by_key: dict[str, int | array[int]] = {}
        self._by_due: list[int] = []  # sorted

    def row(self, id_: str) -> Row | None:
        """Return a document, or ``None``."""
        seq = self._seqs.get(id_)
        return None if seq is None else self._row(seq)

    def _row(self, seq: int) -> Row:
        id_ = self._ids[seq]
        return Row(
            seq,
            id_,
            self.bodies[id_],
            self._attachments.get(id_),
            self._keys.get(id_),
            self._dues.get(id_),
        )

    def write(
        self,
        seq: int,
        id_: str,
        body: bytes,
        attachment: bytes | None,
        *,
        index_key: str | None,
        due: int | None,
    ) -> None:
        """Insert a document, or replace the one with its id and number."""
        if id_ in self.bodies:
            self._clear_columns(id_, seq)
        else:
            self._seqs[id_] = seq
            self._ids[seq] = id_
            _add(self._numbers, seq)
        self.bodies[id_] = body
        if attachment is not None:
            self._attachments[id_] = attachment
        if index_key is not None:
            self._set_key(id_, seq, index_key)
        if due is not None:
            self._dues[id_] = due
            _add(self._by_due, (due << SEQ_BITS) | seq)

    def remove(self, id_: str) -> None:
        """Delete a document that is there."""
        seq = self._seqs.pop(id_)
        del self.bodies[id_]
        del self._ids[seq]
        del self._numbers[bisect_left(self._numbers, seq)]
        self._clear_columns(id_, seq)

    def page(self, limit: int, before: int | None, index_key: str | None) -> list[Row]:
        """Return up to ``limit`` documents numbered below ``before``, newest first."""
        numbers = self._numbers if index_key is None else self._with_key(index_key)
        end = len(numbers) if before is None else bisect_left(numbers, before)
        return [self._row(seq) for seq in reversed(numbers[max(0, end - limit) : end])]

    def oldest(self, limit: int) -> list[Row]:
        """Return up to ``limit`` documents, the oldest first."""
        return [self._row(seq) for seq in self._numbers[:limit]]

    def due(self, until: int, limit: int) -> list[Row]:
        """Return up to ``limit`` documents due at ``until``, the earliest first."""
        end = bisect_right(self._by_due, (until << SEQ_BITS) | _SEQ_MASK)
        return [self._row(n & _SEQ_MASK) for n in self._by_due[: min(end, limit)]]

    def next_due(self) -> int | None:
        """Return the earliest due time, or ``None``."""
        first = self._by_due[:1]  # a copy: another thread may change the list
        return first[0] >> SEQ_BITS if first else None

    def _with_key(self, index_key: str) -> array[int]:
        """Return the numbers of the documents with a key, sorted."""
        found = self._by_key.get(index_key)
        if isinstance(found, array):
            return found
        return array("q", [] if found is None else [found])

    def _set_key(self, id_: str, seq: int, index_key: str) -> None:
        self._keys[id_] = index_key
        if index_key in self._by_key:
            numbers = self._by_key[index_key] = self._with_key(index_key)
            _add(numbers, seq)
        else:
            self._by_key[index_key] = seq

    def _clear_columns(self, id_: str, seq: int) -> None:
        """Delete a document's attachment, key and due time."""
        self._attachments.pop(id_, None)
        index_key = self._keys.pop(id_, None)
        if index_key is not None:
            numbers = self._with_key(index_key)
            del numbers[bisect_left(numbers, seq)]
            if numbers:
                self._by_key[index_key] = numbers
            else:
                del self._by_key[index_key]
        due = self._dues.pop(id_, None)
        if due is not None:
            del self._by_due[bisect_left(self._by_due, (due << SEQ_BITS) | seq)]


def _add(numbers: array[int] | list[int], number: int) -> None:
    """Add to sorted numbers; most are greater than all that are there."""
    if not numbers or number > numbers[-1]:
        numbers.append(number)
    else:
        insort(numbers, number)


class AccountData:
    """What one account has: a table per kind, and the lock that its units hold."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.tables: dict[str, Table] = {}
        self.last_seq = 0


_EMPTY = Table()
"""Read in place of a table that does not exist yet."""


class _Unit:
    """A unit of work; ``base.Unit`` documents its methods.

    A write is applied at once; what it replaces is noted, to undo it.
    """

    _data: AccountData
    _seq_before: int
    _tables_before: dict[str, Table]

    def __init__(self, store: MemoryStore, account: str, *, can_write: bool) -> None:
        self.account = account
        self._store = store
        self._can_write = can_write
        # The document of each write as it was before, or None if there was none.
        self._undo: list[tuple[Table, str, Row | None]] = []

    def __enter__(self) -> _Unit:
        self._data = self._store.begin(self.account)
        self._seq_before = self._data.last_seq
        self._tables_before = self._data.tables
        return self

    def __exit__(self, error_type: type[BaseException] | None, *_: object) -> None:
        try:
            if error_type is not None:
                self.discard()
        finally:
            self._store.end(self.account, self._data)

    def get(self, kind: str, id_: str) -> bytes | None:
        return self._read(kind).bodies.get(id_)

    def row(self, kind: str, id_: str) -> Row | None:
        return self._read(kind).row(id_)

    def page(
        self,
        kind: str,
        *,
        limit: int,
        before: int | None = None,
        index_key: str | None = None,
    ) -> list[Row]:
        return self._read(kind).page(limit, before, index_key)

    def due(self, kind: str, *, until: int, limit: int) -> list[Row]:
        return self._read(kind).due(until, limit)

    def next_due(self, kind: str) -> int | None:
        return self._read(kind).next_due()

    def count(self, kind: str) -> int:
        return len(self._read(kind).bodies)

    def kinds(self) -> list[str]:
        return sorted(kind for kind, table in self._data.tables.items() if table.bodies)

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
        table = self._table(kind)
        before = table.row(id_) if id_ in table.bodies else None
        self._undo.append((table, id_, before))
        # Replacing uses a number up, too, as SQLite does: with a seed, both give the
        # same page tokens.
        self._data.last_seq = seq = self._data.last_seq + 1
        if before is not None:
            seq = before.seq
        table.write(seq, id_, body, attachment, index_key=index_key, due=due)

    def delete(self, kind: str, id_: str) -> bool:
        table = self._table(kind)
        before = table.row(id_)
        if before is not None:
            self._remove(table, before)
        return before is not None

    def trim(self, kind: str, keep: int) -> None:
        table = self._table(kind)
        for row in table.oldest(max(0, len(table.bodies) - keep)):
            self._remove(table, row)

    def clear(self) -> None:
        if not self._can_write:
            raise read_only(self.account)
        self._data.tables = {}
        self._data.last_seq = 0

    def discard(self) -> None:
        for table, id_, before in reversed(self._undo):
            if before is None:
                table.remove(id_)
            else:
                table.write(*before[:4], index_key=before.index_key, due=before.due)
        self._undo.clear()
        self._data.tables = self._tables_before
        self._data.last_seq = self._seq_before

    def _remove(self, table: Table, row: Row) -> None:
        self._undo.append((table, row.id, row))
        table.remove(row.id)

    def _read(self, kind: str) -> Table:
        return self._data.tables.get(kind, _EMPTY)

    def _table(self, kind: str) -> Table:
        """Return the table of a kind, to write in it."""
        if not self._can_write:
            raise read_only(self.account)
        table = self._data.tables.get(kind)
        if table is None:
            table = self._data.tables[kind] = Table()
        return table


class MemoryStore(Store):
    """A store in memory; ``base.Store`` documents its methods."""

    name = "memory"
    is_in_memory = True

    def __init__(self) -> None:
        super().__init__()
        self._accounts: dict[str, AccountData] = {}
        self._leases: dict[str, tuple[str, int]] = {}
        self._leases_lock = threading.Lock()

    def write(self, account: str) -> _Unit:
        """Open a unit that may write."""
        return _Unit(self, account, can_write=True)

    def read(self, account: str) -> _Unit:
        """Open a unit that may not write."""
        return _Unit(self, account, can_write=False)

    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""
        return [
            account
            for account, data in self._all()
            if any(table.bodies for table in list(data.tables.values()))
        ]

    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted."""
        return [name for name, table in self._tables(kind) if id_ in table.bodies]

    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""
        dues = [(name, table.next_due()) for name, table in self._tables(kind)]
        return [name for name, due in dues if due is not None and due <= until]

    def lease(self, name: str, holder: str, *, until_ms: int, now_ms: int) -> bool:
        """Take or renew a lease; return whether ``holder`` has it now."""
        self._check_thread()
        with self._leases_lock:
            known, ends = self._leases.get(name, (holder, until_ms))
            if known != holder and ends > now_ms:
                return False
            self._leases[name] = (holder, until_ms)
            return True

    def release(self, name: str, holder: str) -> None:
        """Give a lease back, if ``holder`` has it."""
        self._check_thread()
        with self._leases_lock:
            if self._leases.get(name, ("", 0))[0] == holder:
                del self._leases[name]

    def close(self) -> None:
        """Forget everything."""
        self._is_closed = True
        self._accounts = {}

    def begin(self, account: str) -> AccountData:
        """Begin a unit of this thread: wait for its account, and return its data."""
        self._enter_thread()
        while True:
            data = self._accounts.get(account)
            if data is None:
                data = self._accounts.setdefault(account, AccountData())
            if not data.lock.acquire(blocking=False):
                before_waiting()
                data.lock.acquire()
            if self._accounts.get(account) is data:
                return data
            data.lock.release()  # another unit has left the account empty meanwhile

    def end(self, account: str, data: AccountData) -> None:
        """End the unit; an account in which nothing was stored takes no memory."""
        if not data.last_seq:
            self._accounts.pop(account, None)
        self._leave_thread()
        data.lock.release()

    def _tables(self, kind: str) -> list[tuple[str, Table]]:
        """Return the table of a kind in each account that has one, sorted."""
        tables = [(name, data.tables.get(kind)) for name, data in self._all()]
        return [(name, table) for name, table in tables if table is not None]

    def _all(self) -> list[tuple[str, AccountData]]:
        self._check_thread()
        return sorted(self._accounts.items(), key=itemgetter(0))
