"""``serve`` with clients that wait, stall or never end: it serves others, and ends."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from tests.many.cluster import Client, Host

SERVERS = ("threads", "granian")
GRACE_S = 8.0
IDLE = 1_100
_HEAD = b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n"
STALLED = (
    b"",
    b"POST /v1/orders HTTP/1.1\r\nHost: localh",
    _HEAD + b"Content-Length: 99\r\n\r\nabc",
    _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5",
)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Return what starts a server of a kind."""
    hosts: list[Host] = []

    def start(server: str) -> Host:
        host = Host(tmp_path / "port", ["--server", server])
        hosts.append(host)
        return host

    yield start
    for host in hosts:
        host.kill()


@pytest.fixture
def dripping() -> Iterator[str]:
    """Return the URL of a receiver that answers a byte at a time, without end."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as clients:

        def drip() -> None:
            client = clients.enter_context(listener.accept()[0])
            with contextlib.suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
                while not stop.wait(0.1):
                    client.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        stop.set()
        thread.join(10)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Return a stack that closes what the test opens."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Let this process open more sockets than a server has descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < 2 * IDLE + 500:
        pytest.skip("this machine allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * IDLE + 500, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connect(stack: ExitStack, host: Host, sent: bytes) -> None:
    """Open a connection, send some bytes and leave it open."""
    client = stack.enter_context(socket.create_connection((host.address, host.port)))
    client.sendall(sent)


@pytest.mark.parametrize("server", SERVERS)
def test_sigterm_ends_a_server_whatever_is_being_sent(
    serve: Any, dripping: str, key: str, server: str, stack: ExitStack
) -> None:
    """A held call, webhooks to a slow receiver and stalled clients delay it little."""
    host = serve(server)
    client = stack.enter_context(closing(Client(host, key)))
    client("POST", "/v1/webhook-endpoints", {"url": dripping})
    client.admin("PUT", "/webhooks/faults", {"duplicate": 100})
    client.order()
    hold = client.admin("POST", "/holds", {"operation": "list_orders"})["id"]
    call = f"GET /v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {key}"
    for sent in (*STALLED, f"{call}\r\n\r\n".encode()):
        connect(stack, host, sent)
    client.admin("GET", f"/holds/{hold}?calls=1")
    started = time.monotonic()

    host.process.terminate()
    code = host.process.wait(30)

    assert code == 0
    assert time.monotonic() - started < GRACE_S


@pytest.mark.usefixtures("many_descriptors")
@pytest.mark.parametrize("server", SERVERS)
def test_idle_and_stalled_clients_shut_nobody_out(
    serve: Any, key: str, server: str, stack: ExitStack
) -> None:
    """With 1,100 clients that send nothing, and some that stall, a call is answered."""
    host = serve(server)
    for number in range(IDLE):
        connect(stack, host, STALLED[number % len(STALLED)])
    started = time.monotonic()

    order = stack.enter_context(closing(Client(host, key))).order()

    assert order.status == 200
    assert time.monotonic() - started < GRACE_S
