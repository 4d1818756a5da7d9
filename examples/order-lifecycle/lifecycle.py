"""One order from checkout to the end, and the four webhooks it sends.

    python lifecycle.py                        # starts an emulator of its own
    python lifecycle.py http://127.0.0.1:8585  # or uses one that runs

The second form also reads the URL from SMARTPAY_SANDBOX_URL. Needs requests only.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple

import requests

TIMEOUT_S = 10
BASE62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

CONSUMER = {"emailAddress": "consumer+test@example.com", "password": "password"}
CARD = {"paymentMethod": "pm_test_visaApproved", "paymentPlan": "pay_in_three"}
CHECKOUT = {
    "amount": 12_000,
    "currency": "JPY",
    "captureMethod": "manual",
    "items": [{"name": "sweater", "amount": 4_000, "currency": "JPY", "quantity": 3}],
    "customerInfo": {"emailAddress": "taro@example.jp"},
    "shippingInfo": {
        "address": {
            "line1": "1-17-1",
            "locality": "Minato",
            "postalCode": "105-6415",
            "country": "JP",
        }
    },
    "reference": "three-sweaters",
    "successUrl": "https://mystore.jp/thanks",
    "cancelUrl": "https://mystore.jp/cart",
}


# --- the provider -------------------------------------------------------------------


@contextmanager
def emulator(url: str | None) -> Iterator[str]:
    """Give the root URL of the emulator at ``url``, or of one started for the block."""
    if url:
        yield url.rstrip("/").removesuffix("/v1")
        return
    command = [sys.executable, "-m", "smartpay_mock", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own interpreter
        assert process.stdout is not None
        ready = process.stdout.readline()  # one line of JSON, once it listens
        if not ready:
            sys.exit(
                "No emulator: pip install smartpay-sandbox, or name one that runs."
            )
        try:
            yield json.loads(ready)["rootUrl"]
        finally:
            process.terminate()


class Shop:
    """A merchant's view of the API, with an account of its own."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.secret_key = f"sk_test_{os.urandom(11).hex()}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the merchant API; a key makes it safe to call again after a failure."""
        headers = {
            "Authorization": f"Basic {self.secret_key}",
            "Idempotency-Key": os.urandom(16).hex(),
        }
        return send(method, f"{self.root}/v1{path}", body, headers)

    def authorize(self, order: str) -> None:
        """Be the consumer: log in and authorize the order."""
        login = send("POST", f"{self.root}/consumers/auth/login", CONSUMER, {})
        headers = {"Authorization": f"Bearer {login['accessToken']}"}
        send("POST", f"{self.root}/orders/{order}/authorizations", CARD, headers)


def send(method: str, url: str, body: Any, headers: dict[str, str]) -> Any:
    answer = requests.request(
        method, url, json=body, headers=headers, timeout=TIMEOUT_S
    )
    if not answer.ok:
        sys.exit(f"{method} {url} was answered {answer.status_code}: {answer.text}")
    return answer.json()


# --- the receiver -------------------------------------------------------------------


class Delivery(NamedTuple):
    """A webhook that arrived: its event, and whether its signature is good."""

    event: Any
    is_genuine: bool


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign as Smartpay does: HMAC-SHA256 over timestamp, a dot and the raw body."""
    number = 0
    for digit in secret:
        number = number * 62 + BASE62.index(digit)
    key = number.to_bytes(30, "big")
    message = timestamp.encode() + b"." + body
    return hmac.new(key, message, hashlib.sha256).hexdigest()


class Receiver(HTTPServer):
    """Takes webhooks on loopback; ``arrived`` holds them in the order they came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secret = ""
        self.arrived: queue.Queue[Delivery] = queue.Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/webhooks"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        expected = signature(
            self.server.secret, self.headers["Smartpay-Signature-Timestamp"], body
        )
        is_genuine = hmac.compare_digest(expected, self.headers["Smartpay-Signature"])
        # Only 200 is an acknowledgement; after anything else the webhook comes again.
        self.send_response(200 if is_genuine else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.arrived.put(Delivery(json.loads(body), is_genuine))

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


# --- the story ----------------------------------------------------------------------


class Story:
    """Takes the steps and prints them."""

    def __init__(self, shop: Shop, inbox: Receiver) -> None:
        self.shop = shop
        self.inbox = inbox
        self.step = 0
        self.genuine = 0

    def show(self, what: str, order: str, *, webhook: str | None) -> None:
        """Print a step, the order as it is now, and the webhook that arrives."""
        self.step += 1
        now = self.shop.call("GET", f"/orders/{order}?expand=all")
        captured = sum(payment["amount"] for payment in now["payments"])
        print(f"{self.step}. {what}")
        print(f"   order     {now['status']}, {yen(captured)} captured")
        print(f"   webhook   {self.watch(webhook) if webhook else 'none'}\n")

    def watch(self, wanted: str) -> str:
        """Wait for the next webhook, and say what it is."""
        try:
            delivery = self.inbox.arrived.get(timeout=TIMEOUT_S)
        except queue.Empty:
            sys.exit(f"{wanted} did not arrive within {TIMEOUT_S} s.")
        event_type = delivery.event["eventData"]["type"]
        if (event_type, delivery.is_genuine) != (wanted, True):
            sys.exit(f"{event_type} arrived, genuine: {delivery.is_genuine}.")
        self.genuine += 1
        amount = yen(delivery.event["eventData"]["data"]["amount"])
        return f"{event_type}, {amount}, its signature is good"

    def capture(self, order: str, amount: int) -> str:
        """Capture a part and keep the rest for later; return the payment."""
        body = {
            "order": order,
            "amount": amount,
            "currency": "JPY",
            "cancelRemainder": "manual",
        }
        return str(self.shop.call("POST", "/payments", body)["id"])

    def refund(self, payment: str, amount: int) -> None:
        """Give a part of a payment back."""
        body = {
            "payment": payment,
            "amount": amount,
            "currency": "JPY",
            "reason": "requested_by_customer",
        }
        self.shop.call("POST", "/refunds", body)


def yen(amount: int) -> str:
    return f"{amount:,} yen"


def live(story: Story) -> str:
    """Sell three sweaters, ship two, refund a part of one; return the order."""
    shop = story.shop
    session = shop.call("POST", "/checkout-sessions", CHECKOUT)
    order: str = session["order"]["id"]
    story.show("A checkout session for 12,000 yen is made.", order, webhook=None)

    shop.authorize(order)
    what = "The consumer logs in and authorizes it; 7 days to capture."
    story.show(what, order, webhook="order.authorized")

    first = story.capture(order, 4_000)
    story.show("One sweater ships: 4,000.", order, webhook="payment.created")

    story.capture(order, 4_000)
    story.show("Another one ships: 4,000.", order, webhook="payment.created")

    story.refund(first, 1_500)
    what = "The first one has a hole: 1,500 go back."
    story.show(what, order, webhook="refund.created")

    shop.call("PUT", f"/orders/{order}/cancellation")
    what = "The third is sold out: cancelling releases 4,000."
    story.show(what, order, webhook=None)
    return order


def summarize(shop: Shop, order_id: str) -> str:
    """Return a line with the final amounts of an order."""
    order = shop.call("GET", f"/orders/{order_id}?expand=all")
    refunds = shop.call("GET", "/refunds")["data"]
    captured = sum(payment["amount"] for payment in order["payments"])
    refunded = sum(refund["amount"] for refund in refunds)
    return (
        f"Authorized {yen(order['amount'])}: kept {captured - refunded:,}, "
        f"refunded {refunded:,}, released {order['amount'] - captured:,}."
    )


def main() -> None:
    named = sys.argv[1] if sys.argv[1:] else os.environ.get("SMARTPAY_SANDBOX_URL")
    with emulator(named) as root, receiver() as inbox:
        shop = Shop(root)
        print(f"Smartpay at {root}/v1\nReceiver at {inbox.url}\n")
        endpoint = shop.call("POST", "/webhook-endpoints", {"url": inbox.url})
        inbox.secret = endpoint["signingSecret"]
        story = Story(shop, inbox)
        order = live(story)
        print(summarize(shop, order))
        if not inbox.arrived.empty():
            sys.exit(f"One more webhook arrived: {inbox.arrived.get().event}")
        print(f"{story.genuine} webhooks arrived, all of them genuine.")


if __name__ == "__main__":
    main()
