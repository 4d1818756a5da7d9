"""A time limit for the answers of a PostgreSQL server.

A server that is frozen keeps its connections: TCP acknowledges what is sent, and no
answer comes. libpq limits only the time to connect. So a thread ends the connections
that wait too long, which psycopg then reports as broken.
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

_CHECKS = 20  # per limit


class Watchdog:
    """Ends connections that wait longer for an answer than a limit.

    Args:
        seconds: The limit; a twentieth more is waited, and a check comes as late.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pause = seconds / _CHECKS
        self._limit = seconds + self._pause
        self._began: dict[psycopg.Connection[Any], float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="smartpay-watchdog", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join()

    @contextlib.contextmanager
    def watching(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Limit the time of the block, in which the connection waits for an answer.

        Raises:
            psycopg.OperationalError: The limit is over; the connection has ended.
        """
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

    def cursor_type(self) -> type[psycopg.Cursor[Any]]:
        """Return the type of cursors whose statements are watched."""
        watching = self.watching

        class Cursor(psycopg.Cursor[Any]):
            def execute(self, *args: Any, **options: Any) -> Any:
                with watching(self.connection):
                    return super().execute(*args, **options)

            def executemany(self, *args: Any, **options: Any) -> None:
                with watching(self.connection):
                    super().executemany(*args, **options)

        return Cursor

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            over = time.monotonic() - self._limit
            with self._lock:
                late = [each for each, at in list(self._began.items()) if at < over]
                for connection in late:
                    del self._began[connection]
                    _end(connection)


def _end(connection: psycopg.Connection[Any]) -> None:
    """End a connection under the thread that waits for it."""
    with (
        contextlib.suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as own,
    ):
        own.shutdown(socket.SHUT_RDWR)
