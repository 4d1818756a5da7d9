"""One call of a WSGI app without a socket, shared by all client libraries."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import IncompleteRead, RemoteDisconnected
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from smartpay_mock.kernel.exchange import TransportFault
from smartpay_mock.kernel.wsgi import (
    TIMEOUT,
    TRANSPORT,
    Response,
    WSGIApp,
    common_environ,
    put_headers,
)

HANGS = (
    "The emulator stalled this call for {seconds:g} s, and the call has no shorter "
    "timeout; on a network it would have hung that long. Pass timeout=."
)

_PORTS = {"http": 80, "https": 443}
# An app that passes calls on to a shared server sees faults as errors of its own
# connection. The order matters: RemoteDisconnected is a ConnectionResetError too.
_RAISED_BY_THE_APP: tuple[tuple[type[Exception], TransportFault], ...] = (
    (RemoteDisconnected, TransportFault("empty")),
    (ConnectionResetError, TransportFault("reset")),
    (IncompleteRead, TransportFault("half")),
    (TimeoutError, TransportFault("stall")),
)


@dataclass(slots=True)
class Request:
    """The request that a client library sends.

    Attributes:
        method: Upper case.
        url: Absolute, as the client has it.
        headers: Text or bytes, in the order sent; repeated names are joined by a
            comma.
        body: The whole body.
        timeout_s: How long the client would wait for an answer, in seconds;
            ``None`` for ever.
    """

    method: str
    url: str
    headers: Iterable[tuple[str, str | bytes]] = ()
    body: bytes = b""
    timeout_s: float | None = None


def call(app: WSGIApp, request: Request) -> Response:
    """Return what ``app`` answers; the answer is complete when this returns.

    An answer that took longer than the client would have waited is a stall.

    Raises:
        Exception: The app raised it, and it is not a broken connection.
    """
    response = Response()
    environ = build_environ(request)
    environ[TRANSPORT] = response.lose
    begun = time.monotonic()
    try:
        response.take(app(environ, response.start))
    except tuple(kind for kind, _ in _RAISED_BY_THE_APP) as error:
        return _as_fault(error)
    late = TransportFault("stall", stall_ms=round((time.monotonic() - begun) * 1000))
    if response.fault is None and gives_up_first(late, request.timeout_s):
        return Response(late)
    if response.fault is None and request.method == "HEAD":
        response.body = b""
    return response


def build_environ(request: Request) -> dict[str, Any]:
    """Return the WSGI environment of ``request`` (PEP 3333)."""
    parts = urlsplit(request.url)
    port = parts.port or _PORTS.get(parts.scheme, 80)
    environ = common_environ(parts.hostname or "", port, scheme=parts.scheme)
    headers = [
        (name, raw.decode("latin-1") if isinstance(raw, bytes) else raw)
        for name, raw in request.headers
    ]
    put_headers(environ, headers)
    # The body is here as a whole, and its length is known.
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.setdefault("HTTP_HOST", parts.netloc.rpartition("@")[2])
    return {
        **environ,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": request.method,
        "PATH_INFO": unquote_to_bytes(parts.path or "/").decode("latin-1"),
        "QUERY_STRING": parts.query,
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.input": BytesIO(request.body),
        TIMEOUT: request.timeout_s,
    }


def gives_up_first(fault: TransportFault, timeout_s: float | None) -> bool:
    """Return whether a client's timeout ends before the stall does."""
    return timeout_s is not None and timeout_s * 1000 < fault.stall_ms


def _as_fault(error: Exception) -> Response:
    fault = next(fault for kind, fault in _RAISED_BY_THE_APP if isinstance(error, kind))
    reply = Response(fault)
    reply.status = "200 OK"
    if isinstance(error, IncompleteRead):
        # As long as the whole was, so that half of it is what arrived.
        reply.body = error.partial.ljust(2 * len(error.partial) + 1)
    return reply
