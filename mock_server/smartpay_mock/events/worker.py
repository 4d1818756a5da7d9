"""The worker: threads that deliver webhooks in the background once they are due.

``wake`` names an account with new deliveries. The worker also polls the store for
deliveries that fell due since or that another process wrote.
"""

from __future__ import annotations

import threading
import time

from smartpay_mock.events.delivery import Deliverer
from smartpay_mock.kernel.clock import SECOND_MS, wall_ms

POLL_MS = 1_000
# A receiver that hangs blocks one thread; the others serve the other accounts.
THREADS = 4
MAX_ERRORS = 100
LAST_WORK_SECONDS = 4.0


class Worker:
    """Threads that run a deliverer.

    Args:
        deliverer: Sends the webhooks.
        poll_ms: Time between polls of the store.

    Attributes:
        errors: The first unexpected exceptions in the threads. Failures of receivers
            are recorded as attempts instead.
    """

    def __init__(self, deliverer: Deliverer, *, poll_ms: int = POLL_MS) -> None:
        self.errors: list[BaseException] = []
        self._deliverer = deliverer
        self._poll_ms = poll_ms
        self._polled_at = 0
        self._changed = threading.Condition()
        self._waiting: dict[str, None] = {}
        self._active: set[str] = set()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._run, name=f"smartpay-webhooks-{number}", daemon=True
            )
            for number in range(THREADS)
        ]

    def start(self) -> None:
        """Start the threads; they also deliver what an earlier run left."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the current attempts, and wait for the threads.

        An attempt that takes longer than ``LAST_WORK_SECONDS`` is cut off when the
        process ends. It is made again after the next start.
        """
        deadline = time.monotonic() + LAST_WORK_SECONDS
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    def wake(self, account: str) -> None:
        """Have the due deliveries of ``account`` sent; return at once."""
        with self._changed:
            self._waiting[account] = None
            self._changed.notify()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._poll()
                account = self._take()
                if account is not None:
                    self._serve(account)
            except Exception as error:
                with self._changed:
                    if len(self.errors) < MAX_ERRORS:
                        self.errors.append(error)

    def _poll(self) -> None:
        """Wake the accounts with a pending delivery, if it is time to."""
        with self._changed:
            if wall_ms() - self._polled_at < self._poll_ms:
                return
            self._polled_at = wall_ms()
        for account in self._deliverer.due_accounts():
            self.wake(account)

    def _take(self) -> str | None:
        """Wait for an account to serve, ``None`` when it is time to poll or to stop."""
        with self._changed:
            account = self._next()
            if account is None and not self._stop.is_set():
                self._changed.wait(self._poll_ms / SECOND_MS)
                account = self._next()
            if account is not None:
                del self._waiting[account]
                self._active.add(account)
            return account

    def _next(self) -> str | None:
        """Return the first waiting account that no thread serves now."""
        return next((each for each in self._waiting if each not in self._active), None)

    def _serve(self, account: str) -> None:
        try:
            if self._deliverer.is_due(account):
                self._deliverer.drain_if_free(
                    account,
                    timeout_s=self._poll_ms / SECOND_MS,
                    should_stop=self._stop.is_set,
                )
        finally:
            with self._changed:
                self._active.discard(account)
                self._changed.notify()
