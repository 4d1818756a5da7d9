"""Let a server know that its thread is about to wait.

A server that answers every connection in one thread must pass its work on before that
thread waits for a disk, a database, a lock or a test. The server sets a callable for
its thread; code that waits calls :func:`before_waiting` first. Without a callable,
nothing happens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class _Thread(threading.local):
    on_wait: Callable[[], None] | None = None


_thread = _Thread()


def set_on_wait(callback: Callable[[], None] | None) -> None:
    """Set what this thread calls before it waits, or remove it with ``None``."""
    _thread.on_wait = callback


def before_waiting() -> None:
    """Call the callable that was set for this thread, if there is one.

    It may be called several times while one request is answered.
    """
    if _thread.on_wait is not None:
        _thread.on_wait()
