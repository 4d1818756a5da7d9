"""A WSGI app for the tests of the HTTP server and of in-process clients."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpx
import requests

from smartpay_mock.kernel.exchange import TransportFault
from smartpay_mock.kernel.waiting import before_waiting

BODY = b'{"id":"order_test_1"}\n....'
HALF = len(BODY) // 2
STALL_SECONDS = 0.1
TIMEOUT_SECONDS = 10.0
PEOPLE_WAIT_MS = 60_000

Raises = tuple[type[Exception], str]

# fault -> what the client library raises, with its whole message
REQUESTS_RAISES: dict[str, Raises] = {
    "reset": (
        requests.ConnectionError,
        r"\('Connection aborted.', "
        r"ConnectionResetError\(104, 'Connection reset by peer'\)\)",
    ),
    "empty": (
        requests.ConnectionError,
        r"\('Connection aborted.', RemoteDisconnected\("
        r"'Remote end closed connection without response'\)\)",
    ),
    "half": (
        requests.exceptions.ChunkedEncodingError,
        rf"\('Connection broken: IncompleteRead\({HALF} bytes read, "
        rf"{len(BODY) - HALF} more expected\)', IncompleteRead.*\)",
    ),
    "stall": (
        requests.ReadTimeout,
        rf".*: Read timed out. \(read timeout={STALL_SECONDS}\)",
    ),
}
HTTPX_RAISES: dict[str, Raises] = {
    "reset": (httpx.ReadError, r"\[Errno 104\] Connection reset by peer"),
    "empty": (
        httpx.RemoteProtocolError,
        "Server disconnected without sending a response.",
    ),
    "half": (
        httpx.RemoteProtocolError,
        "peer closed connection without sending complete message body "
        rf"\(received {HALF} bytes, expected {len(BODY)}\)",
    ),
    "stall": (httpx.ReadTimeout, "(timed out|The read operation timed out)"),
}

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class ProbeApp:
    """A WSGI app whose paths name what the app does.

    Attributes:
        hold: ``/held`` waits for it.
        arrived: Released once per request that has reached ``/held``.
        environs: The WSGI environment of each request.
    """

    def __init__(self) -> None:
        self.hold = threading.Event()
        self.arrived = threading.Semaphore(0)
        self.environs: list[dict[str, Any]] = []

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Do what the first part of the path names."""
        self.environs.append(environ)
        name, _, rest = environ["PATH_INFO"].lstrip("/").partition("/")
        answer: Iterable[bytes] = getattr(self, f"do_{name or 'ok'}")(
            environ, start_response, rest
        )
        return answer

    def do_ok(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Answer after reading the body."""
        read_body(environ)
        return send(start_response, "200 OK", BODY)

    def do_echo(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Answer with what arrived."""
        seen = {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "scheme": environ["wsgi.url_scheme"],
            "host": environ.get("HTTP_HOST"),
            "type": environ.get("CONTENT_TYPE"),
            "key": environ.get("HTTP_IDEMPOTENCY_KEY"),
            "body": read_body(environ).decode("latin-1"),
        }
        return send(start_response, "201 CREATED", json.dumps(seen).encode())

    def do_unread(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Refuse without looking at the body."""
        return send(start_response, "401 UNAUTHORIZED", b"no")

    def do_held(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Answer when the hold is released."""
        read_body(environ)
        self.arrived.release()
        before_waiting()
        if not self.hold.wait(TIMEOUT_SECONDS):
            raise TimeoutError("the hold was not released")
        return send(start_response, "200 OK", BODY)

    def do_raise(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Raise an error that a socket might raise too."""
        raise ConnectionRefusedError("an error of the app")

    def do_report(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Answer 500 and report the exception."""
        if "smartpay.report" in environ:
            environ["smartpay.report"](LookupError("reported"))
        return send(start_response, "500 INTERNAL SERVER ERROR", b"sorry")

    def do_fault(
        self, environ: dict[str, Any], start_response: StartResponse, kind: str
    ) -> Iterable[bytes]:
        """Ask the server for a transport fault: ``/fault/<kind>[/<stall_ms>]``."""
        read_body(environ)
        return self.do_fault_unread(environ, start_response, kind)

    def do_fault_unread(
        self, environ: dict[str, Any], start_response: StartResponse, kind: str
    ) -> Iterable[bytes]:
        """Do the same without reading the body."""
        kind, _, stall_ms = kind.partition("/")
        fault = TransportFault(
            kind,  # type: ignore[arg-type] # the path names one of the four
            stall_ms=int(stall_ms or PEOPLE_WAIT_MS),
        )
        body = b"" if environ["REQUEST_METHOD"] == "DELETE" else BODY
        answer: Iterable[bytes] = environ["smartpay.transport"](
            fault, "200 OK", [("Content-Type", "application/json")], body
        )
        return answer


def read_body(environ: dict[str, Any]) -> bytes:
    """Return the whole body of a request."""
    if environ.get("wsgi.input_terminated"):
        return bytes(environ["wsgi.input"].read())
    return bytes(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))


def send(start_response: StartResponse, status: str, body: bytes) -> Iterable[bytes]:
    """Start a JSON response and return its body."""
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Request-Id", "req_test_1"),
    ]
    start_response(status, headers)
    return [body]
