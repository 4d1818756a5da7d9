"""Many calls on few objects at the same instant; the sums of money hold.

Captures, refunds, cancellations and authorizations with a promotion code, some of them
twice with one key, are sent to all hosts at once. What was answered must be what is
stored, and nothing may be captured, refunded or redeemed more than it may.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.many.cluster import Client, Cluster, Response
from tests.mock_server.account import CONSUMER, payload
from tests.soak.figures import Figures, for_seconds
from tests.soak.kills import cluster_on

from smartpay_mock.kernel.ids import new_secret_key

OVER = ("over-captures", "over-refunds", "over-redemptions")
LOST, DOUBLE, SERVER_ERROR = "lost", "doubles", "5xx"
AMOUNT = 1_000
ORDERS, SESSIONS, CALLS = 2, 6, 48
REDEMPTIONS = 3
CODE = "RUSH"
ALL = {"expand": "all"}

KINDS = {"capture": 40, "refund": 20, "authorize": 15, "cancel": 1}
"""The calls that race, and how often each is made beside the others."""


class Planned(NamedTuple):
    """A call that will be made.

    Attributes:
        number: Chooses its host, and names its key.
        kind: One of ``KINDS``.
        method: HTTP method.
        path: Its path.
        body: Its JSON value.
        headers: Further headers.
    """

    number: int
    kind: str
    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})

    @property
    def key(self) -> str:
        """Its idempotency key; the consumer's calls have none."""
        return "" if self.kind == "authorize" else f"key-{self.number}"

    def send(self, host: int, client_of: Callable[[int], Client]) -> Response:
        """Make the call at a host and return the answer."""
        return client_of(host)(
            self.method,
            self.path,
            self.body,
            idem=self.key or None,
            headers=self.headers,
        )


class Race:
    """Rounds of calls on fresh objects.

    Attributes:
        figures: What happened.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.figures = Figures.of(LOST, DOUBLE, *OVER, SERVER_ERROR, calls=0, rounds=0)
        self._cluster = cluster
        self._random = Random(3)  # noqa: S311 - repeatable on purpose
        self._keys = itertools.count()

    def run(self, seconds: float) -> None:
        """Race for so long."""
        for _ in for_seconds(seconds):
            self._round()
            self.figures.done["rounds"] += 1

    def _round(self) -> None:
        """Make some objects, call them all at once, and look at them."""
        self._key = new_secret_key()
        with closing(self._cluster.client(0, self._key)) as client:
            self._prepare(client)
            planned = [self._plan() for _ in range(CALLS)]
            # A call that is sent twice has one key, and changes something once.
            planned += [call for call in planned if self._random.random() < 0.3]
            self._random.shuffle(planned)
            jobs = [partial(call.send, host) for host, call in enumerate(planned)]
            replies = self._cluster.each(jobs, key=self._key)
            self._check_replies(planned, replies)
            answered = {
                (call.kind, reply.json["id"])
                for call, reply in zip(planned, replies, strict=True)
                if reply.status == 200 and call.kind in ("capture", "refund")
            }
            self._check(client, answered)

    def _check_replies(self, planned: list[Planned], replies: list[Response]) -> None:
        self.figures.done["calls"] += len(replies)
        by_key: dict[str, bytes] = {}
        for call, reply in zip(planned, replies, strict=True):
            if reply.status >= 500:
                self.figures.fail(SERVER_ERROR, (reply.status, reply.body))
            elif call.key and by_key.setdefault(call.key, reply.body) != reply.body:
                self.figures.fail(DOUBLE, (by_key[call.key], reply.body))

    def _prepare(self, client: Client) -> None:
        def make(path: str, body: Any, **headers: str) -> Any:
            reply = client("POST", path, body, headers=headers)
            assert reply.status == 200, reply.body
            return reply.json

        charge = {"amount": AMOUNT}
        self._orders = [
            make("/v1/orders", payload(captureMethod="manual", **charge))["id"]
            for _ in range(ORDERS)
        ]
        paid = make("/v1/orders", payload(**charge))
        self._payment = paid["payments"][0]["id"]
        coupon = {"name": "c", "discountType": "amount", "discountAmount": 100}
        made = make("/v1/coupons", {**coupon, "currency": "JPY"})
        code = {"code": CODE, "coupon": made["id"]}
        code["maxRedemptionCount"] = REDEMPTIONS
        self._code = make("/v1/promotion-codes", code)["id"]
        urls = {"successUrl": "https://a.jp/a", "cancelUrl": "https://a.jp/b"}
        cart = payload(token=None, **charge, **urls)
        self._sessions = [
            make("/v1/checkout-sessions", cart)["order"]["id"] for _ in range(SESSIONS)
        ]
        login = {"emailAddress": CONSUMER, "password": "password"}
        self._bearer = make("/consumers/auth/login", login)["accessToken"]

    def _plan(self) -> Planned:
        """Return a random call."""
        random, number = self._random, next(self._keys)
        kind = random.choices([*KINDS], list(KINDS.values()))[0]
        order, amount = random.choice(self._orders), random.randint(1, AMOUNT // 3)
        money = {"amount": amount, "currency": "JPY"}
        rest = random.choices(["manual", "automatic"], [12, 1])[0]
        consumer = {
            "Authorization": f"Bearer {self._bearer}",
            "Smartpay-Sandbox-Account": self._key,
        }
        call = partial(Planned, number, kind)
        match kind:
            case "capture":
                body = {"order": order, "cancelRemainder": rest, **money}
                return call("POST", "/v1/payments", body)
            case "refund":
                reason = "requested_by_customer"
                body = {"payment": self._payment, "reason": reason, **money}
                return call("POST", "/v1/refunds", body)
            case "cancel":
                return call("PUT", f"/v1/orders/{order}/cancellation")
        path = f"/orders/{random.choice(self._sessions)}/authorizations"
        body = {"paymentMethod": "pm_test_visaApproved", "promotionCode": CODE}
        return call("POST", path, body, consumer)

    def _check(self, client: Client, answered: set[tuple[str, str]]) -> None:
        """Compare sums with bounds, and what is stored with what was answered."""

        def read(path: str) -> Any:
            return client("GET", f"/v1/{path}").json

        orders = [read(f"orders/{order}?expand=all") for order in self._orders]
        payments = [each for order in orders for each in order["payments"]]
        refunds = read("refunds?maxResults=100")["data"]
        stored = {("capture", each["id"]) for each in payments}
        stored |= {("refund", each["id"]) for each in refunds}
        self.figures.fail_each(LOST, answered - stored)
        self.figures.fail_each(DOUBLE, stored - answered)
        self._check_sums(read, orders, refunds)

    def _check_sums(self, read: Any, orders: list[Any], refunds: list[Any]) -> None:
        for order in orders:
            captured = sum(payment["amount"] for payment in order["payments"])
            is_over = captured > (0 if order["status"] == "canceled" else AMOUNT)
            self.figures.fail_each("over-captures", [order] if is_over else [])
        refunded = sum(refund["amount"] for refund in refunds)
        self.figures.fail_each("over-refunds", [refunds] if refunded > AMOUNT else [])
        code = read(f"promotion-codes/{self._code}")
        sold = [read(f"orders/{session}") for session in self._sessions]
        redeemed = sum(1 for order in sold if order.get("discountAmount"))
        if not redeemed == code["redemptionCount"] <= REDEMPTIONS:
            self.figures.fail("over-redemptions", (redeemed, code))


def race(state: str, hosts: int, seconds: float) -> Figures:
    """Race on a store that several emulators share.

    Args:
        state: URL of the store; ``sqlite`` and ``postgresql`` make one.
        hosts: How many share it.
        seconds: For how long.
    """
    with cluster_on(state, hosts) as cluster:
        running = Race(cluster)
        running.run(seconds)
    return running.figures
