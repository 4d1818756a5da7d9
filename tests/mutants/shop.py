"""A client that calls the API in-process and keeps a transcript of the answers."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from smartpay_contracts import payloads
from smartpay_mock.api.application import Application
from smartpay_mock.api.pipeline import perform
from smartpay_mock.app import Patch
from smartpay_mock.control.admin import ROUTES
from smartpay_mock.events.sending import Post
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store
from smartpay_schemas import OPERATIONS, Operation

START_MS = 1_700_000_000_000
TOKENS = {
    name: f"paytok_test_{name}"
    for name in ("approved", "declined", "disabled", "consumerInactive", "refused")
}
SHOWN = ("Content-Encoding", "Idempotency-Replayed")
NOT_SAID = object()
COUPON = {"name": "x", "discountType": "percentage", "discountPercentage": 5}
SOFT_AND_HARD = ("pm_test_visaDeclined", "4100000000000019")


@dataclass
class Receiver:
    """Receives webhooks; answers with its statuses in turn, then with 200.

    The status 0 closes the connection without an answer.
    """

    answers: list[int] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def __call__(self, post: Post) -> int:
        """Record the post and answer."""
        self.posts.append(post)
        status = self.answers.pop(0) if self.answers else 200
        if not status:
            raise ConnectionResetError
        return status


def id_of(answer: Any, *path: str) -> str:
    """Return the id of an object, or of a part of it; mutants may lack either."""
    for name in path:
        answer = answer.get(name, {})
    return str(answer.get("id", "none")) if isinstance(answer, dict) else str(answer)


class Shop:
    """Calls one emulator and keeps a transcript.

    It calls the app without HTTP, because a run opens hundreds of shops.

    Args:
        patch: Breaks the emulator.
    """

    def __init__(self, patch: Patch) -> None:
        self.receiver = Receiver()
        self.transcript: list[str] = []
        self.request_ids: set[str] = set()
        app = Application(Settings(seed=7), open_store("memory:"))
        attempts = app.deliverer.attempts
        app.deliverer.attempts = replace(attempts, send=self.receiver)
        self.app = patch(app)
        for self.key in ("sk_test_two", "sk_test_probe"):
            self.control("POST", "/clock", {"freeze": True, "at": START_MS})

    def control(
        self, method: str, path: str, body: Any = None, *, id_: str = "", **query: str
    ) -> Any:
        """Call the control API; not part of the transcript."""
        route = next(r for r in ROUTES if (r.method, r.path) == (method, path))
        call = Call(method, path, query)
        account, params = account_id(self.key), {"id": id_}
        return route.answer(self.app, account, params, call, dict(body or {}))

    def call(
        self, operation: str, body: Any = NOT_SAID, *, id_: str = "", **more: Any
    ) -> Any:
        """Call an operation; return the answer's JSON, ``{}`` if it has none."""
        row = OPERATIONS[operation]
        prefix = "/v1" if row.side == "merchant" else ""
        path = f"{prefix}{row.path.format(id=id_)}"
        return self.send(row.method, path, body, **more)

    def send(
        self,
        method: str,
        path: str,
        body: Any = NOT_SAID,
        *,
        raw: bytes = b"",
        query: str = "",
        key: str = "",
        names: tuple[str, ...] | None = None,
        **headers: str | None,
    ) -> Any:
        """Send a call and record the answer."""
        sent: dict[str, str | None] = {"authorization": f"Basic {self.key}"}
        sent |= {"content-type": "application/json"}
        sent |= {"idempotency-key": key} if key else {}
        sent |= {n.replace("_", "-").lower(): value for n, value in headers.items()}
        call = Call(
            method,
            path,
            dict(parse_qsl(query, keep_blank_values=True)),
            {name: value for name, value in sent.items() if value is not None},
            raw if body is NOT_SAID else json.dumps(body).encode(),
            header_names=names,
        )
        answer = self._answer(call)
        text = answer.body.decode()
        head = " ".join(f"{name}={answer.headers.get(name)}" for name in SHOWN)
        id_ = answer.headers.get("Request-Id", "none")
        head += f" new Request-Id: {id_ not in self.request_ids}"
        self.request_ids.add(id_)
        line = f"{answer.status} {answer.content_type} {head} {text}"
        self.transcript.append(f"{method} {path} -> {line}")
        try:
            return json.loads(text)
        except ValueError:
            return {}

    def _answer(self, call: Call) -> Answer:
        operation, params = self._routed(call)
        if operation is None:
            return Answer(404)
        try:
            return perform(self.app, operation, params, call)
        except Exception as error:
            return Answer(500, repr(error).encode())

    def _routed(self, call: Call) -> tuple[Operation | None, dict[str, str]]:
        for row in self.app.rules.operations.values():
            prefix = "(/api.smartpay)?/v1" if row.side == "merchant" else ""
            pattern = (prefix + row.path).replace("{id}", "(?P<id>[^/]+)")
            match = re.fullmatch(pattern, call.path)
            if match and row.method == call.method:
                return row, {n: v for n, v in match.groupdict().items() if v}
        return None, {}

    # -- objects ------------------------------------------------------------------

    def order(self, payer: str = "approved", *, key: str = "", **changes: Any) -> Any:
        """Make an order."""
        token = TOKENS.get(payer, payer)
        body = payloads.order(token, **{"reference": "cart-1", **changes})
        return self.call("create_order", body, key=key)

    def authorized(self, amount: int = payloads.AMOUNT) -> str:
        """Make an order with manual capture; return its id."""
        return id_of(self.order(captureMethod="manual", amount=amount))

    def capture(self, order: str, amount: int, **changes: Any) -> Any:
        """Capture a part of an order."""
        return self.call("create_payment", payloads.payment(order, amount, **changes))

    def payment(self, amount: int = 500) -> str:
        """Make a capture that leaves a rest; return its id."""
        return id_of(self.capture(self.authorized(), amount, cancelRemainder="manual"))

    def refund(self, payment: str, amount: int, **changes: Any) -> Any:
        """Refund a part of a payment."""
        return self.call("create_refund", payloads.refund(payment, amount, **changes))

    def session(self, **changes: Any) -> Any:
        """Make a checkout session for an order."""
        body = payloads.order_session(**{"reference": "cart-1", **changes})
        return self.call("create_checkout_session", body)

    def token_session(self, **changes: Any) -> Any:
        """Make a checkout session for a token."""
        body = payloads.token_session(**changes)
        return self.call("create_checkout_session", body)

    def coupon(self, **changes: Any) -> str:
        """Make a coupon; return its id."""
        return id_of(self.call("create_coupon", payloads.coupon(**changes)))

    def code(self, coupon: str, code: str, **changes: Any) -> str:
        """Make a promotion code; return its id."""
        body = payloads.promotion_code(coupon, code, **changes)
        return id_of(self.call("create_promotion_code", body))

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
        """Advance the account's clock."""
        self.control("POST", "/clock", {"advance": parts})

    def drain(self) -> None:
        """Deliver all webhooks and record them."""
        self.control("POST", "/webhooks/drain")
        while self.receiver.posts:
            post = self.receiver.posts.pop(0)
            headers = {n: v for n, v in post.headers.items() if n != "Content-Type"}
            sent = f"{headers} {post.body.decode()}"
            self.transcript.append(f"POST {post.destination} {sent}")

    def endpoint(self, **changes: Any) -> str:
        """Make a webhook endpoint; return its id."""
        body = {"url": "http://127.0.0.1:9/hook", **changes}
        return id_of(self.call("create_webhook_endpoint", body))

    def at_once(self, *calls: Callable[[], Any]) -> None:
        """Hold calls until all have arrived, then release them."""
        hold = self.control("POST", "/holds", {"operation": "*"})["id"]
        threads = [threading.Thread(target=call) for call in calls]
        for thread in threads:
            thread.start()
        held = {"calls": str(len(calls)), "timeoutMs": "5000"}
        self.control("GET", "/holds/{id}", id_=hold, **held)
        self.control("DELETE", "/holds/{id}", id_=hold)
        for thread in threads:
            thread.join(5)
        self.transcript.sort()
