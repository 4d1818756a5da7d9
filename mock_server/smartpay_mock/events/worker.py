"""The worker: delivers in the background, as soon as something is due.

It wakes when it is notified of an account, and looks now and then for what fell due
by itself or was written by another process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from smartpay_mock.events.delivery import Deliverer
from smartpay_mock.kernel.clock import SECOND_MS, wall_ms

POLL_MS = 1_000
# A receiver that hangs keeps one of them busy; the others serve the other accounts.
THREADS = 4
# Errors beyond these say nothing new.
MOST_ERRORS = 100


class Worker:
    """Threads that run a deliverer.

    Args:
        deliverer: What they run.
        threads: How many accounts are served at once, at the most.
        poll_ms: How often to look for what nobody gave notice of.
        wall: The wall clock in milliseconds.

    Attributes:
        errors: What went wrong in the threads, for whoever stops them to raise; the
            failures of receivers are not among them, they are on record as attempts.
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
        """Start the threads; what was left over from another run is delivered too."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the attempts under way, and wait for the threads."""
        with self._changed:
            self._stop.set()
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def notify(self, account: str) -> None:
        """Say that something of ``account`` may be due; returns at once."""
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
                self._keep(error)

    def _serve(self, account: str, stop: threading.Event) -> None:
        try:
            if self._deliverer.is_due(account):
                self._deliverer.drain_if_free(
                    account,
                    patience_s=self._poll_ms / SECOND_MS,
                    should_stop=stop.is_set,
                )
        finally:
            with self._changed:
                self._active.discard(account)
                self._changed.notify()

    def _next(self, stop: threading.Event) -> str | None:
        """Return an account to serve, after waiting for one; ``None`` to look again."""
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

    def _keep(self, error: BaseException) -> None:
        with self._changed:
            if len(self.errors) < MOST_ERRORS:
                self.errors.append(error)
