"""What the leading thread watches: new clients and idle connections."""

from __future__ import annotations

import collections
import contextlib
import selectors
import socket
import time
from collections.abc import Callable

from smartpay_mock.server.connection import SILENCE_SECONDS, Connection
from smartpay_mock.server.protocol import Report

# After an error of the loop itself (no descriptors left, say): do not spin.
_PAUSE_SECONDS = 0.05


class Loop:
    """Accepts clients and watches parked connections; sleeps otherwise.

    Every method but ``hand_back``, ``stop`` and ``close`` is the leader's alone.

    Args:
        listener: A listening socket; closed when the loop ends.
        admit: Makes a connection of an accepted socket.
        report: Called with errors nobody else sees.
    """

    def __init__(
        self,
        listener: socket.socket,
        *,
        admit: Callable[[socket.socket], Connection],
        report: Report,
    ) -> None:
        self._listener = listener
        self._admit = admit
        self._report = report
        self._ready: collections.deque[Connection] = collections.deque()
        self._parking: collections.deque[Connection] = collections.deque()
        self._idle: dict[Connection, None] = {}  # the longest unused first
        self._wake_up, self._waker = socket.socketpair()
        for sock in (self._listener, self._wake_up, self._waker):
            sock.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_up, selectors.EVENT_READ, self._take_parked)
        self._stopping = False
        self._closed = False

    def next_job(self) -> Connection | None:
        """Wait for a connection on which a request arrives; ``None`` at the end."""
        while not self._stopping:
            if self._ready:
                return self._ready.popleft()
            try:
                self._turn()
            except Exception as error:
                if not self._stopping:
                    self._report(error)
                    time.sleep(_PAUSE_SECONDS)
        self.close()
        return None

    def resume(self, connection: Connection) -> None:
        """Watch an idle connection until its next request."""
        connection.last_used = time.monotonic()
        self._idle[connection] = None
        self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def hand_back(self, connection: Connection) -> None:
        """The same, from any thread."""
        self._parking.append(connection)
        if self._closed:
            self._close_parked()
        else:
            self._wake()

    def stop(self) -> None:
        """Make ``next_job`` close everything and return ``None``."""
        self._stopping = True
        self._wake()

    def close(self) -> None:
        """Close everything watched: the leader in the end, or whoever outwaited it."""
        self._closed = True
        self._selector.close()
        for closable in (self._listener, self._wake_up, self._waker):
            closable.close()
        for connection in (*self._idle, *self._ready):
            connection.close()
        self._close_parked()

    def _wake(self) -> None:
        # A full pipe means that a wake-up is pending already; a closed one, the end.
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._expire()):
            if isinstance(key.data, Connection):
                self._forget(key.data)
                self._ready.append(key.data)
            else:
                key.data()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            sock, _ = self._listener.accept()
            try:
                self.resume(self._admit(sock))
            except OSError:  # the client has gone already
                sock.close()

    def _take_parked(self) -> None:
        self._wake_up.recv(4096)
        while self._parking:
            self.resume(self._parking.popleft())

    def _forget(self, connection: Connection) -> None:
        self._selector.unregister(connection.socket)
        del self._idle[connection]

    def _expire(self) -> float | None:
        """Close what was unused too long; return the seconds until the next is."""
        while self._idle:
            connection = next(iter(self._idle))
            left: float = connection.last_used + SILENCE_SECONDS - time.monotonic()
            if left > 0:
                return left
            self._forget(connection)
            connection.close()
        return None

    def _close_parked(self) -> None:
        with contextlib.suppress(IndexError):
            while True:
                self._parking.popleft().close()
