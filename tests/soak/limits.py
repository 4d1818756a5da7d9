"""Few descriptors, slow senders, a full disk, many starts, and many requests."""

from __future__ import annotations

import gc
import json
import os
import resource
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.many.cluster import PAYLOAD, Client, Cluster, Host
from tests.soak.figures import Figures, for_seconds
from tests.soak.kills import cluster_on
from tests.soak.raw import read_response

from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.server import Sandbox

SERVER_ERROR, UNANSWERED, SLOW = "5xx", "never answered", "slow calls"
LOST, HALF, DOUBLE = "lost", "half made", "doubles"

DESCRIPTORS, IDLE = 64, 100
SENDERS, DRIP_S = 200, 0.02
SLOW_S = 2.0
DISK = "32m"
MAX_SPACE = 400_000
"""How much of a filled disk is left free at the most, in bytes."""

GROWTH_MB = 40
WARM_UP = 0.2
"""Share of the requests after which memory is measured for the first time."""


def few_descriptors(seconds: float) -> Figures:
    """Open more connections than a server may have descriptors, again and again."""
    figures = Figures.of(UNANSWERED, SERVER_ERROR, connections=0, calls=0)
    with cluster_on("memory:", 1) as cluster:
        host = cluster.hosts[0]
        number = host.process.pid
        resource.prlimit(number, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        with closing(cluster.client(0, new_secret_key())) as live:
            _call(figures, live)
            for _ in for_seconds(seconds):
                with ExitStack() as idle:
                    for _ in range(IDLE):
                        address = (host.address, host.port)
                        idle.enter_context(socket.create_connection(address, 10))
                        figures.done["connections"] += 1
                    _call(figures, live)
                with closing(cluster.client(0, live.key)) as later:
                    _call(figures, later)
    return figures


def _call(figures: Figures, client: Client) -> None:
    figures.done["calls"] += 1
    try:
        reply = client.order()
    except OSError as error:
        figures.fail(UNANSWERED, repr(error))
        return
    if reply.status != 200:
        figures.fail(SERVER_ERROR, (reply.status, reply.body))


def slow_senders(seconds: float) -> Figures:
    """Charge while hundreds of other clients send byte after byte."""
    figures = Figures.of(SLOW, UNANSWERED, SERVER_ERROR, calls=0, bytes_sent_slowly=0)
    with cluster_on("memory:", 1) as cluster:
        stop = threading.Event()
        dripping = threading.Thread(
            target=_drip, args=(figures, cluster.hosts[0], stop), name="drip"
        )
        dripping.start()
        try:
            with closing(cluster.client(0, new_secret_key())) as client:
                for _ in for_seconds(seconds):
                    began = time.monotonic()
                    _call(figures, client)
                    if time.monotonic() - began > SLOW_S:
                        figures.fail(SLOW, time.monotonic() - began)
        finally:
            stop.set()
            dripping.join()
    return figures


def _drip(figures: Figures, host: Host, stop: threading.Event) -> None:
    """Send a byte over each of many connections, then the next, until stopped."""
    body = json.dumps(PAYLOAD).encode()
    data = (
        b"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%b"
    )
    data %= (len(body), body)
    with ExitStack() as stack:
        address = (host.address, host.port)
        clients = [
            stack.enter_context(socket.create_connection(address, 10))
            for _ in range(SENDERS)
        ]
        for at in range(len(data) - 1):
            if stop.wait(DRIP_S):
                break
            for client in clients:
                client.send(data[at : at + 1])
            figures.done["bytes sent slowly"] += SENDERS


def full_disk(seconds: float) -> Figures:
    """Fill a small disk and free it, again and again, while orders are created."""
    figures = Figures.of(
        LOST, HALF, DOUBLE, UNANSWERED, SERVER_ERROR, fillings=0, orders=0
    )
    random = Random(7)  # noqa: S311 - repeatable on purpose
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk(DISK))
        if disk is None:
            return Figures(skipped="only a user who may mount a file system can")
        cluster = stack.enter_context(cluster_on(f"sqlite:///{disk}/state.db", 1))
        for _ in for_seconds(seconds):
            key = new_secret_key()
            with closing(cluster.client(0, key)) as client:
                ballast = fill(disk)
                left = ballast.stat().st_size - random.randrange(MAX_SPACE)
                os.truncate(ballast, left)
                answered = _charge_until(figures, client, 503)
                ballast.unlink()
                answered |= _charge_until(figures, client, 200)
                _compare(figures, cluster, key, answered)
                client.admin("POST", "/reset")
            figures.done["fillings"] += 1
    return figures


def _charge_until(figures: Figures, client: Client, status: int) -> set[str]:
    """Charge until an answer has a status; return the orders that were answered."""
    answered: set[str] = set()
    for number in range(10_000):
        reply = client.order(idem=f"{status}-{number}")
        if reply.status == 200:
            answered.add(reply.json["id"])
        elif reply.status != 503 or "retry-after" not in reply.headers:
            figures.fail(SERVER_ERROR, (reply.status, reply.body))
        if reply.status == status:
            return answered
    figures.fail(UNANSWERED, f"no answer had status {status}")
    return answered


def _compare(figures: Figures, cluster: Cluster, key: str, answered: set[str]) -> None:
    """Compare the orders that were answered with those in the store."""
    made = {order["id"] for order in cluster.documents("order", key)}
    paid = [payment["order"] for payment in cluster.documents("payment", key)]
    figures.fail_each(LOST, answered - made)
    figures.fail_each(DOUBLE, made - answered)
    figures.fail_each(HALF, made ^ set(paid))
    figures.done["orders"] += len(made)


@contextmanager
def small_disk(size: str) -> Iterator[Path | None]:
    """Mount a small file system; ``None`` where that is not allowed."""
    with TemporaryDirectory(prefix="soak-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        if os.geteuid() or subprocess.run(mount, check=False).returncode:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def fill(disk: Path) -> Path:
    """Fill a disk with one file, and return it."""
    path = disk / "full"
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 512):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    return path


def starts_and_stops(seconds: float) -> Figures:
    """Start and stop the server of this process, and ``serve`` on one file."""
    figures = Figures.of(LOST, "left behind", "bad exits", starts=0, serves=0)
    for _ in range(3):  # what is imported and made once
        _start_here(figures)
    before = _held()
    key, orders = new_secret_key(), 0
    with cluster_on("sqlite", 0) as cluster:
        for _ in for_seconds(seconds):
            for _ in range(20):
                _start_here(figures)
            orders += 1
            _serve_once(figures, cluster, key)
            figures.fail_each(LOST, range(len(cluster.documents("order", key)), orders))
    if _held() > before:
        figures.fail("left behind", f"{before} threads and descriptors, {_held()} now")
    return figures


def _held() -> int:
    """Return how many threads and descriptors this process has."""
    gc.collect()
    return threading.active_count() + len(os.listdir("/dev/fd"))


def _start_here(figures: Figures) -> None:
    with Sandbox() as sandbox:
        address = sandbox.root_url.removeprefix("http://")
        with closing(HTTPConnection(address, timeout=10)) as connection:
            connection.request("GET", "/__admin/health")
            assert connection.getresponse().read()
    figures.done["starts"] += 1


def _serve_once(figures: Figures, cluster: Cluster, key: str) -> None:
    host = cluster.start()
    with closing(Client(host, key)) as client:
        assert client.order().status == 200
    said = host.stop()
    figures.done["serves"] += 1
    if host.process.returncode:
        figures.fail("bad exits", (host.process.returncode, said))


def memory(seconds: float, requests: int = 300_000) -> Figures:
    """Make many requests that keep nothing new, and compare the memory.

    Args:
        seconds: For how long at the most.
        requests: How many at the most.
    """
    figures = Figures.of("growing", SERVER_ERROR, requests=0)
    done = figures.done
    with cluster_on("memory:", 1) as cluster:
        host = cluster.hosts[0]
        with socket.create_connection((host.address, host.port), 30) as connection:
            key = new_secret_key()
            for share in (WARM_UP, 1 - WARM_UP):
                at_first, enough = _megabytes(host), done["requests"] + requests * share
                for _ in for_seconds(seconds * share):
                    _send_many(figures, connection, key)
                    if done["requests"] >= enough:
                        break
            done["MB after a fifth"] = at_first
            done["MB in the end"] = _megabytes(host)
    if done["MB in the end"] > at_first + GROWTH_MB:
        figures.fail("growing", f"from {at_first} MB to {done['MB in the end']} MB")
    return figures


def _send_many(figures: Figures, connection: socket.socket, key: str) -> None:
    """Send requests one after the other without waiting, and read all answers."""
    charge = json.dumps(PAYLOAD).encode()
    sent = 5 * [
        _request("POST", "/v1/orders", key, charge, "Idempotency-Key: same\r\n"),
        _request("GET", "/v1/orders?expand=all", key),
        _request("POST", "/v1/orders", key, b'{"amount": -1}'),
        _request("GET", "/v1/orders/order_test_none", key),
        _request("GET", "/v1/tokens", new_secret_key()),
        _request("POST", "/v1/orders", "sk_test_shortlived", charge),
        _request("POST", "/__admin/reset", "sk_test_shortlived"),
        _request("GET", "/no/such/path", key),
    ]
    connection.sendall(b"".join(sent))
    with connection.makefile("rb") as received:
        for _ in sent:
            status, _, body = read_response(received)
            figures.done["requests"] += 1
            if status >= 500:
                figures.fail(SERVER_ERROR, (status, body))


def _request(
    method: str, path: str, key: str, body: bytes = b"", more: str = ""
) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Basic {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )
    return head.encode() + body


def _megabytes(host: Host) -> int:
    """Return the memory that a host's process has."""
    pages = Path(f"/proc/{host.process.pid}/statm").read_text(encoding="ascii").split()
    return int(pages[1]) * resource.getpagesize() >> 20
