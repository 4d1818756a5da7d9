"""The threads of a server, of which one at a time runs the loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MAX_THREADS = 1_000
"""Requests under way at one time, at the most; further ones wait."""

SPARE_SECONDS = 10.0
"""How long a thread that is not needed waits for work before it ends."""


class Workers:
    """The threads of a server. One leads: it runs the loop.

    Only the thread that leads passes the lead on, so it asks without a lock.

    Args:
        work: What each thread does: it calls ``await_lead`` until that returns false,
            and runs the loop while ``leads`` is true.
        name: Names the threads.

    Attributes:
        is_stopping: Whether the loop is to end.
    """

    def __init__(self, work: Callable[[], None], *, name: str) -> None:
        self._name = name
        self.is_stopping = False
        self._work = work
        self._leader = 0
        self._vacancy = threading.Semaphore(0)
        self._lock = threading.Lock()  # guards what follows
        self._spare = 0
        self._threads: list[threading.Thread] = []

    @property
    def count(self) -> int:
        """Threads that serve requests or wait to."""
        return sum(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """End every thread that serves nothing, and the others when they are done."""
        self.is_stopping = True
        self._vacancy.release()

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, ``seconds`` at the most."""
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def leads(self) -> bool:
        """Return whether the current thread leads."""
        return self._leader == threading.get_ident()

    def hand_over(self) -> None:
        """Let another thread lead, if the current one does and the loop goes on."""
        if self.leads() and not self.is_stopping:
            self.let_another_lead()

    def is_led_by_another(self) -> bool:
        """Return whether a thread leads that is not the current one."""
        return self._leader not in {0, threading.get_ident()}

    def let_another_lead(self) -> None:
        """Let a spare thread lead, or a new one."""
        self._leader = 0
        with self._lock:
            if not self._spare and self.count < MAX_THREADS:
                self._start_thread()
        self._vacancy.release()

    def await_lead(self) -> bool:
        """Wait until this thread is to lead; ``False`` if it is not needed."""
        with self._lock:
            self._spare += 1
        while not self._vacancy.acquire(timeout=SPARE_SECONDS):
            with self._lock:
                if self._spare > 1:
                    self._spare -= 1
                    return False
        if self.is_stopping:
            self._vacancy.release()  # for the next thread
            return False
        with self._lock:
            self._spare -= 1
        self._leader = threading.get_ident()
        return True

    def _start_thread(self) -> None:
        self._threads = [one for one in self._threads if one.is_alive()]
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._threads.append(thread)
        thread.start()
