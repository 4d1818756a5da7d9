"""The threads of a server: one leads, one watches it, held requests keep theirs.

The leader waits for requests and serves them itself, one after the other: carrying a
request to another thread costs more than serving it, and threads that compute at the
same time only get in each other's way under the interpreter's lock. The deputy
watches the leader. If a request takes longer than ``PATIENCE_SECONDS`` (it is held by
a gate, delayed by a fault, waits for a disk or for the rest of its body), the deputy
becomes the leader, the next thread becomes the deputy, and the slow request goes on
where it is. So one held request, or two hundred, starve nobody, up to a stated number.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Job = TypeVar("Job")

PATIENCE_SECONDS = 0.005
# Requests are held in groups (fifty threads before one gate): hurry while any is.
HURRY_SECONDS = 0.001
# The deputy sleeps soundly when there was nothing to watch for this long.
QUIET_SECONDS = 0.05
SPARE_SECONDS = 10.0


class Crew(Generic[Job]):
    """Threads that lead, watch, and wait to be needed.

    Args:
        watch: Called by the leader: waits for a job, ``None`` when there will be no
            more. Never called by two threads at a time.
        work: Called with each job; returns whether it is to be watched again. Must
            not raise.
        resume: Called by the leader with a job to watch again.
        hand_back: The same for a thread that no longer leads.
        ceiling: Threads at the most. With all of them at work, new jobs wait.
        name: What they are called, with a number.
    """

    def __init__(
        self,
        *,
        watch: Callable[[], Job | None],
        work: Callable[[Job], bool],
        resume: Callable[[Job], None],
        hand_back: Callable[[Job], None],
        ceiling: int,
        name: str = "smartpay-server",
    ) -> None:
        self._watch = watch
        self._work = work
        self._resume = resume
        self._hand_back = hand_back
        self._ceiling = ceiling
        self._name = name
        self._threads: set[threading.Thread] = set()
        self._started = 0
        self._post = threading.Lock()  # the deputy's
        self._rouse = threading.Event()  # there is something to watch
        self._state = threading.Lock()  # guards what follows
        self._spares = 0
        self._held = 0
        self._term = 0
        self._busy_since: float | None = 0.0  # nobody leads yet: long overdue
        self._last_job = 0.0
        self._stopping = False
        self._is_over = False

    @property
    def size(self) -> int:
        """Threads alive now."""
        return len(self._threads)

    def start(self) -> None:
        """Start the first thread, which leads."""
        self._rouse.set()
        self._ensure_spare()

    def stop(self) -> None:
        """End every thread that is not at work, and the others when they are done."""
        with self._state:  # or the deputy might go to sleep in between
            self._stopping = True
            self._rouse.set()

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, ``seconds`` at the most."""
        deadline = time.monotonic() + seconds
        with self._state:
            threads = self._threads - {threading.current_thread()}
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _ensure_spare(self) -> None:
        with self._state:
            if self._spares or len(self._threads) >= self._ceiling:
                return
            self._spares += 1
            self._started += 1
            thread = threading.Thread(
                target=self._run, name=f"{self._name}-{self._started}", daemon=True
            )
            self._threads.add(thread)
            thread.start()  # within the lock: a thread to join is a started one

    def _run(self) -> None:
        try:
            while self._become_deputy():
                try:
                    term = self._await_vacancy()
                finally:
                    self._post.release()
                if term is None:
                    return
                self._ensure_spare()
                self._lead(term)
                with self._state:
                    self._spares += 1
        finally:
            with self._state:
                self._threads.discard(threading.current_thread())

    def _become_deputy(self) -> bool:
        """Wait for the post; ``False`` when there are spare threads enough."""
        while not self._post.acquire(timeout=SPARE_SECONDS):
            with self._state:
                if self._spares > 1:
                    self._spares -= 1
                    return False
        with self._state:
            self._spares -= 1
        return True

    def _await_vacancy(self) -> int | None:
        """Watch the leader; return the new term to lead in, ``None`` at the end."""
        while not self._is_over:
            self._rouse.wait()
            with self._state:
                patience = HURRY_SECONDS if self._held else PATIENCE_SECONDS
                now = time.monotonic()
                if self._busy_since is None:
                    if now - self._last_job > QUIET_SECONDS and not self._stopping:
                        self._rouse.clear()
                elif self._stopping or now - self._busy_since >= patience:
                    return self._take_over()
            time.sleep(patience)
        return None

    def _take_over(self) -> int:
        self._held += self._term > 0  # before the first term nobody led
        self._term += 1
        self._busy_since = None
        return self._term

    def _lead(self, term: int) -> None:
        """Serve until another thread has taken over, or until the end."""
        while (job := self._watch()) is not None:
            with self._state:
                self._busy_since = self._last_job = time.monotonic()
            if not self._rouse.is_set():
                self._rouse.set()
            again = self._work(job)
            with self._state:
                leads = self._term == term
                if leads:
                    self._busy_since = None
                else:
                    self._held -= 1
            if again:
                (self._resume if leads else self._hand_back)(job)
            if not leads:
                return
        self._is_over = True
