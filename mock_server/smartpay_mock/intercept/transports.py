"""Transports for ``httpx``, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from errno import ECONNRESET
from os import strerror
from typing import Any, NoReturn

import anyio
import anyio.to_thread
import httpx

from smartpay_mock.intercept.wsgi import (
    HANGS,
    Request,
    call,
    gives_up_first,
)
from smartpay_mock.kernel.exchange import TransportFault
from smartpay_mock.kernel.wsgi import Response, WSGIApp

MAX_THREADS = 1_000


def smartpay_transport(app: WSGIApp) -> httpx.BaseTransport:
    """Return a transport that answers by ``app``, without a socket.

    ``httpx.Client(transport=smartpay_transport(app))``. Transport faults become the
    exceptions that ``httpx`` raises on a network. A stall takes no time: it is a
    ``ReadTimeout`` at once if the call has a timeout that is shorter. An answer that
    takes longer than the timeout is one too, when it is there.

    Args:
        app: The app that answers.
    """
    return _Transport(app)


def async_smartpay_transport(app: WSGIApp) -> httpx.AsyncBaseTransport:
    """Return the same for ``httpx.AsyncClient``.

    The app runs in a thread of its own per call, so that a held call does not hold
    up the event loop: ``MAX_THREADS`` at one time.

    Args:
        app: The app that answers.
    """
    return _AsyncTransport(app)


class _Transport(httpx.BaseTransport):
    def __init__(self, app: WSGIApp) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return _respond(call(self._app, described(request)), request)


class _AsyncTransport(httpx.AsyncBaseTransport):
    def __init__(self, app: WSGIApp) -> None:
        self._app = app
        self._threads: anyio.CapacityLimiter | None = None  # needs a running loop

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(MAX_THREADS)
        reply = await anyio.to_thread.run_sync(
            call,
            self._app,
            described(request),
            abandon_on_cancel=True,
            limiter=self._threads,
        )
        return _respond(reply, request)


class _HalfBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """Half of a body, and then the error that a cut connection makes."""

    def __init__(self, whole: bytes) -> None:
        self._whole = whole
        self._half = whole[: len(whole) // 2]

    def __iter__(self) -> Iterator[bytes]:
        yield self._half
        self._break()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._half
        self._break()

    def _break(self) -> NoReturn:
        raise httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body "
            f"(received {len(self._half)} bytes, expected {len(self._whole)})"
        )


def described(request: httpx.Request) -> Request:
    """Return a request of ``httpx`` as the app takes it; its body was read."""
    timeout: dict[str, Any] = request.extensions.get("timeout", {})
    return Request(
        method=request.method,
        url=str(request.url),
        headers=request.headers.multi_items(),
        body=request.content,
        timeout_s=timeout.get("read"),
    )


def _respond(reply: Response, request: httpx.Request) -> httpx.Response:
    extensions = {"reason_phrase": reply.reason.encode("latin-1")}
    if reply.fault is None:
        return httpx.Response(
            reply.code,
            headers=reply.headers,
            stream=httpx.ByteStream(reply.body),
            extensions=extensions,
        )
    if reply.fault.kind != "half":
        raise _error_of(reply.fault, request)
    kept = [pair for pair in reply.headers if pair[0].lower() != "content-length"]
    return httpx.Response(
        reply.code,
        headers=[*kept, ("Content-Length", str(len(reply.body)))],
        stream=_HalfBody(reply.body),
        extensions=extensions,
    )


def _error_of(fault: TransportFault, request: httpx.Request) -> httpx.TransportError:
    timeout_s = request.extensions.get("timeout", {}).get("read")
    if fault.kind == "stall" and gives_up_first(fault, timeout_s):
        return httpx.ReadTimeout("timed out", request=request)
    if fault.kind == "reset":
        message = f"[Errno {ECONNRESET}] {strerror(ECONNRESET)}"
        return httpx.ReadError(message, request=request)
    error = httpx.RemoteProtocolError(
        "Server disconnected without sending a response.", request=request
    )
    if fault.kind == "stall":
        error.add_note(HANGS.format(seconds=fault.stall_ms / 1000))
    return error
