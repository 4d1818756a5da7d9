"""A receiver written from the published facts alone accepts what the emulator sends.

Nothing of ``smartpay_mock.events`` is used to check a signature: alphabet, key,
message and headers are spelled here once more, as a merchant would.

Source: the webhook helpers of the official SDKs; docs:/reference/webhooks-overview.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
import requests

from smartpay_fixtures import load, sandbox_values
from smartpay_mock.server import Sandbox

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
DEADLINE_S = 10

SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"
KEY_HEX = "260d2907ea2fcd7a83ca52e8c1c98a012423eaddde8a8cf03fb3163d6d92"


def decode_base62(text: str) -> bytes:
    """Return the bytes a base62 text stands for, most significant digit first."""
    number = 0
    for digit in text:
        number = number * 62 + DIGITS.index(digit)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def digest(secret: str, message: bytes) -> str:
    """Return HMAC-SHA256 with the decoded secret, in lower-case hex."""
    return hmac.new(decode_base62(secret), message, hashlib.sha256).hexdigest()


class Delivery(NamedTuple):
    """One request that a receiver got.

    Attributes:
        headers: As they came.
        body: The raw bytes.
    """

    headers: dict[str, str]
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        """Return whether timestamp and raw body carry the secret's signature."""
        timestamp = self.headers["Smartpay-Signature-Timestamp"]
        expected = digest(secret, timestamp.encode() + b"." + self.body)
        return hmac.compare_digest(expected, self.headers["Smartpay-Signature"])

    @property
    def event(self) -> Any:
        """The event."""
        return json.loads(self.body)


class Receiver:
    """A merchant's server; answers 200 to what is signed and 400 to all else.

    Attributes:
        secret: The endpoint's signing secret.
        arrived: Deliveries, in the order they came.
    """

    def __init__(self) -> None:
        self.secret = ""
        self.arrived: queue.Queue[Delivery] = queue.Queue()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self.server.server_port}/smartpay"

    def take(self, count: int) -> list[Delivery]:
        """Wait for so many deliveries and return them."""
        return [self.arrived.get(timeout=DEADLINE_S) for _ in range(count)]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Check the signature over the raw body, then acknowledge."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            delivery = Delivery(dict(self.headers), body)
            self.send_response(200 if delivery.is_signed_with(receiver.secret) else 400)
            self.send_header("Content-Length", "0")
            self.end_headers()
            receiver.arrived.put(delivery)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver that listens on loopback."""
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()

    yield made

    made.server.shutdown()
    made.server.server_close()
    thread.join()


class Merchant:
    """Calls the API with the guide's key.

    Args:
        sandbox: The emulator.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._headers = {"Authorization": f"Basic {sandbox_values().secret_key}"}

    def post(self, path: str, body: Any) -> Any:
        """Create something below /v1 and return it."""
        return self._call("POST", f"{self._sandbox.url}{path}", body)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control plane."""
        return self._call(method, f"{self._sandbox.root_url}/__admin{path}", body)

    def subscribe(self, receiver: Receiver, *types: str) -> Any:
        """Send events to the receiver, all if none are named."""
        body = {"url": receiver.url, "eventSubscriptions": list(types) or None}
        endpoint = self.post("/webhook-endpoints", body)
        receiver.secret = endpoint["signingSecret"]
        return endpoint

    def charge(self) -> Any:
        """Charge the guide's token with the guide's own payload."""
        return self.post("/orders", load("guide/curl"))

    def _call(self, method: str, url: str, body: Any) -> Any:
        answer = requests.request(
            method, url, json=body, headers=self._headers, timeout=DEADLINE_S
        )
        answer.raise_for_status()
        return answer.json()


@pytest.fixture
def merchant(sandbox: Sandbox) -> Merchant:
    """Return a merchant of the emulator."""
    return Merchant(sandbox)


def test_the_receiver_reproduces_the_published_vectors() -> None:
    """The facts were read right: key and digest are the published ones."""
    assert decode_base62(SECRET).hex() == KEY_HEX
    assert digest("MOCKSECRETKEY", b"test data") == (
        "ae82b27dd6dafd0dbfc65faff07160833776cf60915782ef991557e51e4d1782"
    )


def test_every_delivery_of_a_charge_is_verified(
    merchant: Merchant, receiver: Receiver
) -> None:
    """Three events, three signatures over the raw bytes, all good."""
    endpoint = merchant.subscribe(receiver)

    order = merchant.charge()

    deliveries = receiver.take(3)
    assert all(delivery.is_signed_with(receiver.secret) for delivery in deliveries)
    types = {delivery.event["eventData"]["type"] for delivery in deliveries}
    assert types == {"token.used", "order.authorized", "payment.created"}
    for delivery in deliveries:
        assert delivery.headers["Content-Type"] == "application/json"
        assert delivery.headers["Smartpay-Subscription-Id"] == endpoint["id"]
        assert delivery.headers["Smartpay-Event-Id"] == delivery.event["id"]
    ids = {delivery.event["eventData"]["data"]["id"] for delivery in deliveries}
    assert order["id"] in ids


def test_japanese_text_is_signed_as_it_is_sent(
    merchant: Merchant, receiver: Receiver
) -> None:
    """The signature covers the UTF-8 bytes on the wire, not a re-encoding of them."""
    merchant.subscribe(receiver, "order.authorized")

    merchant.charge()

    (delivery,) = receiver.take(1)
    assert delivery.is_signed_with(receiver.secret)
    assert "港区".encode() in delivery.body


def test_a_changed_delivery_is_refused(merchant: Merchant, receiver: Receiver) -> None:
    """Another body, another time, another secret: none of them passes."""
    merchant.subscribe(receiver, "payment.created")

    merchant.charge()

    (delivery,) = receiver.take(1)
    later = {**delivery.headers, "Smartpay-Signature-Timestamp": "1"}
    changed = delivery._replace(body=delivery.body.replace(b"1500", b"1501"))
    assert changed.body != delivery.body
    assert not changed.is_signed_with(receiver.secret)
    assert not delivery._replace(headers=later).is_signed_with(receiver.secret)
    assert not delivery.is_signed_with(SECRET)


def test_an_attempt_that_was_refused_is_signed_anew(
    merchant: Merchant, receiver: Receiver
) -> None:
    """A retry brings the same event with a timestamp and signature of its own."""
    endpoint = merchant.subscribe(receiver, "payment.created")
    receiver.secret = SECRET  # so the receiver refuses, and the emulator tries again
    merchant.charge()
    (refused,) = receiver.take(1)
    merchant.control("POST", "/webhooks/drain", {})  # waits until that is on record
    receiver.secret = endpoint["signingSecret"]

    merchant.control("POST", "/clock", {"advance": {"hours": 1}})
    merchant.control("POST", "/webhooks/drain", {})

    (accepted,) = receiver.take(1)
    assert accepted.is_signed_with(receiver.secret)
    assert accepted.body == refused.body
    assert (
        accepted.headers["Smartpay-Signature"] != refused.headers["Smartpay-Signature"]
    )
