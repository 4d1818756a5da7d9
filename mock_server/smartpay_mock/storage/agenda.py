"""For each kind, which account is due next: found without asking every account."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right, insort


class Agenda:
    """The earliest due time of each (kind, account), sorted by time."""

    __slots__ = ("_lock", "_next", "_queues")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[tuple[str, str], int] = {}
        self._queues: dict[str, list[tuple[int, str]]] = {}

    def note(self, kind: str, account: str, due: int | None) -> None:
        """Note the earliest due time of an account's documents of a kind.

        The caller holds the account, so that no other note about it comes between.
        """
        known = self._next.get((kind, account))
        if known == due:
            return
        with self._lock:
            queue = self._queues.setdefault(kind, [])
            if known is not None:
                del queue[bisect_left(queue, (known, account))]
                del self._next[kind, account]
            if due is not None:
                insort(queue, (due, account))
                self._next[kind, account] = due

    def due(self, kind: str, until: int) -> list[str]:
        """Return the accounts due at ``until``, sorted."""
        with self._lock:
            queue = self._queues.get(kind, [])
            end = bisect_right(queue, until, key=lambda entry: entry[0])
            return sorted(account for _, account in queue[:end])
