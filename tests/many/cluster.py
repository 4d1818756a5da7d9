"""Emulators in separate processes that share one store, and their clients."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Event, Thread
from types import MappingProxyType
from typing import Any

from smartpay_fixtures import order_payload
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.storage import Store, open_store

DEADLINE_S = 60.0
TIMEOUT_S = 30.0
_POLL_S = 0.02
COMMAND = (sys.executable, "-m", "smartpay_mock", "serve", "--quiet")

PAYLOAD = order_payload(seed=1, amount=1_000)

_numbers = itertools.count(1)


@dataclass
class Response:
    """A response: status, headers in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON value."""
        return json.loads(self.body)

    @property
    def is_replay(self) -> bool:
        """Whether the response is a replay of a stored one."""
        return "idempotency-replayed" in self.headers


class Host:
    """One ``serve``, as on a machine of its own."""

    def __init__(self, port_file: Path, arguments: Sequence[str]) -> None:
        self._port_file = port_file
        self._log = port_file.with_suffix(".log")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SMARTPAY_")}
        argv = [*COMMAND, "--port", "0", "--port-file", str(port_file)]
        with self._log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [*argv, *arguments], stdout=log, stderr=subprocess.STDOUT, env=kept
            )
        self.address = "127.0.0.1"

    @property
    def port(self) -> int:
        """Its port, once it is ready."""
        deadline = time.monotonic() + DEADLINE_S
        pause = Event()
        while not self._port_file.exists():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, "it did not get ready"
            pause.wait(_POLL_S)
        return int(self._port_file.read_text())

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does."""
        self.process.kill()
        self.process.wait(timeout=TIMEOUT_S)

    @property
    def said(self) -> str:
        """All it said so far."""
        return self._log.read_text(encoding="utf-8")

    def stop(self) -> str:
        """End it as an operator does; return all it said."""
        self.process.terminate()
        self.process.wait(timeout=TIMEOUT_S)
        return self.said


@dataclass
class Client:
    """One merchant at one host.

    Attributes:
        host: Where the calls go.
        key: The secret key.
        timeout_s: How long to wait for an answer, in seconds.
    """

    host: Host
    key: str
    timeout_s: float = TIMEOUT_S
    _connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        """Make the connection; it is opened by the first call."""
        host = self.host
        self._connection = HTTPConnection(host.address, host.port, self.timeout_s)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        idem: str | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """Call and return the answer."""
        own = {"Authorization": f"Basic {self.key}", "Host": "localhost"}
        headers = {**own, **headers}
        if idem is not None:
            headers["Idempotency-Key"] = idem
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body)
        try:
            self._connection.request(method, path, data, headers)
            answer = self._connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, found, answer.read())
        except BaseException:
            self.close()
            raise

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control plane and return the document."""
        reply = self(method, f"/__admin{path}", body)
        assert reply.status < 300, reply.body
        return reply.json if reply.body else None

    def order(self, idem: str | None = None, **changes: Any) -> Response:
        """Charge."""
        return self("POST", "/v1/orders", {**PAYLOAD, **changes}, idem=idem)

    def capture(self, order: str, amount: int, idem: str | None = None) -> Response:
        """Capture a part of an order; the rest stays to be captured."""
        body = {
            "order": order,
            "amount": amount,
            "currency": "JPY",
            "cancelRemainder": "manual",
        }
        return self("POST", "/v1/payments", body, idem=idem)

    def connect(self) -> None:
        """Open the connection now, from the network this thread is in."""
        self._connection.connect()

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        self._connection.close()


@dataclass
class Cluster:
    """One store and the hosts that share it.

    Attributes:
        state: URL of the store.
        hosts: Those that serve it.
        folder: For their files.
    """

    state: str
    folder: Path
    hosts: list[Host] = field(default_factory=list)

    def add(self, *arguments: str) -> Host:
        """Start one more host; it is ready when its port is asked for."""
        self.hosts.append(self.start(*arguments))
        return self.hosts[-1]

    def start(self, *arguments: str) -> Host:
        """Start a host that takes the place of another one."""
        port_file = self.folder / f"port-{next(_numbers)}"
        return Host(port_file, [*arguments, "--state", self.state])

    def open(self) -> Store:
        """Open the store beside the hosts."""
        return open_store(self.state)

    def client(self, number: int, key: str) -> Client:
        """Return a client of a host; numbers go round."""
        return Client(self.hosts[number % len(self.hosts)], key)

    def each(
        self, jobs: Sequence[Callable[[Callable[[int], Client]], Any]], *, key: str
    ) -> list[Any]:
        """Run jobs in threads; return their results in order.

        A job is given a function from the number of a host to a client that is this
        thread's own.
        """
        shares = [list(range(start, len(jobs), 16)) for start in range(16)]

        def work(share: list[int]) -> list[tuple[int, Any]]:
            clients: dict[int, Client] = {}

            def client(number: int) -> Client:
                place = number % len(self.hosts)
                if place not in clients:
                    clients[place] = self.client(place, key)
                return clients[place]

            try:
                return [(number, jobs[number](client)) for number in share]
            finally:
                for one in clients.values():
                    one.close()

        with ThreadPoolExecutor(len(shares)) as pool:
            found = dict(pair for part in pool.map(work, shares) for pair in part)
        return [found[number] for number in range(len(jobs))]

    def documents(self, kind: str, key: str) -> list[Any]:
        """Return an account's documents of a kind, oldest first."""
        with self.open() as store, store.read(account_id(key)) as unit:
            rows = unit.page(kind, limit=100_000)
        return [json.loads(row.body) for row in reversed(rows)]

    def stop(self) -> None:
        """Stop every host and wait for its end."""
        for host in self.hosts:
            host.process.terminate()
        for host in self.hosts:
            host.stop()


class Receiver:
    """Takes webhooks and counts them.

    Attributes:
        seen: How often each delivery came, by its id.
        may_answer: Webhooks are answered once it is set.
    """

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.may_answer = Event()
        self.may_answer.set()
        self._changed = Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.take(json.loads(body))
                receiver.may_answer.wait(TIMEOUT_S)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, name="receiver")
        self._thread.start()

    @property
    def url(self) -> str:
        """Where webhooks are taken."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def take(self, event: Mapping[str, Any]) -> None:
        """Count an event."""
        with self._changed:
            self.seen[str(event["id"])] += 1
            self._changed.notify_all()

    def wait_for(self, events: int, *, seconds: float = DEADLINE_S) -> None:
        """Wait until so many different ones came."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.seen) >= events, seconds)
        assert came, f"{len(self.seen)} of {events} webhooks came"

    def stop(self) -> None:
        """Take no more."""
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
