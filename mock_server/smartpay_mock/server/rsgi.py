"""RSGI, granian's own interface, in front of a WSGI application.

Unlike WSGI on granian, RSGI tells a body that was cut off from a whole one, shows the
headers as they were sent, and lets a body arrive before a thread takes the request. So
a client that stalls holds no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from io import BytesIO
from queue import SimpleQueue
from typing import Any

from smartpay_mock.kernel.waiting import set_on_wait
from smartpay_mock.kernel.wsgi import (
    Environ,
    Headers,
    Response,
    WSGIApp,
    common_environ,
)
from smartpay_mock.server.http import Refusal, read_headers
from smartpay_mock.server.workers import Workers

BODY_SECONDS = 60.0
"""The time that a client has to send its body, in seconds."""

_HIDDEN = "\xff"  # refused like any other credential that isn't ASCII

Answered = tuple[int, Headers, bytes]
Answer = Callable[[Environ], Awaitable[Answered]]
RSGIApp = Callable[[Any, Any], Coroutine[Any, Any, None]]
"""Takes a scope and a protocol, as granian's specification of RSGI 1.6 defines them."""


def to_rsgi(answer: Answer, body_limit: Callable[[str], int]) -> RSGIApp:
    """Return an RSGI application.

    Args:
        answer: Answers a call whose body has arrived, such as ``Threads.answer``.
        body_limit: Returns the largest body in bytes that is read for a path.
    """

    async def call(scope: Any, protocol: Any) -> None:
        environ, problem = _read_head(scope)
        refusal = Refusal(400, problem) if problem else None
        if refusal is None:
            limit = body_limit(environ["PATH_INFO"])
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    await _read_body(environ, protocol, limit)
            except TimeoutError:
                refusal = Refusal(408, "its body did not arrive in time")
            except RuntimeError:
                refusal = Refusal(400, "its body was cut off or has a malformed chunk")
        if refusal is None:
            protocol.response_bytes(*await answer(environ))
        else:
            protocol.response_bytes(*_answer(refusal, environ))

    return call


class Threads:
    """Threads that call a WSGI application: one, and others while its calls wait."""

    def __init__(self, app: WSGIApp) -> None:
        self._app = app
        self._calls = SimpleQueue[tuple[Environ, asyncio.Future[Answered]]]()
        self._workers = Workers(self._work, name="smartpay-call")
        self._workers.let_another_lead()

    def answer(self, environ: Environ) -> Awaitable[Answered]:
        """Return what the application answers; a call that waits delays no other."""
        future: asyncio.Future[Answered]
        future = asyncio.get_running_loop().create_future()
        self._calls.put((environ, future))
        return future

    def _work(self) -> None:
        set_on_wait(self._workers.hand_over)
        while self._workers.await_lead():
            while self._workers.leads():
                environ, future = self._calls.get()
                try:
                    end = partial(future.set_result, _answer(self._app, environ))
                except Exception as error:
                    end = partial(future.set_exception, error)
                with suppress(RuntimeError):  # the process ends
                    future.get_loop().call_soon_threadsafe(end)


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
    shown: Headers = scope.headers.items()
    hidden = set(scope.headers).difference(dict(shown))
    return [*shown, *((name, _HIDDEN) for name in hidden)]


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


def _answer(app: WSGIApp, environ: Environ) -> Answered:
    response = Response()
    response.take(app(environ, response.start))
    return response.code, response.headers, response.body
