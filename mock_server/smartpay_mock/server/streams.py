"""Reads from and writes to a socket without a file object that keeps it open.

``socket.makefile`` holds a reference on the socket, so ``socket.close()`` does
nothing while one lives and a "reset" becomes a clean answer. These two classes
hold none: closing the socket closes the descriptor. They are also several times
faster than the pure-Python files cheroot brings.
"""

from __future__ import annotations

from typing import Protocol

RECEIVE_BYTES = 65_536


class ClientGoneError(ConnectionError):
    """The client closed, reset or kept silent: its business, no error of ours."""


class ByteSocket(Protocol):
    """What both a plain and a TLS socket offer."""

    def recv(self, size: int, /) -> bytes:
        """Receive at most ``size`` bytes."""

    def sendall(self, data: bytes, /) -> None:
        """Send every byte."""


class Reader:
    """Buffered reading, with the methods cheroot asks of ``rfile``."""

    def __init__(self, sock: ByteSocket) -> None:
        self._sock = sock
        self._buffer = b""
        self._at = 0
        self.bytes_read = 0

    def has_data(self) -> bool:
        """Whether bytes are waiting here, which no selector would announce."""
        return self._at < len(self._buffer)

    def fill(self) -> bool:
        """Receive once; ``False`` when the client has closed its side.

        Raises:
            ClientGoneError: The client reset the connection or kept silent too long.
        """
        try:
            data = self._sock.recv(RECEIVE_BYTES)
        except OSError as error:
            raise ClientGoneError(*error.args) from error
        self._buffer = self._buffer[self._at :] + data
        self._at = 0
        return bool(data)

    def has(self, size: int) -> bool:
        """Whether ``size`` bytes lie here, having waited for them if need be.

        ``False`` when the client closed its side before.

        Raises:
            ClientGoneError: As for ``fill``.
        """
        while len(self._buffer) - self._at < size:
            if not self.fill():
                return False
        return True

    def find(self, text: bytes, within: int) -> int:
        """Return where ``text`` begins in what lies here, counted from its start.

        -1 if it does not lie within the next ``within`` bytes.
        """
        at = self._buffer.find(text, self._at, self._at + within)
        return at - self._at if at >= 0 else -1

    def peek(self, size: int) -> bytes:
        """Return the next ``size`` bytes and leave them here."""
        return self._buffer[self._at : self._at + size]

    def readline(self, size: int | None = None) -> bytes:
        """Return a line with its end, or ``size`` bytes of it."""
        while True:
            end = self._buffer.find(b"\n", self._at) + 1
            have = (end or len(self._buffer)) - self._at
            if size is not None and have >= size:
                return self._take(size)
            if end or not self.fill():
                return self._take(have)

    def read(self, size: int | None = None) -> bytes:
        """Return ``size`` bytes, fewer only at the end of the stream."""
        parts: list[bytes] = []
        missing = size
        while missing is None or missing > 0:
            if not self.has_data() and not self.fill():
                break
            parts.append(self._take(missing))
            if missing is not None:
                missing -= len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        """Forget what was buffered; the connection closes the socket itself."""
        self._buffer = b""
        self._at = 0

    def _take(self, size: int | None) -> bytes:
        end = len(self._buffer) if size is None else self._at + size
        data = self._buffer[self._at : end]
        self._at += len(data)
        self.bytes_read += len(data)
        return data


class Writer:
    """Writing that can hold the head back, to send it with the body."""

    def __init__(self, sock: ByteSocket) -> None:
        self._sock = sock
        self._held = b""
        self._holding = False
        self.bytes_written = 0

    def hold(self) -> None:
        """Keep the next write until the one after it or ``flush``.

        Head and body then leave in one packet and wake the client once.
        """
        self._holding = True

    def write(self, data: bytes) -> int:
        """Send ``data``, after whatever was held.

        Raises:
            ClientGoneError: The client closed the connection or does not read.
        """
        if self._holding:
            self._holding = False
            self._held += data
        else:
            self._send(self._held + data)
        return len(data)

    def flush(self) -> None:
        """Send what was held."""
        if self._held:
            self._send(self._held)

    def close(self) -> None:
        """Forget what was held; the connection closes the socket itself."""
        self._held = b""

    def _send(self, data: bytes) -> None:
        self._held = b""
        try:
            self._sock.sendall(data)
        except OSError as error:
            raise ClientGoneError(*error.args) from error
        self.bytes_written += len(data)
