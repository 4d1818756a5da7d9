"""HTTP/1.1 as cheroot speaks it, without cheroot's threads and sockets.

cheroot parses requests and frames answers. Who accepts, which thread runs and when a
descriptor is closed is decided in ``loop``, ``crew`` and ``connection``: faults need
the raw socket, held requests need more threads, tests need a server that stops at
once.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

from cheroot.server import HTTPRequest
from cheroot.wsgi import Gateway_10, Server

from smartpay_mock.server.streams import ClientGoneError
from smartpay_mock.server.transport import ENVIRON_KEY, Transport, carry_out

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]
Report = Callable[[BaseException], None]

REPORT_KEY = "smartpay.report"
SOFTWARE = "smartpay-sandbox"
HEADER_BYTES = 65_536
# A body refused unread is read away up to this size, so that the connection goes on.
DRAIN_BYTES = 65_536


class AppFailedError(Exception):
    """The app raised; what it raised was reported already."""


class Request(HTTPRequest):
    """One request on a connection."""

    def ensure_headers_sent(self) -> None:
        """Send the head together with the first bytes of the body.

        A body left unread that is large, or of unknown length, ends the connection:
        it must neither be kept in memory nor be taken for the next request.
        """
        if self.sent_headers:
            return
        if self.unread_bytes() > DRAIN_BYTES:
            self.close_connection = True
        self.conn.wfile.hold()
        super().ensure_headers_sent()

    def unread_bytes(self) -> int:
        """Return how much of the body the app has not read; a guess if chunked."""
        if self.chunked_read:
            return 0 if self.rfile.closed else DRAIN_BYTES + 1
        return int(getattr(self.rfile, "remaining", 0))


class Gateway(Gateway_10):
    """Between one request and the WSGI app."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override] # stub: None
        """Add what the app may ask of this door."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call] # the stub has no types
        self.transport = Transport()
        environ[ENVIRON_KEY] = self.transport
        environ[REPORT_KEY] = self.req.server.report
        environ["SERVER_NAME"] = self.req.server.bind_addr[0]
        return environ

    def respond(self) -> None:
        """Call the app and send its answer, or carry out a fault in its place.

        Raises:
            AppFailedError: The app raised.
            ClientGoneError: The client did not wait for its answer.
        """
        try:
            self._run_app()
        except ClientGoneError:
            raise
        except Exception as error:
            self.req.server.report(error)
            raise AppFailedError from error
        if self.transport.order is None:
            self.req.ensure_headers_sent()
            self.req.conn.wfile.flush()
        else:
            self.req.ready = False  # keeps cheroot from sending a head
            self.req.close_connection = True
        self.req.conn.has_unread_input = (
            self.req.close_connection and self.req.unread_bytes() > 0
        )
        if self.transport.order is not None:
            carry_out(self.req.conn, self.transport.order)

    def _run_app(self) -> None:
        response = self.req.server.wsgi_app(self.env, self.start_response)
        try:
            for chunk in response:
                if chunk:
                    self.write(chunk)
        finally:
            if hasattr(response, "close"):
                response.close()


class Engine(Server):
    """What cheroot's classes ask of "the server": limits, names, where errors go.

    Args:
        address: What is listened on, for ``SERVER_NAME`` and ``SERVER_PORT``.
        app: The WSGI callable.
        secure: Whether requests come over TLS.
        report: Takes exceptions.
    """

    def __init__(
        self, address: tuple[str, int], app: WSGIApp, *, secure: bool, report: Report
    ) -> None:
        super().__init__(address, app, server_name=SOFTWARE)
        # cheroot keeps statistics of every server ever made, for ever.
        vars(logging)["statistics"].pop(f"Cheroot HTTPServer {id(self)}", None)
        self.gateway = Gateway
        self.software = SOFTWARE
        self.report = report
        self.max_request_header_size = HEADER_BYTES
        self.ssl_adapter = self if secure else None  # cheroot only asks: is there one

    @property
    def can_add_keepalive_connection(self) -> bool:
        """Every connection may stay: an idle one costs a descriptor, not a thread."""
        return True

    def error_log(
        self, msg: str = "", level: int = 20, traceback: bool = False
    ) -> None:
        """Report the exception being handled in place of printing it."""
        error = sys.exc_info()[1]
        if traceback and error and not isinstance(error, AppFailedError):
            self.report(error)
