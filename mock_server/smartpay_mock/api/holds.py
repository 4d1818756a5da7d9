"""Holds: hold calls at a named point until a test lets them go.

A hold lives in one process, beside the threads it holds; nothing is locked while a
call waits at it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import WHENS
from smartpay_mock.kernel.waiting import before_waiting
from smartpay_schemas import OPERATIONS

_LONGEST_S = 60.0


@dataclass(slots=True)
class Hold:
    """Holds calls for one operation of one account.

    Attributes:
        id: Names the hold.
        operation: An operation id, or ``*``.
        at: ``before_commit`` or ``after_commit``.
        waiting: How many calls are held now.
        passed: How many were let go.
    """

    id: str
    operation: str
    at: str
    waiting: int = 0
    passed: int = 0
    _open: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self) -> None:
        """Wait until the hold is released, a minute at the longest."""
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
        """Let every held call go, and those to come."""
        self._open.set()

    def wait_for(self, calls: int, *, timeout_s: float = 10.0) -> None:
        """Wait until ``calls`` calls are held.

        Args:
            calls: How many, at least 1.
            timeout_s: How long to wait, in seconds.

        Raises:
            SandboxUsageError: They did not come in time.
        """
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

    def __bool__(self) -> bool:
        return bool(self._holds)

    def add(self, account: str, *, id_: str, operation: str, at: str) -> Hold:
        """Set up a hold.

        Raises:
            SandboxUsageError: An unknown operation or moment.
        """
        if operation != "*" and operation not in OPERATIONS:
            raise SandboxUsageError(
                f"There is no operation {operation!r}. Use * or one of: "
                f"{', '.join(sorted(OPERATIONS))}."
            )
        if at not in WHENS:
            raise SandboxUsageError(f"at={at!r} is neither {' nor '.join(WHENS)}.")
        hold = Hold(id_, operation, at)
        self._holds.setdefault(account, []).append(hold)
        return hold

    def of(self, account: str) -> list[Hold]:
        """Return the account's holds."""
        return list(self._holds.get(account, ()))

    def remove(self, account: str, hold: Hold) -> None:
        """Release a hold and forget it."""
        hold.release()
        kept = [other for other in self._holds.get(account, []) if other is not hold]
        if kept:
            self._holds[account] = kept
        else:
            self._holds.pop(account, None)

    def clear(self, account: str) -> None:
        """Release and forget every hold of the account."""
        for hold in self._holds.pop(account, []):
            hold.release()

    def wait(self, account: str, operation: str, at: str) -> None:
        """Hold the calling thread at every hold that matches."""
        for hold in self._holds.get(account, ()) if self._holds else ():
            if hold.at == at and hold.operation in {operation, "*"}:
                hold.wait()
