"""What the servers and the in-process clients take from a WSGI app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from smartpay_mock.kernel.exchange import TransportFault

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
Headers = Sequence[tuple[str, str]]


class Response:
    """What the application answers, or the fault that replaces the answer.

    Attributes:
        status: The status line without the protocol; empty until ``start``.
        headers: In the order given.
        body: The whole body.
        fault: The fault that the client sees in place of this response.
    """

    __slots__ = ("body", "fault", "headers", "status")

    def __init__(self, fault: TransportFault | None = None) -> None:
        self.status = ""
        self.headers: Headers = ()
        self.body = b""
        self.fault = fault

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status.partition(" ")[0])

    @property
    def reason(self) -> str:
        """The phrase behind the status."""
        return self.status.partition(" ")[2]

    def start(
        self, status: str, headers: Headers, _exc_info: object = None
    ) -> Callable[[bytes], None]:
        """Take status and headers: WSGI's ``start_response``."""
        self.status, self.headers = status, headers
        return self.write

    def write(self, part: bytes) -> None:
        """Add a part of the body."""
        self.body += part

    def take(self, chunks: Iterable[bytes]) -> None:
        """Add the body that the application returned."""
        try:
            self.body += b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def lose(
        self, fault: TransportFault, status: str, headers: Headers, body: bytes
    ) -> Iterable[bytes]:
        """Take a fault and the answer that it replaces.

        The application finds this function under ``environ["smartpay.transport"]``
        and returns the result. The fault is applied after the application has
        returned, so an ``after_commit`` fault never undoes the commit.
        """
        self.fault = fault
        self.status, self.headers, self.body = status, headers, body
        return ()
