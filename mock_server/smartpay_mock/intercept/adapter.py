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
)
from urllib3.util import Timeout

from smartpay_mock.intercept.wsgi import (
    HANGS,
    Report,
    Request,
    WSGIApp,
    WsgiResponse,
    call,
    gives_up_first,
)
from smartpay_mock.kernel.exchange import TransportFault


class RequestsCall:
    """One call made with ``requests``, with the retries its adapter was set to.

    Retries follow without a pause: an in-process call has nothing to wait for.

    Args:
        app: The app that answers.
        adapter: The adapter whose ``max_retries`` apply.
        request: The request as ``requests`` prepared it.
        timeout: As given to ``requests``.
        report: Takes exceptions that the app answers with 500.
    """

    def __init__(
        self,
        app: WSGIApp,
        adapter: HTTPAdapter,
        request: requests.PreparedRequest,
        *,
        timeout: Any = None,
        report: Report | None = None,
    ) -> None:
        self._app = app
        self._adapter = adapter
        self._prepared = request
        self._retries: Retry = adapter.max_retries
        self._request = Request(
            method=str(request.method),
            url=str(request.url),
            headers=[(name, _text(value)) for name, value in request.headers.items()],
            body=whole_body(request.body),
            timeout_s=read_timeout(timeout),
            report=report,
        )

    def send(self, *, retry_statuses: bool) -> HTTPResponse:
        """Return the response, after retries if the adapter has some left.

        Args:
            retry_statuses: Whether answers are retried too, if the adapter says so.

        Raises:
            requests.RequestException: The exception that ``requests`` raises for the
                same fault on a network.
        """
        while True:
            reply = call(self._app, self._request)
            if reply.fault is not None and reply.fault.kind != "half":
                self._retry_after(reply.fault)
                continue
            response = to_urllib3(reply, self._request.method)
            if not retry_statuses or not self._retries_status(response):
                return response

    def _retry_after(self, fault: TransportFault) -> None:
        pool = self._adapter.poolmanager.connection_from_url(self._request.url)
        try:
            self._retries = self._retries.increment(
                self._request.method,
                self._request.url,
                error=_error_of(fault, self._request.timeout_s, pool),
                _pool=pool,
            )
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=self._prepared) from error
        except (ProtocolError, MaxRetryError) as error:
            raised = requests.ConnectionError(error, request=self._prepared)
            if fault.kind == "stall":
                raised.add_note(HANGS.format(seconds=fault.stall_ms / 1000))
            raise raised from error

    def _retries_status(self, response: HTTPResponse) -> bool:
        has_delay = "Retry-After" in response.headers
        method, url = self._request.method, self._request.url
        if not self._retries.is_retry(method, response.status, has_delay):
            return False
        try:
            self._retries = self._retries.increment(method, url, response=response)
        except MaxRetryError as error:
            if self._retries.raise_on_status:
                raise requests.exceptions.RetryError(
                    error, request=self._prepared
                ) from error
            return False
        return True


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
        report: Takes exceptions that the app answers with 500.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        max_retries: int | Retry = DEFAULT_RETRIES,
        report: Report | None = None,
    ) -> None:
        super().__init__(max_retries=max_retries)
        self._app = app
        self._report = report

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
        call_ = RequestsCall(
            self._app, self, request, timeout=timeout, report=self._report
        )
        return self.build_response(request, call_.send(retry_statuses=True))


def to_urllib3(reply: WsgiResponse, method: str) -> HTTPResponse:
    """Return a response as it comes from a socket, cut off if the fault says so."""
    body, headers = reply.body, HTTPHeaderDict(reply.headers)
    if reply.fault is not None:
        headers["Content-Length"] = str(len(body))
        body = body[: len(body) // 2]
    return HTTPResponse(
        body=BytesIO(body),
        headers=headers,
        status=reply.status,
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
    return ProtocolError("Connection aborted.", end)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
