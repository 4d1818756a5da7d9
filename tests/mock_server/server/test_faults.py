"""Transport faults, as real clients on real sockets see them."""

from __future__ import annotations

import contextlib
import gc
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import requests

from probe_app import HTTPX_RAISES, REQUESTS_RAISES
from smartpay_mock.server import Certificates, Server

BODY = b'{"id":"order_test_1"}\n....'
HALF = len(BODY) // 2
STALL_SECONDS = 0.1
DEADLINE_SECONDS = 10.0

KINDS = ("reset", "empty", "half", "stall")
Raises = tuple[type[Exception], str]


class Target:
    """A server and the TLS settings that its clients need."""

    def __init__(self, server: Server, certificates: Certificates | None) -> None:
        self.server = server
        self.verify = str(certificates.ca_path) if certificates else True
        self.context: ssl.SSLContext | None = None
        if certificates:
            self.context = certificates.client_context()

    def url(self, path: str) -> str:
        """Return the URL of ``path``."""
        return self.server.url + path

    @staticmethod
    def timeout_s(kind: str) -> float:
        """Return how long a client waits for its answer, in seconds."""
        return STALL_SECONDS if kind == "stall" else DEADLINE_SECONDS

    def expected(self, table: dict[str, Raises], kind: str) -> Raises:
        """Return what a client raises here.

        Python's ssl module reports a reset as an end with some versions of OpenSSL 3
        (``SSL_read_ex`` gives 0 for both), so over HTTPS either will do.
        """
        if kind != "reset" or self.context is None:
            return table[kind]
        (_, how_reset), (_, how_empty) = table["reset"], table["empty"]
        return self.common(table), f"{how_reset}|{how_empty}"

    @staticmethod
    def common(table: dict[str, Raises]) -> type[Exception]:
        """Return the nearest class that a reset and an end have in common."""
        reset, empty = table["reset"][0], table["empty"][0]
        return next(base for base in reset.__mro__ if issubclass(empty, base))


@pytest.fixture(params=["http", "https"])
def target(
    request: pytest.FixtureRequest, certificates: Certificates
) -> Iterator[Target]:
    """Return a server that speaks HTTP, and one that speaks HTTPS."""
    is_tls = request.param == "https"
    server = request.getfixturevalue("tls_server" if is_tls else "server")
    made = Target(server, certificates if is_tls else None)
    yield made
    after = requests.get(made.url("/ok"), verify=made.verify, timeout=DEADLINE_SECONDS)
    assert after.status_code == 200, "the server did not survive the fault"
    assert server.errors == []


def by_requests(target: Target, kind: str) -> None:
    """Call with ``requests``."""
    timeout = (DEADLINE_SECONDS, target.timeout_s(kind))
    url = target.url(f"/fault/{kind}")
    requests.post(url, json={"amount": 250}, verify=target.verify, timeout=timeout)


def by_httpx(target: Target, kind: str) -> None:
    """Call with ``httpx``."""
    timeout = httpx.Timeout(DEADLINE_SECONDS, read=target.timeout_s(kind))
    verify = target.context or True
    url = target.url(f"/fault/{kind}")
    httpx.post(url, json={"amount": 250}, verify=verify, timeout=timeout)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("call", "raises"), [(by_requests, REQUESTS_RAISES), (by_httpx, HTTPX_RAISES)]
)
def test_a_client_raises_what_a_broken_network_makes_it_raise(
    target: Target, kind: str, call: Callable[..., None], raises: dict[str, Raises]
) -> None:
    """Each fault arrives as the exception that production code has to handle."""
    error, message = target.expected(raises, kind)

    with pytest.raises(error) as caught:
        call(target, kind)

    assert re.fullmatch(message, str(caught.value)), str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_on_a_kept_connection_is_the_same(target: Target, kind: str) -> None:
    """A session that was used before meets the fault too, and then goes on."""
    error, message = target.expected(REQUESTS_RAISES, kind)
    with requests.Session() as session:
        session.trust_env, session.verify = False, target.verify
        session.get(target.url("/ok"), timeout=DEADLINE_SECONDS)

        with pytest.raises(error) as caught:
            session.post(target.url(f"/fault/{kind}"), timeout=target.timeout_s(kind))
        after = session.get(target.url("/ok"), timeout=DEADLINE_SECONDS)

    assert re.fullmatch(message, str(caught.value)), str(caught.value)
    assert after.status_code == 200


def test_reset_is_a_true_reset(target: Target, connect: Callable[..., Any]) -> None:
    """The kernel reports ECONNRESET: not an end, not an answer."""
    client = connect(target.server.port, target.context)
    client.get("/fault/reset")
    # Below TLS: Python's ssl module itself may report a reset as an end.
    client.socket = socket.socket(fileno=client.socket.detach())
    client.socket.settimeout(DEADLINE_SECONDS)

    with pytest.raises(ConnectionResetError):
        client.read_to_the_end()


def test_empty_is_an_end_without_a_byte(
    target: Target, connect: Callable[..., Any]
) -> None:
    """The kernel reports the end of the stream, not an error."""
    client = connect(target.server.port, target.context)
    client.get("/fault/empty")

    assert client.read_to_the_end() == b""


def test_half_promises_the_whole_body_and_sends_half(
    target: Target, connect: Callable[..., Any]
) -> None:
    """A complete head, its true length, and then the end."""
    client = connect(target.server.port, target.context)
    client.get("/fault/half")

    head, _, body = client.read_to_the_end().partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"Content-Length: {len(BODY)}".encode() in head
    assert body == BODY[:HALF]


def test_half_of_an_answer_without_a_body_is_half_a_head(
    target: Target, connect: Callable[..., Any]
) -> None:
    """A 204 can be cut off too."""
    client = connect(target.server.port, target.context)
    client.send("DELETE /fault/half HTTP/1.1\nHost: x\n\n")

    received = client.read_to_the_end()

    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in received


def test_stall_sends_nothing_and_ends_after_its_time(
    target: Target, connect: Callable[..., Any]
) -> None:
    """A patient client sees the connection end without a byte."""
    client = connect(target.server.port, target.context)
    client.get("/fault/stall/50")
    client.socket.settimeout(0.02)
    with pytest.raises(TimeoutError):
        client.socket.recv(1)
    client.socket.settimeout(DEADLINE_SECONDS)

    assert client.read_to_the_end() == b""


def test_a_stalled_request_blocks_no_other(
    target: Target, connect: Callable[..., Any]
) -> None:
    """Fifty stalled clients, and the next one is served."""
    for _ in range(50):
        connect(target.server.port, target.context).get("/fault/stall")

    answer = requests.get(
        target.url("/ok"), verify=target.verify, timeout=DEADLINE_SECONDS
    )

    assert answer.status_code == 200


def test_a_stall_ends_when_the_client_gives_up(
    target: Target, connect: Callable[..., Any], probe: Any
) -> None:
    """Its thread is free again at once."""
    client = connect(target.server.port, target.context)
    client.get("/fault/stall")
    requests.get(target.url("/ok"), verify=target.verify, timeout=DEADLINE_SECONDS)
    client.socket.close()

    target.server.stop()

    left = [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("smartpay-server")
    ]
    target.server.start()
    assert left == []


def test_a_stall_ends_when_the_server_stops(
    target: Target, connect: Callable[..., Any]
) -> None:
    """Stopping waits for no stalled client."""
    client = connect(target.server.port, target.context)
    client.get("/fault/stall")
    requests.get(target.url("/ok"), verify=target.verify, timeout=DEADLINE_SECONDS)

    target.server.stop()

    assert client.read_to_the_end() == b""
    target.server.start()


@pytest.mark.parametrize("kind", KINDS)
def test_no_fault_leaks_a_descriptor(
    target: Target,
    connect: Callable[..., Any],
    kind: str,
    count_descriptors: Callable[[], int],
) -> None:
    """What was cut off is closed on this side as well."""
    requests.get(target.url("/ok"), verify=target.verify, timeout=DEADLINE_SECONDS)
    target.server.stop()
    before = count_descriptors()
    target.server.start()

    for _ in range(10):
        client = connect(target.server.port, target.context)
        client.get(f"/fault/{kind}/1")
        with contextlib.suppress(ConnectionResetError):
            client.read_to_the_end()
        client.socket.close()
    target.server.stop()

    gc.collect()
    assert count_descriptors() <= before
    target.server.start()


@pytest.mark.parametrize("kind", ["empty", "half"])
def test_a_fault_with_an_unread_body_is_no_reset(
    server: Server, connect: Callable[..., Any], kind: str
) -> None:
    """A body that nobody read does not turn an end into a reset."""
    client = connect(server.port)
    size = 1 << 20
    client.send(
        f"PUT /fault_unread/{kind} HTTP/1.1\nHost: x\nContent-Length: {size}\n\n",
        b"x" * size,
    )

    received = client.read_to_the_end()

    assert received.endswith(b"" if kind == "empty" else BODY[:HALF])
