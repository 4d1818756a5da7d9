"""Commands that run until Ctrl-C or SIGTERM."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Callable

Wait = Callable[[float], bool]
"""Waits some seconds, or forever if it is -1; returns whether to stop."""


def until_stopped() -> Wait:
    """Handle SIGINT and SIGTERM; return a function that waits for one.

    Called before the first line is printed, since a client may then stop the command.
    Waits for a byte that the interpreter writes when a signal arrives: a handler runs
    in the main thread only, and a thread that is about to wait would not run it.
    """
    waking, woken = socket.socketpair()
    waking.setblocking(False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)

    def wait(seconds: float, _kept_open: socket.socket = waking) -> bool:
        timeout = None if seconds < 0 else seconds
        return bool(select.select([woken], [], [], timeout)[0])

    return wait
