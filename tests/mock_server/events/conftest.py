"""Fixtures for the tests of events: an account, a sender and a receiver."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.events.delivery import Deliverer
from smartpay_mock.events.outbox import (
    DELIVERY_KIND,
    read_events,
    record,
    replay_deliveries,
    replay_delivery,
    view_delivery,
)
from smartpay_mock.events.sending import Post
from smartpay_mock.kernel.json import encode
from smartpay_mock.storage import Store, open_store

ACCOUNT = "acct_one"
START_MS = 1_700_000_000_000
SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"


@dataclass
class Sender:
    """Replaces the network.

    Attributes:
        answers: Statuses to return or errors to raise, in turn; then always 200.
        posts: The requests so far.
    """

    answers: list[int | Exception] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def __call__(self, post: Post) -> int:
        """Record the request and answer it."""
        self.posts.append(post)
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer

    def event_ids(self) -> list[str]:
        """Return the event ids of the posts, in the order they were sent."""
        return [post.headers["Smartpay-Event-Id"] for post in self.posts]


@dataclass
class EventAccount:
    """One account with its clock, endpoints and events.

    Attributes:
        store: In memory, or in a file.
        sender: The default sender of its deliverers.
        now: The account's time and the wall clock, in milliseconds; tests change it.
        name: Its id; tests change it to act for another account.
    """

    store: Store
    sender: Sender = field(default_factory=Sender)
    now: int = START_MS
    name: str = ACCOUNT
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def new_id(self, kind: str) -> str:
        """Return an id that sorts by age."""
        return f"{kind}_test_{next(self._numbers):04}"

    def deliverer(self, **changes: Any) -> Deliverer:
        """Return a deliverer of this account."""
        options = {
            "clock_of": lambda _account: self.now,
            "holder": "this-process",
            "send": self.sender,
            "wall": lambda: self.now,
            **changes,
        }
        return Deliverer(self.store, **options)

    def endpoint(self, **changes: Any) -> dict[str, Any]:
        """Create a webhook endpoint that gets every event."""
        endpoint = {
            "id": self.new_id("webhookendpoint"),
            "object": "webhookEndpoint",
            "active": True,
            "url": "http://127.0.0.1:9/hook",
            "signingSecret": SECRET,
            **changes,
        }
        self.save_endpoint(endpoint)
        return endpoint

    def save_endpoint(self, endpoint: dict[str, Any]) -> None:
        """Keep an endpoint."""
        with self.store.write(self.name) as unit:
            unit.put("webhook_endpoint", endpoint["id"], encode(endpoint))

    def publish(
        self, event_type: str = "order.authorized", render: Any = dict
    ) -> dict[str, Any]:
        """Record one event about an order, and return it as it is stored."""
        event = (event_type, {"id": "order_test_1", "object": "order"})
        with self.store.write(self.name) as unit:
            record(unit, [event], now=self.now, new_id=self.new_id, render=render)
        return self.events()[-1]

    def replay(self, delivery_id: str) -> dict[str, Any]:
        """Make a delivery due again, and return it as shown."""
        with self.store.write(self.name) as unit:
            return replay_delivery(unit, delivery_id, now=self.now)

    def replay_all(self, state: str | None = None) -> list[dict[str, Any]]:
        """Make every delivery, or those in one state, due again."""
        with self.store.write(self.name) as unit:
            return replay_deliveries(unit, now=self.now, state=state)

    def make_due(self, count: int = 1) -> list[dict[str, Any]]:
        """Create an endpoint and publish events for it; return the events."""
        self.endpoint()
        return [self.publish() for _ in range(count)]

    def deliveries(self) -> list[dict[str, Any]]:
        """Return the account's deliveries as shown, oldest first."""
        with self.store.read(self.name) as unit:
            rows = unit.page(DELIVERY_KIND, limit=100)[::-1]
            return [view_delivery(row) for row in rows]

    def events(self) -> list[dict[str, Any]]:
        """Return the account's stored events, oldest first."""
        with self.store.read(self.name) as unit:
            rows = unit.page("event", limit=100)[::-1]
        return [event for row in rows for event in read_events(row.body)]


@pytest.fixture
def open_account() -> Iterator[Callable[[str], EventAccount]]:
    """Return a function that opens an account on the store a URL names."""
    with ExitStack() as stack:
        yield lambda url: EventAccount(stack.enter_context(open_store(url)))


@pytest.fixture(params=["memory", "sqlite"])
def account(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    open_account: Callable[[str], EventAccount],
) -> EventAccount:
    """Return an account, once on a store in memory and once on a file."""
    is_file = request.param == "sqlite"
    return open_account(f"sqlite:///{tmp_path}/state.db" if is_file else "memory:")


@dataclass
class Receiver:
    """A merchant's server on loopback.

    Attributes:
        url: Where it listens.
        answers: Statuses to give in turn; then 200 for ever.
        headers: To add to every answer.
        requests: (headers, raw body) of each request.
    """

    url: str = ""
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


def handler_for(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    """Return a handler class that notes requests in ``receiver``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Note the request and answer."""
            length = int(self.headers["Content-Length"])
            receiver.requests.append((dict(self.headers), self.rfile.read(length)))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            for name, value in {**receiver.headers, "Content-Length": "2"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def start_receiver() -> Iterator[Callable[..., Receiver]]:
    """Return a function that starts a receiver, with TLS if given a context."""
    running: list[tuple[HTTPServer, threading.Thread]] = []

    def start(tls: Any = None) -> Receiver:
        receiver = Receiver()
        server = HTTPServer(("127.0.0.1", 0), handler_for(receiver))
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        receiver.url = f"{scheme}://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return receiver

    yield start

    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def receiver(start_receiver: Callable[..., Receiver]) -> Receiver:
    """Return a receiver that answers 200."""
    return start_receiver()
