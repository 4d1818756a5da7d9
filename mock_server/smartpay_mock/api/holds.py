"""Holds: block calls before or after their commit until a test releases them.

Holds are kept in the memory of one process. Nothing is locked while a call waits.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.waiting import before_waiting

_LONGEST_S = 60.0


@dataclass(slots=True)
class Hold:
    """Blocks calls of one operation of one account.

    Attributes:
        id: The hold's id.
        operation: An operation id, or ``*``.
        at: ``before_commit`` or ``after_commit``.
        waiting: How many calls wait now.
        passed: How many calls were released.
    """

    id: str
    operation: str
    at: str
    waiting: int = 0
    passed: int = 0
    _open: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self) -> None:
        """Wait until the hold is released, for a minute at most."""
        with self._changed:
            self.waiting += 1
            self._changed.notify_all()
        before_waiting()
        self._open.wait(_LONGEST_S)
        with self._changed:
            self.waiting -= 1
            self.passed += 1
            self._changed.notify_all()

    def release(self) -> None:
        """Release every call that waits, and let later ones pass."""
        self._open.set()

    def wait_for(self, calls: int, *, timeout_s: float = 10.0) -> None:
        """Wait until ``calls`` calls wait at the hold.

        Args:
            calls: How many, at least 1.
            timeout_s: How long to wait, in seconds.

        Raises:
            SandboxUsageError: They did not arrive in time.
        """
        before_waiting()
        with self._changed:
            if not self._changed.wait_for(lambda: self.waiting >= calls, timeout_s):
                raise SandboxUsageError(
                    f"{self.waiting} of {calls} calls of {self.operation} came to the "
                    f"hold within {timeout_s} s. Start them before you wait for them."
                )


class Holds:
    """The holds of one process, by account."""

    def __init__(self) -> None:
        self._holds: dict[str, list[Hold]] = {}
        self._lock = threading.Lock()

    def add(self, account: str, hold: Hold) -> None:
        """Add a hold."""
        with self._lock:  # else another thread may delete the list meanwhile
            self._holds.setdefault(account, []).append(hold)

    def of(self, account: str) -> list[Hold]:
        """Return the account's holds."""
        return list(self._holds.get(account, ()))

    def remove(self, account: str, hold: Hold) -> None:
        """Release a hold and forget it."""
        with self._lock, suppress(KeyError, ValueError):  # clear() came before
            self._holds[account].remove(hold)
            if not self._holds[account]:
                del self._holds[account]
        hold.release()

    def clear(self, account: str) -> None:
        """Release and forget every hold of the account."""
        with self._lock:
            holds = self._holds.pop(account, [])
        for hold in holds:
            hold.release()

    def wait(self, account: str, operation: str, at: str) -> None:
        """Block the calling thread at every hold that matches."""
        for hold in self.of(account):
            if hold.at == at and hold.operation in {operation, "*"}:
                hold.wait()
