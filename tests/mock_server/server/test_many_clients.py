"""Many clients that send nothing: they cost no thread and shut nobody out."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from smartpay_mock.server import Server

DEADLINE_SECONDS = 10
IDLE_CONNECTIONS = 2_000


def test_two_thousand_idle_connections_cost_no_thread(
    server: Server, connect: Any
) -> None:
    """Idle clients wait in the loop; the next one is served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * IDLE_CONNECTIONS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip("this machine allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        clients = [connect(server.port) for _ in range(IDLE_CONNECTIONS)]
        for client in (clients[0], clients[-1], connect(server.port)):
            client.get("/ok")
            assert client.read_answer().startswith(b"HTTP/1.1 200")
        assert server.thread_count <= 2
        for client in clients:
            client.socket.close()
    finally:
        server.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/dev/fd"))
    taken = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, hard))
    try:
        with contextlib.suppress(OSError):  # too many open files
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_at_the_limit_of_descriptors_live_connections_are_served(
    server: Server, connect: Any
) -> None:
    """New clients wait until a descriptor is free; the others notice nothing."""
    live = connect(server.port)
    live.get("/ok")
    live.read_answer()
    with socket.socket() as waiting:
        waiting.settimeout(DEADLINE_SECONDS)
        with no_descriptors():
            waiting.connect(("127.0.0.1", server.port))
            waiting.sendall(b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n")
            for _ in range(5):
                live.get("/ok")
                assert live.read_answer().startswith(b"HTTP/1.1 200")
        assert waiting.recv(12) == b"HTTP/1.1 200"
    assert [type(error) for error in server.errors] == [OSError]


def test_at_the_limit_of_descriptors_idle_clients_are_closed(
    server: Server, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new client is served; one that sends nothing loses its connection."""
    monkeypatch.setattr("smartpay_mock.server.server._IDLE_SECONDS", 0.0)
    idle = connect(server.port)
    idle.get("/ok")
    idle.read_answer()
    with socket.socket() as new:
        new.settimeout(DEADLINE_SECONDS)
        with no_descriptors():
            new.connect(("127.0.0.1", server.port))
            new.sendall(b"GET /ok HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = new.recv(12)

    assert answer == b"HTTP/1.1 200"
    assert idle.socket.recv(1) == b""
    assert server.errors == []
