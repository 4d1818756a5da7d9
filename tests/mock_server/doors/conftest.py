"""What the tests of the doors share: an app that does what a path says."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpx
import pytest
import requests

from smartpay_mock.kernel.exchange import TransportFault
from smartpay_mock.server import Certificates, Server, make_certificates

BODY = b'{"id":"order_test_1"}\n....'
HALF = len(BODY) // 2
STALL_SECONDS = 0.1
PATIENCE_SECONDS = 10.0
PEOPLE_WAIT_MS = 60_000

Raises = tuple[type[Exception], str]

# fault -> what the client library raises, with its whole message
_REQUESTS_RAISES: dict[str, Raises] = {
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
_HTTPX_RAISES: dict[str, Raises] = {
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
    """A WSGI app whose paths ask for what a door has to deal with.

    Attributes:
        gate: ``/held`` waits for it.
        arrived: Released once per request that has reached ``/held``.
        environs: What the app was called with, one entry per request.
    """

    def __init__(self) -> None:
        self.gate = threading.Event()
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
        """Answer when the gate opens."""
        read_body(environ)
        self.arrived.release()
        assert self.gate.wait(PATIENCE_SECONDS), "nobody opened the gate"
        return send(start_response, "200 OK", BODY)

    def do_raise(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Fail as a careless app does, with an error a socket might raise too."""
        raise ConnectionRefusedError("the app's own trouble")

    def do_report(
        self, environ: dict[str, Any], start_response: StartResponse, _: str
    ) -> Iterable[bytes]:
        """Answer 500 and tell the door why."""
        if "smartpay.report" in environ:
            environ["smartpay.report"](LookupError("reported"))
        return send(start_response, "500 INTERNAL SERVER ERROR", b"sorry")

    def do_fault(
        self, environ: dict[str, Any], start_response: StartResponse, kind: str
    ) -> Iterable[bytes]:
        """Ask the door for a transport fault: ``/fault/<kind>[/<stall_ms>]``."""
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


@pytest.fixture
def probe() -> ProbeApp:
    """Return the app that does what a path says."""
    return ProbeApp()


@pytest.fixture
def server(probe: ProbeApp) -> Iterator[Server]:
    """Return a running server of ``probe``; held requests end with the test."""
    with Server(probe) as running:
        yield running
        probe.gate.set()


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """Return certificates of a private CA."""
    made = make_certificates()
    yield made
    made.remove()


@pytest.fixture
def tls_server(probe: ProbeApp, certificates: Certificates) -> Iterator[Server]:
    """Return a running HTTPS server of ``probe``."""
    with Server(probe, tls=certificates) as running:
        yield running
        probe.gate.set()


class RawClient:
    """A client that sees bytes and errors as the kernel gives them."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, text: str, body: bytes = b"") -> None:
        """Send a head given with plain line ends, and a body."""
        self.socket.sendall(text.replace("\n", "\r\n").encode() + body)

    def get(self, path: str) -> None:
        """Ask for ``path`` and keep the connection."""
        self.send(f"GET {path} HTTP/1.1\nHost: localhost\n\n")

    def read_answer(self) -> bytes:
        """Return head and body of one answer with a ``Content-Length``."""
        data = self.read_until(b"\r\n\r\n")
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(length - len(body))
        return head + b"\r\n\r\n" + body

    def read_until(self, mark: bytes) -> bytes:
        """Return what comes up to ``mark``, or up to the end."""
        data = b""
        while mark not in data:
            received = self.socket.recv(1 if mark == b"\r\n\r\n" else 65_536)
            if not received:
                break
            data += received
        return data

    def read_to_the_end(self) -> bytes:
        """Return everything until the server closes."""
        data = b""
        while received := self.socket.recv(65_536):
            data += received
        return data


@pytest.fixture
def connect() -> Iterator[Callable[..., RawClient]]:
    """Return a function that connects to a server; closed after the test."""
    clients: list[RawClient] = []

    def open_one(port: int, context: ssl.SSLContext | None = None) -> RawClient:
        clients.append(RawClient(port, context))
        return clients[-1]

    yield open_one

    for client in clients:
        client.socket.close()


@pytest.fixture
def count_descriptors() -> Callable[[], int]:
    """Return a function that counts the descriptors this process has open."""
    return lambda: len(os.listdir("/dev/fd"))


@pytest.fixture
def requests_raises() -> dict[str, Raises]:
    """Return what ``requests`` raises for each fault: class and whole message."""
    return _REQUESTS_RAISES


@pytest.fixture
def httpx_raises() -> dict[str, Raises]:
    """Return what ``httpx`` raises for each fault: class and whole message."""
    return _HTTPX_RAISES
