"""One client connection, owned by one thread at a time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import threading
import time
from typing import Any

from cheroot.server import HTTPConnection

from smartpay_mock.server.plain import environ_of, read_plain, serve_plain
from smartpay_mock.server.protocol import Engine, Request
from smartpay_mock.server.streams import RECEIVE_BYTES, ClientGoneError, Reader, Writer

SILENCE_SECONDS = 60.0
HANDSHAKE_SECONDS = 10.0
LINGER_SECONDS = 2.0
LINGER_BYTES = 64 << 20

# struct linger {on, seconds}: closing then discards what is unsent and sends a RST.
# Source: socket(7); winsock2.h has two shorts.
_ABORT_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_TLS_HANDSHAKE = b"\x16"  # RFC 8446 section 5.1, ContentType
_NOT_TLS = (
    b"This port speaks HTTPS only. Use https:// here, or http:// on the HTTP port.\n"
)


def _stream(sock: Any, mode: str, _size: int) -> Reader | Writer:
    return Reader(sock) if "r" in mode else Writer(sock)


class Connection(HTTPConnection):
    """A socket, what was read from it, and how it ends.

    Only the thread that owns the connection closes it, so a descriptor is never
    closed under a thread that still uses it; others ``interrupt``.

    Attributes:
        has_unread_input: The request's body was refused before it was read.
        is_waiting: The owner awaits the client, not the app: stopping may interrupt.
        owner: The thread that serves it, as ``threading.get_ident`` names it.
        last_used: When the last request ended, in seconds of the monotonic clock.
    """

    RequestHandlerClass = Request

    def __init__(
        self, engine: Engine, sock: socket.socket, context: ssl.SSLContext | None
    ) -> None:
        sock.settimeout(SILENCE_SECONDS)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(engine, sock, _stream)
        self.remote_addr, self.remote_port = sock.getpeername()[:2]
        self.has_unread_input = False
        self.is_waiting = False
        self.owner = 0
        self.last_used = time.monotonic()
        self._context = context
        self._closing = threading.Lock()
        self._common = environ_of(self)

    def shake_hands(self) -> bool:
        """Start TLS where the port asks for it; ``False`` if the client does not.

        Raises:
            ClientGoneError: The client broke off, or does not trust the certificate.
        """
        if self._context is None:
            return True
        context, self._context = self._context, None
        try:
            self.socket.settimeout(HANDSHAKE_SECONDS)
            if self.socket.recv(1, socket.MSG_PEEK) != _TLS_HANDSHAKE:
                self._refuse_plain_text()
                return False
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
            self.socket.do_handshake()
            self.socket.settimeout(SILENCE_SECONDS)
        except OSError as error:
            raise ClientGoneError(*error.args) from error
        self.rfile, self.wfile = Reader(self.socket), Writer(self.socket)
        self.ssl_env = {"HTTPS": "on"}
        self._common = environ_of(self)
        return True

    def serve_one(self) -> bool:
        """Serve one request; return whether the connection stays open."""
        if not self.rfile.has(1):
            return False
        environ = read_plain(self.rfile, self._common)
        if environ is not None:
            return serve_plain(self, environ)
        return bool(self.communicate())  # type: ignore[no-untyped-call] # the stub has no types

    def send(self, data: bytes) -> None:
        """Send ``data`` now.

        Raises:
            ClientGoneError: The client closed the connection or does not read.
        """
        self.wfile.write(data)

    def wait_until_gone(self, seconds: float) -> None:
        """Return when the client has closed, the server stops or time is up."""
        deadline = time.monotonic() + seconds
        left = LINGER_BYTES
        self.is_waiting = True
        with contextlib.suppress(OSError):
            while self.server.ready and left > 0:
                self.socket.settimeout(max(0.001, deadline - time.monotonic()))
                received = len(self.socket.recv(RECEIVE_BYTES))
                left = left - received if received else 0
        self.is_waiting = False

    def abort_on_close(self) -> None:
        """Make ``close`` send a RST in place of a FIN."""
        self.has_unread_input = False
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_ON_CLOSE)

    def interrupt(self) -> None:
        """Wake the owner from whatever it awaits of the client."""
        with self._closing, contextlib.suppress(OSError):
            # Not SSLSocket.shutdown: that takes the TLS state from under the owner.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the descriptor, once a client that still sends has had its answer.

        Closing over unread input makes the kernel send a RST, which may overtake
        the answer; so this side ends first and the rest is read away.
        """
        if self.has_unread_input:
            self.has_unread_input = False
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_WR)
            self.wait_until_gone(LINGER_SECONDS)
        with self._closing:
            self.socket.close()

    def _refuse_plain_text(self) -> None:
        head = (
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(_NOT_TLS)}\r\nConnection: close\r\n\r\n"
        )
        self.send(head.encode("ascii") + _NOT_TLS)
        self.has_unread_input = True
