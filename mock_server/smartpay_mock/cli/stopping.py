"""Commands that run until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

Wait = Callable[[float], bool]
"""Waits some seconds, or forever if it is -1; returns whether to stop."""


def until_stopped() -> Wait:
    """Handle SIGINT and SIGTERM; return a function that waits for one.

    Called before the first line is printed, since a client may then stop the command.
    Uses a lock: a handler that sets an event can deadlock with the thread it
    interrupts.
    """
    held = threading.Lock()
    held.acquire()

    def release(*_: object) -> None:
        if held.locked():
            held.release()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, release)
    return lambda seconds: held.acquire(timeout=seconds)
