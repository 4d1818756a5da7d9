"""A time limit for the answers of a PostgreSQL server.

A server that is frozen keeps its connections: TCP acknowledges what is sent, and no
answer comes. libpq only limits connecting, so a thread ends those that wait too long.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg

_PAUSE_S = 0.1


class Watchdog:
    """Ends connections that wait longer for an answer than a limit.

    Args:
        seconds: The limit; a moment more is waited.

    Attributes:
        cursors: The type of cursors whose statements are watched.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began: dict[psycopg.Connection[Any], float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.cursors = self._cursors()
        self._thread = threading.Thread(
            target=self._run, name="smartpay-watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    @contextlib.contextmanager
    def _watching(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        self._began[connection] = time.monotonic()
        try:
            yield
        except psycopg.OperationalError as error:
            if connection in self._began:
                raise
            text = f"no answer within {self._seconds:g} s"
            raise psycopg.OperationalError(text) from error
        finally:
            with self._lock:
                self._began.pop(connection, None)

    def _cursors(self) -> type[psycopg.Cursor[Any]]:
        watching = self._watching

        class Cursor(psycopg.Cursor[Any]):
            def execute(self, *args: Any, **options: Any) -> Any:
                with watching(self.connection):
                    return super().execute(*args, **options)

            def executemany(self, *args: Any, **options: Any) -> None:
                with watching(self.connection):
                    super().executemany(*args, **options)

        return Cursor

    def _run(self) -> None:
        # The server's own limit for a lock comes first.
        while not self._stop.wait(_PAUSE_S):
            over = time.monotonic() - self._seconds - 2 * _PAUSE_S
            with self._lock, contextlib.suppress(OSError, psycopg.Error):
                for connection, began in list(self._began.items()):
                    if began < over:
                        del self._began[connection]
                        with socket.socket(fileno=os.dup(connection.fileno())) as own:
                            own.shutdown(socket.SHUT_RDWR)
