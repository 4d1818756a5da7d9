"""One client's socket and its state, never blocking."""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import struct
import sys
from typing import Protocol

from smartpay_mock.kernel.exchange import TransportFault
from smartpay_mock.kernel.wsgi import Response
from smartpay_mock.server.http import RequestParser, half_of

NOT_READY = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

_RECEIVE_BYTES = 65_536
_LINGER_SECONDS = 2.0
# struct linger {on, seconds}: closing then discards what is unsent and sends a RST.
# Source: socket(7); winsock2.h has two shorts.
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Watcher(Protocol):
    """What a connection asks of the loop that watches it."""

    def schedule(self, connection: Connection, seconds: float | None = None) -> None:
        """Close the connection in so many seconds, unless it is scheduled again."""

    def forget(self, connection: Connection) -> None:
        """Stop watching a connection that closes."""


class Connection:
    """One client's socket and its state.

    Attributes:
        parser: Holds what has arrived.
        output: What the socket did not take yet.
        deadline: When the loop closes the connection, in monotonic seconds.
        owner: The thread that serves its request outside the loop; 0 for none.
        events: What the selector watches it for; 0 for not at all.
        is_closed: Whether the descriptor is closed.
        is_finished: Whether it closes once the output is sent.
        is_draining: Whether input is discarded until the client closes.
        has_unread_input: Whether the client may still be sending a request's body.
        tls: Context of the pending TLS handshake; ``None`` without or after it.
    """

    def __init__(
        self, sock: socket.socket, parser: RequestParser, loop: Watcher
    ) -> None:
        self.sock = sock
        self.parser = parser
        self.output: memoryview | bytes = b""
        self.deadline = math.inf
        self.owner = 0
        self.events = 0
        self.is_closed = False
        self.is_finished = False
        self.is_draining = False
        self.has_unread_input = False
        self.tls: ssl.SSLContext | None = None
        self._loop = loop

    def receive(self) -> bytes | None:
        """Return what has arrived: ``b""`` at the end, ``None`` if nothing has."""
        try:
            data = self.sock.recv(_RECEIVE_BYTES)
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                data += self.sock.recv(_RECEIVE_BYTES)
        except NOT_READY:
            return None
        except OSError:
            return b""
        return data

    def send(self, data: bytes) -> None:
        """Send ``data``; the loop sends later what the socket does not take now."""
        self.output = data
        self.flush()
        if self.output:
            self._loop.schedule(self)

    def flush(self) -> None:
        """Send as much of the output as the socket takes."""
        try:
            sent = self.sock.send(self.output)
        except NOT_READY:
            return
        except OSError:
            self.close()
            return
        self.output = memoryview(self.output)[sent:] if sent < len(self.output) else b""

    def finish(self) -> None:
        """Close once the output is sent.

        Closing over unread input makes the kernel send a RST, which can overtake the
        response: so this side ends first, and the rest of the input is discarded.
        """
        self.is_finished = True
        if self.output or self.is_closed:
            return
        if not self.has_unread_input:
            self.close()
            return
        with contextlib.suppress(OSError):
            # Not SSLSocket.shutdown, which ends TLS for reading too.
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
        self.stall(_LINGER_SECONDS)

    def stall(self, seconds: float) -> None:
        """Discard input until the client closes or time is up, then close."""
        self.is_finished = self.is_draining = True
        self._loop.schedule(self, seconds)

    def reset(self) -> None:
        """Close with a RST in place of a FIN."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close()

    def apply(self, fault: TransportFault, lost: Response) -> None:
        """Apply a fault: end as a broken network would, in place of a response."""
        match fault.kind:
            case "reset":
                self.reset()
            case "empty":
                self.finish()
            case "half":
                self.send(half_of(lost))
                self.finish()
            case "stall":
                self.stall(fault.stall_ms / 1000)

    def interrupt(self) -> None:
        """End the connection from another thread; its owner closes it."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the descriptor."""
        if not self.is_closed:
            self.is_closed = self.is_finished = True
            self.output = b""
            self._loop.forget(self)
            self.sock.close()
