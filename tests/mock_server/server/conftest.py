"""Servers of a small WSGI app, and a client that sends raw bytes."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest

from probe_app import TIMEOUT_SECONDS, ProbeApp
from smartpay_mock.server import Certificates, Server, make_certificates


@pytest.fixture
def probe() -> ProbeApp:
    """Return the app that does what a path names."""
    return ProbeApp()


@pytest.fixture
def server(probe: ProbeApp) -> Iterator[Server]:
    """Return a running server of ``probe``; held requests end with the test."""
    with Server(probe) as running:
        yield running
        probe.hold.set()


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
        probe.hold.set()


class RawClient:
    """A client that sees bytes and errors as the kernel gives them."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
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
