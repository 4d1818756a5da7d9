"""Whose turn it is to deliver for an account: one thread of one process at a time.

Threads of this process take turns by a lock; processes that share a store by a lease
in it, which runs out by itself when its holder dies.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from smartpay_mock.kernel.clock import SECOND_MS, wall_ms
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.storage.base import Store

# Longer than any attempt: it is renewed before an attempt when half of it is gone.
LEASE_MS = 60 * SECOND_MS
PATIENCE_S = 90.0
_RETRY_S = 0.02


class Turn:
    """The right to deliver for one account, as long as ``is_held`` says so."""

    def __init__(
        self, store: Store, name: str, *, holder: str, wall: Callable[[], int]
    ) -> None:
        self._store = store
        self._name = name
        self._holder = holder
        self._wall = wall
        self._until = 0

    def is_held(self) -> bool:
        """Return whether the turn is still ours, and renew it when it grows old."""
        now = self._wall()
        if self._until - now > LEASE_MS // 2:
            return True
        until = now + LEASE_MS
        is_ours = self._store.lease(
            self._name, self._holder, until_ms=until, now_ms=now
        )
        self._until = until if is_ours else 0
        return is_ours

    def end(self) -> None:
        """Give the turn back."""
        self._store.release(self._name, self._holder)


class Turns:
    """Hands out turns.

    Args:
        store: Where the leases are.
        holder: Names this process; no two that share a store may have the same.
        wall: The wall clock in milliseconds. Leases do not follow account clocks.
    """

    def __init__(
        self, store: Store, *, holder: str, wall: Callable[[], int] = wall_ms
    ) -> None:
        self._store = store
        self._holder = holder
        self._wall = wall
        self._locks: dict[str, threading.Lock] = {}

    @contextmanager
    def take(self, account: str, *, patience_s: float) -> Iterator[Turn | None]:
        """Hold the turn of an account; ``None`` when another keeps it too long."""
        deadline = time.monotonic() + patience_s
        lock = self._locks.setdefault(account, threading.Lock())
        if not lock.acquire(timeout=patience_s):
            yield None
            return
        try:
            turn = Turn(
                self._store,
                f"webhooks/{account}",
                holder=self._holder,
                wall=self._wall,
            )
            if not _wait_for(turn, deadline):
                yield None
                return
            try:
                yield turn
            finally:
                turn.end()
        finally:
            lock.release()


def busy_error(account: str, patience_s: float) -> SandboxUsageError:
    """Return the error for a caller who waited for its turn in vain."""
    return SandboxUsageError(
        f"Another worker has been delivering the webhooks of {account} for "
        f"{patience_s:g} s; a receiver is slow or hangs. Let it answer 200, then "
        "try again."
    )


def _wait_for(turn: Turn, deadline: float) -> bool:
    pause = threading.Event()
    while not turn.is_held():
        if time.monotonic() >= deadline:
            return False
        pause.wait(_RETRY_S)
    return True
