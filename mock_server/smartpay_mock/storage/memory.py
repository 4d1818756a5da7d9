"""Documents in this process's memory: the default, gone when the process ends.

Each account has a lock that a unit holds from its beginning to its end, so two
accounts never wait for each other.
"""

from __future__ import annotations

import threading

from smartpay_mock.storage.agenda import Agenda
from smartpay_mock.storage.base import Closing, OpenUnit, closed, second_unit
from smartpay_mock.storage.memory_units import Drawer, MemoryReader, MemoryWriter


class MemoryStore(Closing):
    """A store in memory; ``base.Store`` says what it promises."""

    name = "memory"

    def __init__(self) -> None:
        self._thread = threading.local()
        self._drawers: dict[str, Drawer] = {}
        self._agenda = Agenda()
        self._leases: dict[str, tuple[str, int]] = {}
        self._leases_lock = threading.Lock()
        self._is_closed = False

    def write(self, account: str) -> OpenUnit:
        """Open a unit that may write."""
        return MemoryWriter(self._drawer(account), self._thread, self._agenda)

    def read(self, account: str) -> OpenUnit:
        """Open a unit that may not write."""
        return MemoryReader(self._drawer(account), self._thread)

    def accounts(self) -> list[str]:
        """Return the accounts that have a document, sorted."""
        self._check_thread()
        return sorted(
            id_
            for id_, drawer in list(self._drawers.items())
            if any(list(drawer.shelves.values()))
        )

    def locate(self, kind: str, id_: str) -> list[str]:
        """Return the accounts that have this document, sorted."""
        self._check_thread()
        return sorted(
            account
            for account, drawer in list(self._drawers.items())
            if (shelf := drawer.shelves.get(kind)) is not None and id_ in shelf.bodies
        )

    def due_accounts(self, kind: str, until: int) -> list[str]:
        """Return the accounts that have a document due at ``until`` (ms), sorted."""
        self._check_thread()
        return self._agenda.due(kind, until)

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
        self._drawers = {}

    def _check_thread(self) -> None:
        # Nothing would go wrong here; in a database it would.
        if getattr(self._thread, "is_busy", False):
            raise second_unit()

    def _drawer(self, account: str) -> Drawer:
        drawer = self._drawers.get(account)
        if drawer is None:
            if self._is_closed:
                raise closed(self.name)
            drawer = self._drawers.setdefault(account, Drawer(account))
        return drawer
