"""The worker: threads that deliver webhooks in the background once they are due.

``wake`` names an account with new deliveries. The worker also polls the store for
deliveries that fell due since or that another process wrote.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from smartpay_mock.events.delivery import Deliverer
from smartpay_mock.kernel.clock import SECOND_MS, wall_ms

POLL_MS = 1_000
# A receiver that hangs blocks one thread; the others serve the other accounts.
THREADS = 4
MAX_ERRORS = 100


class Worker:
    """Threads that run a deliverer.

    Args:
        deliverer: Sends the webhooks.
        threads: How many accounts are served at once.
        poll_ms: Time between polls of the store.
        wall: The wall clock in milliseconds.

    Attributes:
        errors: The first unexpected exceptions in the threads. Failures of receivers
            are recorded as attempts instead.
    """

    def __init__(
        self,
        deliverer: Deliverer,
        *,
        threads: int = THREADS,
        poll_ms: int = POLL_MS,
        wall: Callable[[], int] = wall_ms,
    ) -> None:
        self.errors: list[BaseException] = []
        self._deliverer = deliverer
        self._poll_ms = poll_ms
        self._wall = wall
        self._polled_at = 0
        self._changed = threading.Condition()
        self._waiting: dict[str, None] = {}
        self._active: set[str] = set()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self.run,
                args=(self._stop,),
                name=f"smartpay-webhooks-{number}",
                daemon=True,
            )
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start the threads; they also deliver what an earlier run left."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the current attempts, and wait for the threads."""
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def wake(self, account: str) -> None:
        """Have the due deliveries of ``account`` sent; return at once."""
        with self._changed:
            self._waiting[account] = None
            self._changed.notify()

    def run(self, stop: threading.Event) -> None:
        """Deliver until ``stop`` is set; several threads may run at once."""
        while not stop.is_set():
            try:
                account = self._next(stop)
                if account is not None:
                    self._serve(account, stop)
            except Exception as error:
                self._add_error(error)

    def _serve(self, account: str, stop: threading.Event) -> None:
        try:
            if self._deliverer.is_due(account):
                self._deliverer.drain_if_free(
                    account,
                    timeout_s=self._poll_ms / SECOND_MS,
                    should_stop=stop.is_set,
                )
        finally:
            with self._changed:
                self._active.discard(account)
                self._changed.notify()

    def _next(self, stop: threading.Event) -> str | None:
        """Return an account to serve; ``None`` after a poll or when stopping."""
        with self._changed:
            account = self._pick()
            if account is None and not self._is_time_to_poll():
                self._changed.wait(self._poll_ms / SECOND_MS)
                account = self._pick()
            if account is not None or stop.is_set() or not self._is_time_to_poll():
                return account
            self._polled_at = self._wall()
        found = self._deliverer.due_accounts()
        with self._changed:
            self._waiting.update(dict.fromkeys(found))
            self._changed.notify_all()
        return None

    def _pick(self) -> str | None:
        for account in self._waiting:
            if account not in self._active:
                del self._waiting[account]
                self._active.add(account)
                return account
        return None

    def _is_time_to_poll(self) -> bool:
        return self._wall() - self._polled_at >= self._poll_ms

    def _add_error(self, error: BaseException) -> None:
        with self._changed:
            if len(self.errors) < MAX_ERRORS:
                self.errors.append(error)
