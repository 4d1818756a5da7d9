"""RSGI, granian's own interface, in front of a WSGI application.

Unlike WSGI on granian, RSGI tells a body that was cut off from a whole one, shows the
headers as they were sent, and lets a body arrive before a thread takes the request. So
a client that stalls holds no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from smartpay_mock.kernel.wsgi import (
    Environ,
    Headers,
    Response,
    WSGIApp,
    common_environ,
)
from smartpay_mock.server.http import Refusal, read_headers

BODY_SECONDS = 60.0
"""The time that a client has to send its body, in seconds."""

# As many calls can be held or wait for a database while others are answered.
_THREADS = 512


_HIDDEN = "\xff"  # refused like any other credential that isn't ASCII


RSGIApp = Callable[[Any, Any], Coroutine[Any, Any, None]]
"""Takes a scope and a protocol, as granian's specification of RSGI 1.6 defines them."""


def to_rsgi(
    app: WSGIApp,
    body_limit: Callable[[str], int],
    *,
    body_seconds: float = BODY_SECONDS,
) -> RSGIApp:
    """Return an RSGI application that answers with a WSGI application.

    Args:
        app: It runs in a thread, so a call that waits delays no other.
        body_limit: Returns the largest body in bytes that is read for a path.
        body_seconds: The time that a client has to send its body.
    """
    threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="smartpay-call")

    async def call(scope: Any, protocol: Any) -> None:
        environ, problem = _read_head(scope)
        refusal = Refusal(400, problem) if problem else None
        if refusal is None:
            limit = body_limit(environ["PATH_INFO"])
            try:
                async with asyncio.timeout(body_seconds):
                    await _read_body(environ, protocol, limit)
            except TimeoutError:
                refusal = Refusal(408, "its body did not arrive in time")
            except RuntimeError:
                refusal = Refusal(400, "its body was cut off or has a malformed chunk")
        loop = asyncio.get_running_loop()
        if refusal is None:
            answer = await loop.run_in_executor(threads, _answer, app, environ)
        else:
            answer = _answer(refusal, environ)
        protocol.response_bytes(*answer)

    return call


def _read_head(scope: Any) -> tuple[Environ, str]:
    """Return the WSGI environment, and what is wrong with the head or ''."""
    host, _, port = scope.server.rpartition(":")
    environ = common_environ(host, int(port), scheme=scope.scheme)
    version = "1.0" if scope.http_version == "1" else scope.http_version
    environ["REQUEST_METHOD"] = scope.method
    # WSGI passes the bytes of a path as if they were Latin-1.
    environ["PATH_INFO"] = scope.path.encode().decode("latin-1")
    environ["QUERY_STRING"] = scope.query_string
    problem = read_headers(environ, version, _headers(scope))
    if scope.authority:  # the target was a URL
        environ["HTTP_HOST"] = scope.authority
    return environ, problem


def _headers(scope: Any) -> Headers:
    """Return the headers; granian names one that isn't ASCII, but hides its value."""
    shown: Headers = list(scope.headers.items())
    names = {name for name, _ in shown}
    return [*shown, *((name, _HIDDEN) for name in scope.headers if name not in names)]


async def _read_body(environ: Environ, protocol: Any, limit: int) -> None:
    """Read the body into the environment, unless its length is over the limit.

    Raises:
        RuntimeError: The body was cut off (granian's ``RSGIProtocolClosed``).
    """
    body = b""
    if int(environ.get("CONTENT_LENGTH") or 0) <= limit:
        # Not part by part: that would not tell whether a chunked body was cut off.
        body = await protocol()
        environ["CONTENT_LENGTH"] = str(len(body))
    environ["wsgi.input"] = BytesIO(body)


def _answer(app: WSGIApp, environ: Environ) -> tuple[int, Headers, bytes]:
    response = Response()
    response.take(app(environ, response.start))
    return response.code, response.headers, response.body
