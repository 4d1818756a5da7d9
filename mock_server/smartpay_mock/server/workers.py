"""The threads of a server, of which one at a time runs the loop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from smartpay_mock.kernel.waiting import set_on_wait
from smartpay_mock.server.connection import Connection

SPARE_SECONDS = 10.0
# How often the watching thread looks for a request that blocks the loop.
_WATCH_SECONDS = 0.01


class Workers:
    """The threads of a server. One leads: it runs the loop.

    Args:
        run: Runs the loop until the thread does not lead any more, or until the end.
        release: Takes a connection out of the loop; called when the thread that
            serves its request loses the lead.
        max_threads: Threads at the most.
        name: Names the threads, with a number.

    Attributes:
        is_stopping: Whether the loop is to end.
    """

    def __init__(
        self,
        run: Callable[[], None],
        release: Callable[[Connection], None],
        *,
        max_threads: int,
        name: str,
    ) -> None:
        self.is_stopping = False
        self._run = run
        self._release = release
        self._max_threads = max_threads
        self._name = name
        self._threads: set[threading.Thread] = set()
        self._started = 0
        self._vacancy = threading.Semaphore(0)
        self._busy = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()  # guards what follows
        self._spare = 0
        self._leader = 0
        self._serving: Connection | None = None
        self._served = 0

    @property
    def count(self) -> int:
        """Threads that serve requests or wait to."""
        return len(self._threads) - 1

    def start(self) -> None:
        """Start the thread that watches, and the one that leads first."""
        with self._lock:
            self._start_thread(self._watch, "watch")
            self._let_another_lead()

    def stop(self) -> None:
        """End every thread that serves nothing, and the others when they are done."""
        self.is_stopping = True
        self._stopped.set()
        self._busy.set()
        self._vacancy.release()

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, ``seconds`` at the most."""
        deadline = time.monotonic() + seconds
        with self._lock:
            threads = self._threads - {threading.current_thread()}
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def leads(self) -> bool:
        """Return whether the current thread leads."""
        return self._leader == threading.get_ident()

    def enter(self, connection: Connection) -> bool:
        """Note that the current thread calls the application; whether it leads."""
        with self._lock:
            connection.owner = me = threading.get_ident()
            if self._leader != me:
                return False
            self._serving = connection
            self._served += 1
        if not self._busy.is_set():
            self._busy.set()
        return True

    def leave(self) -> bool:
        """Note that the application has returned; return whether the thread leads."""
        with self._lock:
            if self._leader != threading.get_ident():
                return False
            if self._serving is not None:
                self._serving.owner = 0
                self._serving = None
            return True

    def hand_over(self) -> None:
        """Let another thread lead, if the current one does."""
        with self._lock:
            if self._leader == threading.get_ident():
                self._let_another_lead()

    def depose(self) -> None:
        """Let no thread lead any more."""
        with self._lock:
            self._leader = 0
            self._serving = None

    def _let_another_lead(self) -> None:
        """Take the lead from the thread that has it; the lock is held."""
        connection, self._serving = self._serving, None
        self._leader = 0
        if connection is not None:
            self._release(connection)
        if not self._spare and self.count < self._max_threads:
            self._spare += 1
            self._started += 1
            self._start_thread(self._work, str(self._started))
        self._vacancy.release()

    def _start_thread(self, run: Callable[[], None], suffix: str) -> None:
        name = f"{self._name}-{suffix}"
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self) -> None:
        """Lead whenever no thread does; end when the thread is not needed."""
        set_on_wait(self.hand_over)
        try:
            while self._await_vacancy():
                self._run()
                with self._lock:
                    self._spare += 1
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _await_vacancy(self) -> bool:
        """Wait until this thread is to lead; ``False`` if it is not needed."""
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

    def _watch(self) -> None:
        """Let another thread lead when a request blocks without announcing it."""
        while not self.is_stopping:
            self._busy.wait()
            before = self._served
            self._stopped.wait(_WATCH_SECONDS)
            with self._lock:
                if self._served != before:
                    continue
                if self._serving is None:
                    self._busy.clear()
                elif not self.is_stopping:
                    self._let_another_lead()
