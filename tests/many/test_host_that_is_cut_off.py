"""Hosts in networks of their own, one of which loses the database in mid-request.

Namespaces of our own; nothing of this machine's network is touched.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from smartpay_mock.kernel.ids import account_id
from smartpay_mock.storage import open_store

NEWNET = 0x40000000
EVERYWHERE = "0.0.0.0"  # noqa: S104 - in a namespace that has two hosts and no more
IS_LONG = bool(os.environ.get("SMARTPAY_TEST_LONG"))
HURRY = {
    "keepalives_idle": 1,  # s
    "keepalives_interval": 1,  # s
    "keepalives_count": 1,
    "tcp_user_timeout": 1_500,  # ms
    "connect_timeout": 2,  # s
    "busy_ms": 2_500,
}
"""Options of the URL that are as good as the defaults, only sooner."""

TIMEOUT_S = 12.0 if IS_LONG else 5.0
"""How long a client waits at the most for an answer while the database is away."""

_networks = itertools.count(1)


class Network:
    """A database host and two others, each on a cable of its own to it."""

    def __init__(self) -> None:
        self._mark = f"sp{os.getpid()}x{next(_networks)}"
        self._links = {"east": 1, "west": 2}
        self._names: list[str] = []

    def build(self) -> None:
        """Make it."""
        for name in ("db", *self._links):
            self._ip("netns", "add", self.place(name))
            self._names.append(self.place(name))
            self._in(name, "link", "set", "lo", "up")
        for name, number in self._links.items():
            here, there = self.place("db"), self.place(name)
            ends = ("name", name, "netns", here, "type", "veth")
            peer = ("peer", "name", "db", "netns", there)
            self._ip("link", "add", *ends, *peer)
            subnet = f"10.77.{number}"
            self._in("db", "addr", "add", f"{subnet}.1/24", "dev", name)
            self._in(name, "addr", "add", f"{subnet}.2/24", "dev", "db")
            self._in(name, "link", "set", "db", "up")
            self.join(name)

    def place(self, name: str) -> str:
        """Return the name of a host's namespace."""
        return f"{self._mark}-{name}"

    def cut(self, name: str) -> None:
        """Pull a host's cable out at the database's end."""
        self._in("db", "link", "set", name, "down")

    def join(self, name: str) -> None:
        """Plug it in again."""
        self._in("db", "link", "set", name, "up")

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Be in a host's network with this thread, and with what it starts."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            enter(Path("/run/netns", self.place(name)))
            yield
        finally:
            enter(home)
            os.close(home)

    def remove(self) -> None:
        """Unmake it."""
        for name in self._names:
            self._ip("netns", "delete", name)

    def _in(self, name: str, *words: str) -> None:
        self._ip("-n", self.place(name), *words)

    @staticmethod
    def _ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def enter(namespace: Path | int) -> None:
    """Move this thread into a network namespace."""
    at = os.open(namespace, os.O_RDONLY) if isinstance(namespace, Path) else namespace
    try:
        if ctypes.CDLL(None, use_errno=True).setns(at, NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        if isinstance(namespace, Path):
            os.close(at)


@pytest.fixture
def network() -> Iterator[Network]:
    """Return the three hosts; skips where this may not be."""
    if shutil.which("ip") is None:
        pytest.skip("there is no program 'ip' (iproute2) to make networks with")
    made = Network()
    try:
        try:
            made.build()
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces are not permitted: {error.stderr.strip()}")
        yield made
    finally:
        made.remove()


@pytest.fixture
def database(
    network: Network, postgresql_on: Callable[[str], AbstractContextManager[str]]
) -> Iterator[str]:
    """Return the URL of the database on its host, by a socket that needs no cable."""
    with ExitStack() as stack:
        with network.inside("db"):
            url = stack.enter_context(postgresql_on(EVERYWHERE))
        yield url


@pytest.fixture
def far(own_cluster: Any, network: Network, database: str) -> Iterator[Any]:
    """Return a cluster with a host in the east and one in the west."""
    for number, name in enumerate(("east", "west"), start=1):
        options = "" if IS_LONG else f"?{urlencode(HURRY)}"
        own_cluster.state = f"postgresql://postgres@10.77.{number}.1/postgres{options}"
        with network.inside(name):
            own_cluster.add("--server", "threads")
    own_cluster.state = database
    yield own_cluster
    own_cluster.stop()


def client_in(network: Network, name: str, cluster: Any, key: str) -> Any:
    """Return a client beside a host, connected to it."""
    client = cluster.client(("east", "west").index(name), key)
    with network.inside(name):
        client.connect()
    return client


def wait_for_a_waiter(database: str) -> None:
    """Wait until a unit waits for its account."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype='advisory' AND NOT granted"
    deadline = time.monotonic() + TIMEOUT_S
    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute(query).fetchone() == (0,):
            assert time.monotonic() < deadline, "the request did not reach the database"
            Event().wait(0.01)


def test_a_host_that_is_cut_off_in_mid_request_says_so_and_comes_back(
    network: Network, far: Any, database: str, key: str
) -> None:
    """503 in time; the others go on; the repeated key makes one order in the end."""
    with (
        closing(client_in(network, "east", far, key)) as east,
        closing(client_in(network, "west", far, key)) as west,
        ThreadPoolExecutor(1) as pool,
    ):
        assert west.order().status == east.order().status == 200
        with open_store(database) as store, store.write(account_id(key)):
            lost = pool.submit(timed, east.order, "lost")
            wait_for_a_waiter(database)
            network.cut("east")
        # The database now grants the account to a host that will never hear of it.
        answer, waited_s = lost.result()
        while_away, also_waited_s = timed(east.order, "away")
        elsewhere = west.order("elsewhere")
        network.join("east")
        repeated = repeat(lambda: east.order("lost"))
        in_the_west = west.order("lost")

    for refused in (answer, while_away):
        assert refused.status == 503
        assert refused.json["errorCode"] == "server.unavailable"
        assert refused.json["statusCode"] == 503
        assert "Check that the server runs" in refused.json["message"]
        assert refused.headers["retry-after"] == "1"
    assert max(waited_s, also_waited_s) < TIMEOUT_S
    assert elsewhere.status == repeated.status == 200
    assert in_the_west.is_replay
    assert in_the_west.body == repeated.body
    assert len(far.documents("order", key)) == 4


def timed(call: Callable[[str], Any], name: str) -> tuple[Any, float]:
    """Return what a call gives and how long it took, in seconds."""
    started = time.monotonic()
    reply = call(name)
    return reply, time.monotonic() - started


def repeat(call: Callable[[], Any]) -> Any:
    """Repeat a call while the service is not available, as a client should."""
    deadline = time.monotonic() + 2 * TIMEOUT_S
    while (reply := call()).status == 503:
        assert time.monotonic() < deadline, reply.body
    return reply
