"""Delivery: send due webhooks, on the account's clock, until the receiver answers 200.

An attempt has three steps: read what is due in one unit of work, send it outside any
unit, record the result in another unit. So nothing is locked while the network is
slow. A crash between sending and recording sends again: delivery is at least once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from smartpay_mock.events.attempt import AttemptResult, Attempts, Job
from smartpay_mock.events.destinations import Destinations
from smartpay_mock.events.faults import read_faults
from smartpay_mock.events.outbox import (
    DELIVERY_KIND,
    ENDPOINT_KIND,
    PENDING,
    save_delivery,
)
from smartpay_mock.events.schedule import RETRY_AFTER_MS, parse_schedule
from smartpay_mock.events.sending import Send, send_post
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.clock import SECOND_MS, wall_ms
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.json import decode
from smartpay_mock.kernel.waiting import before_waiting
from smartpay_mock.storage.base import Row, Store

Document = dict[str, Any]

FOREVER = 1 << 53
"""Later than any due time; fits a database's 64-bit column."""
TIMEOUT_S = 90.0
LEASE_MS = 60 * SECOND_MS
"""Longer than any attempt: a lease is renewed before an attempt once half is over."""

_LEASE_POLL_S = 0.02

# The fault ``reorder`` picks the newest among this many due deliveries.
_REORDERED = 100


@dataclass
class Lease:
    """The right of one process to deliver for an account; expires if the process dies.

    Attributes:
        store: Where the leases are.
        account: The account.
        holder: Names this process; must be unique among those that share the store.
        wall: The wall clock in milliseconds. Leases ignore account clocks.
    """

    store: Store
    account: str
    holder: str
    wall: Callable[[], int]
    _until: int = 0

    @property
    def _name(self) -> str:
        return f"webhooks/{self.account}"

    def is_held(self) -> bool:
        """Return whether the lease is ours; renew it once half of it is over."""
        now = self.wall()
        if self._until - now > LEASE_MS // 2:
            return True
        until = now + LEASE_MS
        is_ours = self.store.lease(self._name, self.holder, until_ms=until, now_ms=now)
        self._until = until if is_ours else 0
        return is_ours

    def wait(self, deadline: float) -> bool:
        """Return whether the lease is ours before ``deadline``, a monotonic time."""
        while not self.is_held():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LEASE_POLL_S)
        return True

    def release(self) -> None:
        """End the lease, if it is ours."""
        self.store.release(self._name, self.holder)


class Deliverer:
    """Delivers the webhooks of every account of a store.

    Args:
        store: Where events, endpoints and deliveries are.
        clock_of: Returns the time of an account, in milliseconds since the epoch.
        send: Sends one request; returns the HTTP status.
        anywhere: Whether addresses beyond this machine are allowed.
        loopback: Whether addresses of this machine are allowed.
        holder: Names this process; must be unique among those that share the store.
        retry_after_ms: Pauses between attempts.
        wall: The wall clock in milliseconds, for leases and cached addresses.

    Attributes:
        attempts: Makes the attempts; a mutant replaces it.
        report: Called with each delivery that was attempted or given up, and its new
            attempts.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock_of: Callable[[str], int],
        holder: str,
        send: Send = send_post,
        anywhere: bool = False,
        loopback: bool = True,
        retry_after_ms: Sequence[int] = RETRY_AFTER_MS,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        self._store = store
        self._clock_of = clock_of
        self._holder = holder
        self._wall = wall
        # A lock is kept as long as a thread uses it.
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
        self._finding_lock = threading.Lock()
        self.report: Callable[[Document, list[Document]], None] = _no_report
        self.attempts = Attempts(
            clock_of=clock_of,
            send=send,
            destinations=Destinations(anywhere=anywhere, loopback=loopback, wall=wall),
            retry_after_ms=retry_after_ms,
        )

    def drain(
        self, account: str, *, until: int | None = None, timeout_s: float = TIMEOUT_S
    ) -> list[Document]:
        """Attempt every due delivery, in the order of due times, without sleeping.

        Args:
            account: The account.
            until: Also attempt what falls due until then, each at its due time, in
                milliseconds since the epoch. The account's clock does not move.
            timeout_s: How long to wait, in seconds, while another worker delivers for
                this account.

        Returns:
            The outcome of each attempt, in the order they were made.

        Raises:
            SandboxUsageError: Another worker still delivers after ``timeout_s``.
        """
        outcomes = self.drain_if_free(account, until=until, timeout_s=timeout_s)
        if outcomes is None:
            raise SandboxUsageError(
                f"Another worker has been delivering the webhooks of {account} for "
                f"{timeout_s:g} s, so a receiver is slow or hangs. Make it answer 200, "
                "then try again."
            )
        return outcomes

    def drain_if_free(
        self,
        account: str,
        *,
        until: int | None = None,
        timeout_s: float = 0.0,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> list[Document] | None:
        """Do as ``drain``, but return ``None`` while another worker delivers.

        ``should_stop`` is called before each attempt; true leaves the rest for later.
        Copies that a webhook fault adds are then left out.
        """
        before_waiting()
        with self._exclusive(account, timeout_s) as lease:
            if lease is None:
                return None
            now = self._clock_of(account)
            horizon = now if until is None else max(now, until)
            outcomes: list[Document] = []
            while not should_stop() and lease.is_held():
                job = self._next_job(account, horizon, should_stop)
                if job is None:
                    break
                result = self.attempts.make(job)
                delivery = self._record(job, result)
                if result.is_outcome:
                    self.report(delivery, result.attempts)
                    outcomes.append(_outcome(delivery, result))
            return outcomes

    def is_due(self, account: str) -> bool:
        """Return whether a delivery of the account is due now."""
        due = self.next_due(account)
        return due is not None and due <= self._clock_of(account)

    def next_due(self, account: str) -> int | None:
        """Return when the account's next attempt is due, ``None`` if none is."""
        with self._store.read(account) as unit:
            return unit.next_due(DELIVERY_KIND)

    def due_accounts(self) -> list[str]:
        """Return the accounts with a pending delivery, due now or later."""
        return self._store.due_accounts(DELIVERY_KIND, FOREVER)

    @contextmanager
    def _exclusive(self, account: str, timeout_s: float) -> Iterator[Lease | None]:
        """Let one thread of one process at a time deliver for the account.

        Threads of this process exclude each other with a lock, processes that share
        the store with a lease in it. Yields ``None`` if that takes too long.
        """
        deadline = time.monotonic() + timeout_s
        with self._finding_lock:
            lock = self._locks.setdefault(account, threading.Lock())
        if not lock.acquire(timeout=timeout_s):
            yield None
            return
        lease = Lease(self._store, account, self._holder, self._wall)
        with ExitStack() as stack:
            stack.callback(lock.release)
            stack.callback(lease.release)
            yield lease if lease.wait(deadline) else None

    def _next_job(
        self, account: str, horizon: int, should_stop: Callable[[], bool]
    ) -> Job | None:
        now = self._clock_of(account)
        with self._store.read(account) as unit:
            faults = read_faults(unit)
            limit = _REORDERED if faults.reorder else 1
            rows = unit.due(DELIVERY_KIND, until=horizon, limit=limit)
            if not rows:
                return None
            row = _newest(rows, now=now)
            document = decode(row.body)
            endpoint = unit.get(ENDPOINT_KIND, document["endpoint"])
            state = unit.get("account", account)
        own = Account.from_bytes(state).settings if state else {}
        schedule = own.get("webhook_schedule")
        return Job(
            account=account,
            delivery=document,
            body=row.attachment or b"",
            endpoint=None if endpoint is None else decode(endpoint),
            faults=faults,
            retry_after_ms=parse_schedule(schedule) if schedule else None,
            should_stop=should_stop,
        )

    def _record(self, job: Job, result: AttemptResult) -> Document:
        """Store the result of an attempt, and return the delivery as it is then.

        A delivery that was deleted meanwhile stays deleted. One that was replayed
        meanwhile stays due and only records the attempt.
        """
        with self._store.write(job.account) as unit:
            row = unit.row(DELIVERY_KIND, job.delivery["id"])
            if row is None:
                return job.delivery
            document: Document = decode(row.body)
            document["attempts"] += result.attempts
            is_same_run = document["_run"] == job.delivery["_run"]
            if is_same_run and document["state"] == PENDING:
                document.update(result.changes)
            save_delivery(unit, document, row.attachment or b"")
        return document


def _no_report(_delivery: Document, _attempts: list[Document]) -> None:
    """Report nothing."""


def _outcome(delivery: Document, result: AttemptResult) -> Document:
    """Return what a drain reports: the delivery's members, but only new attempts."""
    members = ("event", "type", "endpoint", "state", "reason", "nextAttemptAt")
    shown = {name: delivery[name] for name in members}
    return {"delivery": delivery["id"], **shown, "attempts": result.attempts}


def _newest(rows: list[Row], *, now: int) -> Row:
    """Return the last of the rows that are due no later than now or the first row."""
    horizon = max(now, rows[0].due or 0)
    return [row for row in rows if (row.due or 0) <= horizon][-1]
