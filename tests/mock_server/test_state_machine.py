"""Any sequence of calls: money, statuses and events agree with a model of the table.

The model knows ``lifecycles.json`` and adds numbers; it knows nothing of the emulator's
code. Hypothesis looks for a life that breaks it (``SMARTPAY_TEST_LONG=1``: far longer,
differently every time), but varies the lives it had and leaves much out of one search.
So dice play too, and what they meet is counted.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from smartpay_mock.kernel.clock import DAY_MS, HOUR_MS
from smartpay_schemas import ERRORS, LIFECYCLES

T = TypeVar("T")

START_MS = 1_700_000_000_000
WEEK_MS = 7 * DAY_MS
LEAST_STEPS = 400
LIVES, STEPS = 60, 25
LEAST_TIMES = 3
"""How often the dice walk each step of the tables, and meet each refusal."""
STANDARD = 5
"""Standard tokens that a list shows."""

# Short lives need no shrinking, which takes longer than a test may.
SHORT = settings(
    max_examples=20,
    stateful_step_count=25,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(
    SHORT,
    max_examples=1_000,
    stateful_step_count=50,
    derandomize=False,
    phases=[Phase.generate, Phase.shrink],
)

CODE = "OFF"
DISCOUNT = 500
REDEMPTIONS = 4
APPROVER, DECLINED = "consumer+test@example.com", "declined+test@example.com"

REFUSALS = {
    "amount.insufficient",
    "order.cannot-authorize",
    "order.cannot-cancel",
    "order.cannot-capture",
    "payment.excessive-amount",
    "promotion-code.not-applicable",
    "token.cannot-approve",
    "token.invalid",
    "token.not-found",
}
"""Every refusal that a lifecycle or a sum of money is the reason of."""

ROWS = [
    (resource, row.from_state, row.action)
    for resource, lifecycle in LIFECYCLES.items()
    for row in lifecycle.transitions
    if row.action != "fail"  # only a setting of the account causes it
]

DECISIONS = {
    "pm_test_visaApproved": "approve",
    "pm_test_visaDeclined": "decline_softly",
    "pm_test_visaRefused": "decline",
}

ANY = range(1_000)
"""Chooses one of what there is, see ``Life.one``."""

AMOUNT = range(1, 5_001)
TWICE = (True, False)
MANUAL = (True, True, False)
PARTS = ("1", "half", "half", "rest", "more")
SPANS = (1, HOUR_MS, 3 * DAY_MS, WEEK_MS - 1, WEEK_MS, WEEK_MS)
APPROVED = "pm_test_visaApproved"

CALLS: dict[str, tuple[int, dict[str, Sequence[Any]]]] = {
    "charge": (
        3,
        {
            "which": ANY,
            "amount": AMOUNT,
            "manual": MANUAL,
            "declines": (False, False, False, True),
            "twice": TWICE,
        },
    ),
    "open_session": (4, {"amount": AMOUNT, "manual": TWICE}),
    "authorize": (
        5,
        {
            "which": ANY,
            "method": (APPROVED, APPROVED, APPROVED, *DECISIONS),
            "code": (None, CODE),
        },
    ),
    "capture": (
        4,
        {
            "which": ANY,
            "part": PARTS,
            "rest": ("manual", "manual", "automatic"),
            "twice": TWICE,
        },
    ),
    "refund": (3, {"which": ANY, "part": (*PARTS, "all"), "twice": TWICE}),
    "cancel": (2, {"which": ANY, "twice": TWICE}),
    "advance": (3, {"by": SPANS}),
    "open_token": (1, {}),
    "approve_token": (2, {"which": ANY, "by": (APPROVER, APPROVER, DECLINED)}),
    "switch_token": (
        3,
        {"which": ANY, "action": ("enable", "disable"), "twice": TWICE},
    ),
    "delete_token": (1, {"which": ANY}),
}
"""By its method: how often a call is made beside the others, and with what."""


@dataclass
class Order:
    """What the model knows of an order."""

    id: str
    amount: int
    is_manual: bool
    status: str = "new"
    discount: int = 0
    captured: int = 0
    expires: int | None = None
    payments: list[str] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Yen that were authorized and are not captured yet."""
        return self.amount - self.discount - self.captured


@dataclass
class Payment:
    """What the model knows of a payment."""

    id: str
    amount: int
    refunds: dict[str, int] = field(default_factory=dict)
    status: str = "processed"

    @property
    def left(self) -> int:
        """Yen not refunded yet."""
        return self.amount - sum(self.refunds.values())


class Life(RuleBasedStateMachine):
    """The life of one account."""

    steps: ClassVar[int] = 0
    walked: ClassVar[Counter[tuple[str, str, str]]] = Counter()
    met: ClassVar[Counter[str]] = Counter()
    app: ClassVar[Any]
    account: ClassVar[Any]

    @initialize()
    def begin(self) -> None:
        """Open a new account at a fixed time, with a code that takes 500 yen off."""
        self.api = self.account(self.app)
        self.now = self.api.freeze(START_MS)
        self.known: dict[str, Order] = {}
        self.held: list[Order] = []
        self.paid: dict[str, Payment] = {}
        self.status: dict[str, str] = {}
        self.published: list[tuple[str, str]] = []
        self.keys = 0
        for token in ("paytok_test_approved", "paytok_test_disabled"):
            self.status[token] = token.rpartition("_")[2].replace("approved", "active")
        coupon = {"name": "n", "discountType": "amount", "discountAmount": DISCOUNT}
        made = self.api.ok("create_coupon", {**coupon, "currency": "JPY"})
        body = {"code": CODE, "coupon": made["id"], "maxRedemptionCount": REDEMPTIONS}
        self.code = str(self.api.ok("create_promotion_code", body)["id"])
        self.published += [("coupon.created", made["id"])]
        self.published += [("promotion_code.created", self.code)]
        for manual in (True, False):
            self.charge(0, amount=2_000, manual=manual, declines=False, twice=False)

    @rule(seed=st.integers(0, 2**64 - 1))
    def act(self, seed: int) -> None:
        """Make one call; the method of its name knows what to expect."""
        name, options = chosen(Random(seed))  # noqa: S311 - repeatable on purpose
        note(f"{name} {options}")
        getattr(self, name)(**options)

    def one(self, things: Collection[T], which: int, ripe: Callable[[T], bool]) -> T:
        """Return one of them; three times of four one that is ripe, if there is any."""
        best = [thing for thing in things if ripe(thing)] if which % 4 < 3 else []
        pool = best or [*things]
        return pool[which // 4 % len(pool)]

    def order(self, which: int, status: str) -> Order:
        """Return an order, most often one in this status."""
        orders = self.known.values()
        return self.one(orders, which, lambda order: order.status == status)

    def token(self, which: int, *statuses: str) -> str:
        """Return a token's id, most often of one in these statuses."""
        return self.one(self.status, which, lambda id_: self.status[id_] in statuses)

    def call(
        self, operation: str, body: Any = None, *, twice: bool, **options: Any
    ) -> Any:
        """Call with a key; perhaps once more, which must change nothing."""
        self.keys += 1
        options["idem"] = f"key-{self.keys}"
        reply = self.api.do(operation, body, **options)
        if twice:
            again = self.api.do(operation, body, **options)
            assert (again.status, again.body) == (reply.status, reply.body)
            assert again.headers["Idempotency-Replayed"] == "true"
        return reply

    def move(self, resource: str, status: str, action: str) -> Any:
        """Return the row of the table, or the refusal it has for this pair."""
        lifecycle = LIFECYCLES[resource]
        return lifecycle.find(status, action) or lifecycle.refusals[action]

    def walk(self, resource: str, row: Any) -> str:
        """Note a step of a table; return the state it leads to."""
        self.walked[resource, row.from_state, row.action] += 1
        return str(row.to_state)

    def expect_events(self, events: tuple[str, ...], **subjects: str) -> None:
        """Expect events about these objects."""
        self.published += [
            (event, subjects[event.partition(".")[0]]) for event in events
        ]

    def refused(self, reply: Any, code: str | None) -> None:
        """Expect the documented refusal."""
        assert code is not None
        assert reply.refusal == (ERRORS[code].status, code)
        self.met[code] += 1

    def authorized(self, order: Order, shown: Any, row: Any, **subjects: str) -> None:
        """Note an authorization by ``row`` and the payment it made, if any."""
        order.status = self.walk("order", row)
        order.expires = self.now + WEEK_MS
        self.held.append(order)
        made = [self.pay(order, id_, order.left) for id_ in shown["payments"]]
        assert shown["expiresAt"] == order.expires
        assert len(made) == (not order.is_manual)
        self.expect_events(
            row.events, order=order.id, payment="".join(made), **subjects
        )

    def pay(self, order: Order, payment: str, amount: int) -> str:
        """Note a payment."""
        assert payment not in self.paid
        self.walk("payment", self.move("payment", "new", "capture"))
        self.paid[payment] = Payment(payment, amount)
        order.payments.append(payment)
        order.captured += amount
        return payment

    def charge(
        self, which: int, amount: int, manual: bool, declines: bool, twice: bool
    ) -> None:
        """POST /orders."""
        token = self.token(which, "active")
        person = {"emailAddress": "rejected@smartpay.co"} if declines else {}
        body = self.payload(
            token=token,
            amount=amount,
            customerInfo=person,
            captureMethod="manual" if manual else "automatic",
        )
        reply = self.call("create_order", body, twice=twice)
        status = self.status[token]
        if status not in ("active", "disabled"):
            code = "token.not-found" if status == "deleted" else "token.invalid"
            self.refused(reply, code)
            return
        shown = reply.json
        shown["payments"] = [payment["id"] for payment in shown["payments"]]
        order = self.known[shown["id"]] = Order(shown["id"], amount, manual)
        if declines or status == "disabled":
            row = self.move("order", "new", "decline")
            order.status = self.walk("order", row)
            self.expect_events(row.events, order=order.id)
        else:
            row = self.move("order", "new", "reserve" if manual else "charge")
            self.authorized(order, shown, row, token=token)

    def payload(self, **changes: Any) -> dict[str, Any]:
        """Return an order's body."""
        address = {"line1": "1", "locality": "x", "postalCode": "1", "country": "JP"}
        return {
            "currency": "JPY",
            "customerInfo": {},
            "items": [{"name": "a", "amount": 1, "currency": "JPY"}],
            "shippingInfo": {"address": address},
            **changes,
        }

    def open_session(self, amount: int, manual: bool) -> None:
        """POST /checkout-sessions."""
        body = self.payload(
            amount=amount,
            captureMethod="manual" if manual else "automatic",
            successUrl="https://mystore.jp/a",
            cancelUrl="https://mystore.jp/b",
        )
        shown = self.api.ok("create_checkout_session", body)["order"]
        row = self.move("order", "new", "open")
        state = self.walk("order", row)
        self.known[shown["id"]] = Order(shown["id"], amount, manual, state)

    def authorize(self, which: int, method: str, code: str | None) -> None:
        """POST /orders/{id}/authorizations, perhaps with a promotion code."""
        order = self.order(which, "requires_authorization")
        reply = self.api.authorize(order.id, paymentMethod=method, promotionCode=code)
        action = DECISIONS[method]
        if action == "approve":
            action = "reserve" if order.is_manual else "charge"
        row = self.move("order", order.status, action)
        if isinstance(row, str):
            self.refused(reply, row)
        elif DECISIONS[method] != "approve":
            order.status = self.walk("order", row)
            self.expect_events(row.events, order=order.id)
        elif code and (order.amount <= DISCOUNT or self.redeemed == REDEMPTIONS):
            self.refused(reply, "promotion-code.not-applicable")
        else:
            order.discount = DISCOUNT if code else 0
            self.authorized(order, reply.json, row)

    @property
    def redeemed(self) -> int:
        """How many orders have a discount."""
        return sum(1 for order in self.known.values() if order.discount)

    def capture(self, which: int, part: str, rest: str, twice: bool) -> None:
        """POST /payments."""
        order = self.order(which, "requires_capture")
        left = order.left
        amount = {"1": 1, "half": max(1, left // 2), "rest": max(1, left)}.get(
            part, left + 1
        )
        body = {
            "order": order.id,
            "amount": amount,
            "currency": "JPY",
            "cancelRemainder": rest,
        }
        reply = self.call("create_payment", body, twice=twice)
        is_part = rest == "manual" and amount < left
        action = "capture_part" if is_part else "capture_last"
        row = self.move("order", order.status, action)
        if isinstance(row, str):
            self.refused(reply, row)
        elif amount > left:
            self.refused(reply, "payment.excessive-amount")
        else:
            order.status = self.walk("order", row)
            made = self.pay(order, reply.json["id"], amount)
            self.expect_events(row.events, payment=made)

    def refund(self, which: int, part: str, twice: bool) -> None:
        """POST /refunds."""
        payment = self.one(self.paid.values(), which, lambda payment: payment.left > 0)
        left = payment.left
        amount = {"1": 1, "half": max(1, left // 2), "more": left + 1}.get(part, left)
        body: dict[str, Any] = {"payment": payment.id, "currency": "JPY"}
        body["reason"] = "requested_by_customer"
        if part != "all":
            body["amount"] = max(1, amount)
        reply = self.call("create_refund", body, twice=twice)
        if left == 0 or amount > left:
            self.refused(reply, "amount.insufficient")
            return
        action = "refund_last" if amount == left else "refund_part"
        row = self.move("payment", payment.status, action)
        payment.status = self.walk("payment", row)
        self.walk("refund", self.move("refund", "new", "refund"))
        payment.refunds[reply.json["id"]] = amount
        self.expect_events(row.events, refund=reply.json["id"])
        assert reply.json["amount"] == amount

    def cancel(self, which: int, twice: bool) -> None:
        """PUT /orders/{id}/cancellation."""
        order = self.order(which, "requires_capture")
        reply = self.call("cancel_order", twice=twice, id=order.id)
        action = "release" if order.captured else "cancel"
        row = self.move("order", order.status, action)
        if isinstance(row, str):
            self.refused(reply, row)
            return
        order.status = self.walk("order", row)
        self.expect_events(row.events, order=order.id)
        assert reply.json["status"] == order.status

    def advance(self, by: int) -> None:
        """POST /__admin/clock: what falls due happens in order, ties as they began."""
        self.now += by
        assert self.api.advance(milliseconds=by) == self.now
        due = [
            order
            for order in self.held
            if order.status == "requires_capture" and (order.expires or 0) <= self.now
        ]
        for order in sorted(due, key=lambda order: order.expires or 0):
            action = "expire_captured" if order.captured else "expire"
            row = self.move("order", order.status, action)
            order.status = self.walk("order", row)
            self.expect_events(row.events, order=order.id)

    def open_token(self) -> None:
        """POST /checkout-sessions with mode token."""
        token = str(self.api.token_session()["token"]["id"])
        row = self.move("token", "new", "open")
        self.status[token] = self.walk("token", row)
        self.expect_events(row.events, token=token)

    def approve_token(self, which: int, by: str) -> None:
        """PUT /tokens/{id}/approve, by a consumer who is approved or declined."""
        token = self.token(which, "requires_authorization", "rejected")
        # The standard tokens exist in every account: say which is meant.
        named = {"Smartpay-Sandbox-Account": self.api.key, **self.api.bearer(by)}
        reply = self.api.do("approve_token", id=token, headers=named)
        waits = self.status[token] == "requires_authorization"
        action = "reject" if waits and by == DECLINED else "approve"
        self.follow_token(reply, token, action)

    def switch_token(self, which: int, action: str, twice: bool) -> None:
        """PUT /tokens/{id}/enable and /disable."""
        token = self.token(which, "active", "disabled")
        reply = self.call(f"{action}_token", twice=twice, id=token)
        self.follow_token(reply, token, action)

    def delete_token(self, which: int) -> None:
        """DELETE /tokens/{id}."""
        token = self.token(which, "active", "disabled")
        reply = self.api.do("delete_token", id=token)
        self.follow_token(reply, token, "delete")

    def follow_token(self, reply: Any, token: str, action: str) -> None:
        """Take the table's step with a token."""
        row = self.move("token", self.status[token], action)
        if self.status[token] == "deleted":
            row = "token.not-found"
        if isinstance(row, str):
            self.refused(reply, row)
            return
        assert reply.status in (200, 204)
        self.status[token] = self.walk("token", row)
        self.expect_events(row.events, token=token)

    @invariant()
    def events_are_those_of_the_table(self) -> None:
        """One for each change, in order, and none besides."""
        type(self).steps += 1
        assert self.api.events() == self.published

    @invariant()
    def orders_are_as_the_model_has_them(self) -> None:
        """Listed, newest first; status, payments and sums agree."""
        listed = self.api.ok("list_orders", query={"expand": "all", "maxResults": 100})
        assert [row["id"] for row in listed["data"]] == [*self.known][::-1]
        for shown in listed["data"]:
            order = self.known[shown["id"]]
            assert shown["status"] == order.status
            assert shown.get("expiresAt") == order.expires
            assert [part["id"] for part in shown["payments"]] == order.payments
            taken = sum(part["amount"] for part in shown["payments"])
            assert shown.get("discountAmount", 0) == order.discount
            assert taken == order.captured <= order.amount - order.discount
            for part in shown["payments"]:
                payment = self.paid[part["id"]]
                assert part["status"] == payment.status
                assert part["refunds"] == [*payment.refunds]
                assert 0 <= payment.left <= part["amount"]

    @invariant()
    def lists_hold_exactly_what_was_made(self) -> None:
        """Payments, refunds, tokens; and no id is used twice."""
        refunds = [id_ for payment in self.paid.values() for id_ in payment.refunds]
        query = {"maxResults": 100}
        paid = self.api.ok("list_payments", query=query)["data"]
        given = self.api.ok("list_refunds", query=query)["data"]
        tokens = self.api.ok("list_tokens", query=query)["data"]
        assert {row["id"] for row in paid} == set(self.paid)
        assert sorted(row["id"] for row in given) == sorted(refunds)
        shown = {row["id"]: row["status"] for row in tokens}
        assert all(
            shown.get(token) == (status if status in ("active", "disabled") else None)
            for token, status in self.status.items()
        )
        code = self.api.ok("get_promotion_code", id=self.code)
        assert code["redemptionCount"] == self.redeemed <= REDEMPTIONS
        events = [event["id"] for event in self.api.control("GET", "/events")]
        ids = [*self.known, *self.paid, *refunds, *self.status, *events]
        assert len(set(ids)) == len(ids)


def chosen(chance: Random) -> tuple[str, dict[str, Any]]:
    """Return a call and what it is made with."""
    weights = [weight for weight, _ in CALLS.values()]
    [name] = chance.choices([*CALLS], weights)
    return name, {key: chance.choice(of) for key, of in CALLS[name][1].items()}


@pytest.fixture
def life(shared_app: Any, new_account: Any) -> type[Life]:
    """Return the machine, with nothing counted yet."""
    Life.app, Life.account, Life.steps = shared_app, new_account, 0
    Life.walked.clear()
    Life.met.clear()
    return Life


def test_any_life_of_an_account_follows_the_table(life: type[Life]) -> None:
    """At least 400 steps that Hypothesis looks for; nothing is broken."""
    profile = LONG if os.environ.get("SMARTPAY_TEST_LONG") else SHORT

    run_state_machine_as_test(life, settings=profile)

    assert life.steps >= LEAST_STEPS


def test_lives_by_the_dice_walk_every_step_of_the_tables(life: type[Life]) -> None:
    """The same lives every time. One that captured nothing would find nothing."""
    for number in range(LIVES):
        live(life, number)

    assert rare(life.walked, ROWS) == {}
    assert rare(life.met, REFUSALS) == {}


def live(life: type[Life], number: int) -> None:
    """Live one life as the dice fall, and look at it after each step."""
    chance = Random(number)  # noqa: S311 - repeatable on purpose
    one = life()
    one.begin()
    for _ in range(STEPS):
        name, options = chosen(chance)
        getattr(one, name)(**options)
        one.events_are_those_of_the_table()
        one.orders_are_as_the_model_has_them()
        one.lists_hold_exactly_what_was_made()


def rare(counted: Counter[Any], wanted: Collection[Any]) -> dict[Any, int]:
    """Return what of ``wanted`` was met too seldom, with how often it was."""
    return {each: counted[each] for each in wanted if counted[each] < LEAST_TIMES}
