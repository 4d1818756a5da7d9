"""An adapter for ``requests``: responses and faults as urllib3 gives them."""

from __future__ import annotations

from errno import ECONNRESET
from http.client import RemoteDisconnected
from io import BytesIO
from os import strerror
from typing import Any

import requests
from requests.adapters import DEFAULT_RETRIES, HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPHeaderDict, HTTPResponse, Retry
from urllib3.exceptions import (
    HTTPError,
    MaxRetryError,
    ProtocolError,
    ReadTimeoutError,
    ResponseError,
)
from urllib3.util import Timeout

from smartpay_mock.intercept.wsgi import (
    HANGS,
    Request,
    call,
    gives_up_first,
)
from smartpay_mock.kernel.exchange import TransportFault
from smartpay_mock.kernel.wsgi import Response, WSGIApp


def open_url(
    app: WSGIApp, pool: HTTPConnectionPool, request: Request, retries: Retry
) -> HTTPResponse:
    """Return the app's response as ``urllib3`` returns it, body unread.

    Retries follow without a pause: an in-process call has nothing to wait for.

    Args:
        app: The app that answers.
        pool: The pool that would have sent the request; exceptions name it.
        request: The request.
        retries: The retries that are left.

    Raises:
        urllib3.exceptions.HTTPError: The one that a fault causes on a network.
    """
    method, url = request.method, request.url
    while True:
        reply = call(app, request)
        if reply.fault is not None and reply.fault.kind != "half":
            error = _error_of(reply.fault, request.timeout_s, pool)
            retries = retries.increment(method, url, error=error, _pool=pool)
            continue
        response = to_urllib3(reply, method)
        has_delay = "Retry-After" in response.headers
        if not retries.is_retry(method, response.status, has_delay):
            return response
        try:
            retries = retries.increment(method, url, response=response, _pool=pool)
        except MaxRetryError:
            if retries.raise_on_status:
                raise
            return response


class SmartpayAdapter(HTTPAdapter):
    """Answers every call of a session by a WSGI app, without a socket.

    ::

        session = requests.Session()
        session.mount("https://api.smartpay.co", SmartpayAdapter(app))

    Transport faults become the exceptions that ``requests`` raises on a network. A
    stall takes no time: it is a ``ReadTimeout`` at once if the call has a shorter
    timeout. An answer that takes longer than the timeout is a ``ReadTimeout`` too.

    Args:
        app: The app that answers.
        max_retries: As for ``HTTPAdapter``; no time passes between retries.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        max_retries: int | Retry = DEFAULT_RETRIES,
    ) -> None:
        super().__init__(max_retries=max_retries)
        self._app = app

    def send(  # noqa: PLR0917 - the signature is that of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        """Return the app's answer to ``request``."""
        described = Request(
            method=str(request.method),
            url=str(request.url),
            headers=list(request.headers.items()),
            body=whole_body(request.body),
            timeout_s=read_timeout(timeout),
        )
        pool = self.poolmanager.connection_from_url(described.url)
        try:
            response = open_url(self._app, pool, described, self.max_retries)
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except (ProtocolError, MaxRetryError) as error:
            reason = getattr(error, "reason", None)
            is_status = isinstance(reason, ResponseError)
            kind = (
                requests.exceptions.RetryError
                if is_status
                else requests.ConnectionError
            )
            raise kind(error, request=request) from error
        return self.build_response(request, response)


def to_urllib3(reply: Response, method: str) -> HTTPResponse:
    """Return a response as it comes from a socket, cut off if the fault says so."""
    body, headers = reply.body, HTTPHeaderDict(reply.headers)
    if reply.fault is not None:
        headers["Content-Length"] = str(len(body))
        body = body[: len(body) // 2]
    return HTTPResponse(
        body=BytesIO(body),
        headers=headers,
        status=reply.code,
        reason=reply.reason,
        preload_content=False,
        request_method=method,
    )


def whole_body(body: Any) -> bytes:
    """Return a prepared body as bytes: text, file or iterable, as urllib3 sends it."""
    if body is None:
        return b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    return b"".join(whole_body(part) for part in body)


def read_timeout(timeout: Any) -> float | None:
    """Return the seconds to wait for an answer, of what ``requests`` was given."""
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout
    return timeout if isinstance(timeout, int | float) else None


def _error_of(
    fault: TransportFault, timeout_s: float | None, pool: HTTPConnectionPool
) -> HTTPError:
    if fault.kind == "stall" and gives_up_first(fault, timeout_s):
        message = f"Read timed out. (read timeout={timeout_s})"
        return ReadTimeoutError(pool, "", message)
    if fault.kind == "reset":
        reset = ConnectionResetError(ECONNRESET, strerror(ECONNRESET))
        return ProtocolError("Connection aborted.", reset)
    end = RemoteDisconnected("Remote end closed connection without response")
    error = ProtocolError("Connection aborted.", end)
    if fault.kind == "stall":
        error.add_note(HANGS.format(seconds=fault.stall_ms / 1000))
    return error
