"""A shop that goes through the API step by step and writes down what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from smartpay_mock.api.engine import Engine
from smartpay_mock.app import Twist, create_app, engine_of
from smartpay_mock.events.sending import Post
from smartpay_mock.kernel.settings import Settings
from smartpay_schemas import OPERATIONS

START_MS = 1_700_000_000_000
ADDRESS = {
    "line1": "虎ノ門1-17-1",
    "line2": "15階",
    "locality": "港区",
    "postalCode": "105-6415",
    "country": "JP",
}
SHIPPING = {"address": ADDRESS, "feeAmount": 100, "feeCurrency": "JPY"}
ITEMS = [
    {"name": "セーター", "amount": 600, "currency": "JPY", "quantity": 2},
    {"name": "税", "amount": 250, "currency": "JPY", "kind": "tax"},
    {"name": "割引", "amount": 50, "currency": "JPY", "kind": "discount"},
]
BASKET = {
    "amount": 1500,
    "currency": "JPY",
    "customerInfo": {"firstName": "太郎"},
    "items": ITEMS,
    "shippingInfo": SHIPPING,
    "reference": "cart-1",
}
URLS = {
    "successUrl": "https://example.com/success",
    "cancelUrl": "https://example.com/cancel",
}
TOKENS = {
    name: f"paytok_test_{name}"
    for name in ("approved", "declined", "disabled", "consumerInactive", "refused")
}
SHOWN = ("content-type", "content-encoding", "idempotency-replayed")
NOT_SAID = object()


@dataclass
class Receiver:
    """Takes webhooks in place of the network; answers in turn, then 200 for ever."""

    answers: list[int] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def __call__(self, post: Post) -> int:
        """Note the post and answer."""
        self.posts.append(post)
        return self.answers.pop(0) if self.answers else 200


class Shop:
    """Calls one emulator and keeps a transcript, the same for the same emulator.

    Args:
        twist: Makes the emulator a broken one.
    """

    def __init__(self, twist: Twist) -> None:
        self.receiver = Receiver()
        self.transcript: list[str] = []
        settings = Settings(seed=7)
        self.app = create_app(settings, twist=lambda e: twist(self._listening(e)))
        for self.key in ("sk_test_two", "sk_test_probe"):
            self.steer("/clock", {"freeze": True, "at": START_MS})

    def _listening(self, engine: Engine) -> Engine:
        attempts = engine.deliverer.attempts
        engine.deliverer.attempts = replace(attempts, send=self.receiver)
        return engine

    def steer(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Ask the control plane; not part of the transcript."""
        answer = self.app.test_client().open(
            f"/__admin{path}",
            method=method,
            json={} if body is None else body,
            headers={"Authorization": f"Basic {self.key}"},
        )
        assert answer.status_code < 300, answer.text
        return answer.get_json(silent=True)

    def call(
        self,
        operation: str,
        body: Any = NOT_SAID,
        *,
        id_: str = "",
        raw: bytes | None = None,
        query: str = "",
        key: str = "",
        **headers: str | None,
    ) -> Any:
        """Call an operation; return the answer's JSON, ``{}`` if it has none."""
        row = OPERATIONS[operation]
        prefix = "/v1" if row.side == "merchant" else ""
        path = f"{prefix}{row.path.format(id=id_)}"
        return self.send(
            row.method, path, body, raw=raw, query=query, key=key, **headers
        )

    def send(
        self,
        method: str,
        path: str,
        body: Any = NOT_SAID,
        *,
        raw: bytes | None = None,
        query: str = "",
        key: str = "",
        **headers: str | None,
    ) -> Any:
        """Send a call and write down what came back."""
        sent = {
            "Authorization": f"Basic {self.key}",
            "Content-Type": "application/json",
        }
        sent |= {"Idempotency-Key": key} if key else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {n: v for n, v in {**sent, **named}.items() if v is not None}
        data = raw if body is NOT_SAID else json.dumps(body).encode()
        answer = self.app.test_client().open(
            path, method=method, data=data, query_string=query, headers=kept
        )
        head = " ".join(
            f"{n}={answer.headers[n]}" for n in SHOWN if n in answer.headers
        )
        told = answer.get_data(as_text=True)
        self.transcript.append(f"{method} {path} -> {answer.status_code} {head} {told}")
        try:
            return json.loads(told)
        except ValueError:
            return {}

    # -- objects ------------------------------------------------------------------

    def order(self, payer: str = "approved", *, key: str = "", **changes: Any) -> Any:
        """Make an order."""
        body = {**BASKET, "token": TOKENS.get(payer, payer), **changes}
        return self.call("create_order", body, key=key)

    def authorized(self, amount: int = 1500) -> str:
        """Make an order that waits for its capture; return its id."""
        made = self.order(captureMethod="manual", amount=amount)
        return str(made.get("id", "order_test_none"))

    def capture(self, order: str, amount: int, **changes: Any) -> Any:
        """Capture a part of an order."""
        body = {"order": order, "amount": amount, "currency": "JPY", **changes}
        return self.call("create_payment", body)

    def payment(self, amount: int = 500) -> str:
        """Make a capture that leaves a rest; return its id."""
        made = self.capture(self.authorized(), amount, cancelRemainder="manual")
        return str(made.get("id", "payment_test_none"))

    def refund(self, payment: str, amount: int, **changes: Any) -> Any:
        """Refund a part of a payment."""
        body = {"payment": payment, "amount": amount, "currency": "JPY"}
        return self.call(
            "create_refund", {**body, "reason": "requested_by_customer", **changes}
        )

    def session(self, **changes: Any) -> Any:
        """Make a checkout session for an order."""
        return self.call("create_checkout_session", {**BASKET, **URLS, **changes})

    def token_session(self, **changes: Any) -> Any:
        """Make a checkout session for a token."""
        body = {"mode": "token", "customerInfo": {}, **URLS, **changes}
        return self.call("create_checkout_session", body)

    def coupon(self, **changes: Any) -> Any:
        """Make a coupon."""
        body = {"name": "spring", "discountType": "amount", "discountAmount": 100}
        return self.call("create_coupon", {**body, "currency": "JPY", **changes})

    def log_in(self) -> str:
        """Log a consumer in; return the Authorization header."""
        body = {"emailAddress": "consumer+test@example.com", "password": "password"}
        return f"Bearer {self.call('consumer_login', body).get('accessToken', 'none')}"

    def as_consumer(self, operation: str, id_: str, body: Any = NOT_SAID) -> Any:
        """Call an operation of the consumer's side for this account."""
        return self.call(
            operation,
            body,
            id_=id_,
            Authorization=self.log_in(),
            Smartpay_Sandbox_Account=self.key,
        )

    def advance(self, **parts: float) -> None:
        """Turn the account's clock."""
        self.steer("/clock", {"advance": parts})

    def drain(self) -> None:
        """Have everything delivered; write down what arrived."""
        self.steer("/webhooks/drain")
        while self.receiver.posts:
            post = self.receiver.posts.pop(0)
            headers = {n: v for n, v in post.headers.items() if n != "Content-Type"}
            where = f"{post.destination.authority}{post.destination.target}"
            self.transcript.append(f"POST {where} {headers} {post.body.decode()}")

    def endpoint(self, **changes: Any) -> str:
        """Make a webhook endpoint; return its id."""
        body = {"url": "http://127.0.0.1:9/hook", **changes}
        made = self.call("create_webhook_endpoint", body)
        return str(made.get("id", "webhookendpoint_test_none"))

    def at_once(self, *calls: Callable[[], Any]) -> None:
        """Hold calls until all of them are there, then let them go."""
        gate = self.steer("/holds", {"operation": "*"})["id"]
        threads = [threading.Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        waiting = f"/holds/{gate}?calls={len(calls)}&timeoutMs=5000"
        self.steer(waiting, method="GET")
        self.steer(f"/holds/{gate}", method="DELETE")
        for thread in threads:
            thread.join(5)
        self.transcript.sort()


@pytest.fixture(scope="session")
def shop_of() -> Iterator[Callable[[Twist], Shop]]:
    """Return a function that opens a shop at an emulator; all are closed at the end."""
    opened: list[Shop] = []

    def open_one(twist: Twist) -> Shop:
        opened.append(Shop(twist))
        return opened[-1]

    yield open_one

    for shop in opened:
        engine_of(shop.app).store.close()
