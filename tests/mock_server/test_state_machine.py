"""Any sequence of calls: money, statuses and events agree with a model of the table.

The model knows ``lifecycles.json`` and adds numbers; it knows nothing of the emulator's
code. ``SMARTPAY_LONG=1`` runs far longer, differently every time.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from smartpay_mock.kernel.clock import DAY_MS, HOUR_MS
from smartpay_schemas import ERRORS, LIFECYCLES

START_MS = 1_700_000_000_000
WEEK_MS = 7 * DAY_MS
LEAST_STEPS = 2_000
STANDARD = 5
"""Standard tokens that a list shows."""

SHORT = settings(
    max_examples=45,
    stateful_step_count=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(
    SHORT,
    max_examples=1_000,
    stateful_step_count=150,
    derandomize=False,
    phases=[Phase.generate, Phase.shrink],
)

DECISIONS = {
    "pm_test_visaApproved": "approve",
    "pm_test_visaDeclined": "decline_softly",
    "pm_test_visaRefused": "decline",
}


@dataclass
class Order:
    """What the model knows of an order."""

    id: str
    amount: int
    is_manual: bool
    status: str = "new"
    captured: int = 0
    expires: int | None = None
    payments: list[str] = field(default_factory=list)


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
    app: ClassVar[Any]
    account: ClassVar[Any]

    orders = Bundle("orders")
    payments = Bundle("payments")
    tokens = Bundle("tokens")

    @initialize(target=tokens)
    def begin(self) -> Any:
        """Open a new account at a fixed time."""
        self.api = self.account(self.app)
        self.now = self.api.freeze(START_MS)
        self.known: dict[str, Order] = {}
        self.paid: dict[str, Payment] = {}
        self.status: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        self.keys = 0
        for token in ("paytok_test_approved", "paytok_test_disabled"):
            self.status[token] = token.rpartition("_")[2].replace("approved", "active")
        return multiple(*self.status)

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

    def tell(self, events: tuple[str, ...], **subjects: str) -> None:
        """Expect events about these objects."""
        self.told += [(event, subjects[event.partition(".")[0]]) for event in events]

    def refused(self, reply: Any, code: str | None) -> None:
        """Expect the documented refusal."""
        assert code is not None
        assert reply.refusal == (ERRORS[code].status, code)

    def authorized(self, order: Order, shown: Any, row: Any, **subjects: str) -> Any:
        """Note an authorization by ``row`` and return the payments it made."""
        order.status = row.to_state
        order.expires = self.now + WEEK_MS
        made = [self.pay(order, id_, order.amount) for id_ in shown["payments"]]
        assert shown["expiresAt"] == order.expires
        assert len(made) == (not order.is_manual)
        self.tell(row.events, order=order.id, payment="".join(made), **subjects)
        return multiple(*made)

    def pay(self, order: Order, payment: str, amount: int) -> str:
        """Note a payment."""
        assert payment not in self.paid
        self.paid[payment] = Payment(payment, amount)
        order.payments.append(payment)
        order.captured += amount
        return payment

    @rule(
        target=orders,
        token=tokens,
        amount=st.integers(1, 5_000),
        manual=st.booleans(),
        declines=st.booleans(),
        twice=st.booleans(),
    )
    def charge(
        self, token: str, amount: int, manual: bool, declines: bool, twice: bool
    ) -> Any:
        """POST /orders."""
        person = {"emailAddress": "rejected@smartpay.co"} if declines else {}
        body = self.payload(
            token=token,
            amount=amount,
            customerInfo=person,
            captureMethod="manual" if manual else "automatic",
        )
        reply = self.call("create_order", body, twice=twice)
        status = self.status[token]
        if status in ("deleted", "requires_authorization"):
            code = "token.not-found" if status == "deleted" else "token.invalid"
            self.refused(reply, code)
            return multiple()
        shown = reply.json
        shown["payments"] = [payment["id"] for payment in shown["payments"]]
        order = self.known[shown["id"]] = Order(shown["id"], amount, manual)
        if declines or status == "disabled":
            row = self.move("order", "new", "decline")
            order.status = row.to_state
            self.tell(row.events, order=order.id)
        else:
            row = self.move("order", "new", "reserve" if manual else "charge")
            self.authorized(order, shown, row, token=token)
        return order.id

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

    @rule(target=orders, amount=st.integers(1, 5_000), manual=st.booleans())
    def open_session(self, amount: int, manual: bool) -> str:
        """POST /checkout-sessions."""
        body = self.payload(
            amount=amount,
            captureMethod="manual" if manual else "automatic",
            successUrl="https://mystore.jp/a",
            cancelUrl="https://mystore.jp/b",
        )
        shown = self.api.ok("create_checkout_session", body)["order"]
        row = self.move("order", "new", "open")
        self.known[shown["id"]] = Order(shown["id"], amount, manual, row.to_state)
        return str(shown["id"])

    @rule(target=payments, id_=orders, method=st.sampled_from([*DECISIONS]))
    def authorize(self, id_: str, method: str) -> Any:
        """POST /orders/{id}/authorizations."""
        order = self.known[id_]
        reply = self.api.authorize(id_, paymentMethod=method)
        action = DECISIONS[method]
        if action == "approve":
            action = "reserve" if order.is_manual else "charge"
        row = self.move("order", order.status, action)
        if isinstance(row, str):
            self.refused(reply, row)
            return multiple()
        if DECISIONS[method] == "approve":
            return self.authorized(order, reply.json, row)
        order.status = row.to_state
        self.tell(row.events, order=id_)
        return multiple()

    @rule(
        target=payments,
        id_=orders,
        part=st.sampled_from(["1", "half", "rest", "more"]),
        rest=st.sampled_from(["manual", "automatic"]),
        twice=st.booleans(),
    )
    def capture(self, id_: str, part: str, rest: str, twice: bool) -> Any:
        """POST /payments."""
        order = self.known[id_]
        left = order.amount - order.captured
        amount = {"1": 1, "half": max(1, left // 2), "rest": max(1, left)}.get(
            part, left + 1
        )
        body = {
            "order": id_,
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
            return multiple()
        if amount > left:
            self.refused(reply, "payment.excessive-amount")
            return multiple()
        order.status = row.to_state
        made = self.pay(order, reply.json["id"], amount)
        self.tell(row.events, payment=made)
        return made

    @rule(
        id_=payments,
        part=st.sampled_from(["1", "half", "rest", "more", "all"]),
        twice=st.booleans(),
    )
    def refund(self, id_: str, part: str, twice: bool) -> None:
        """POST /refunds."""
        payment = self.paid[id_]
        left = payment.left
        amount = {"1": 1, "half": max(1, left // 2), "more": left + 1}.get(part, left)
        body: dict[str, Any] = {"payment": id_, "currency": "JPY"}
        body["reason"] = "requested_by_customer"
        if part != "all":
            body["amount"] = max(1, amount)
        reply = self.call("create_refund", body, twice=twice)
        if left == 0 or amount > left:
            self.refused(reply, "amount.insufficient")
            return
        action = "refund_last" if amount == left else "refund_part"
        row = self.move("payment", payment.status, action)
        payment.status = row.to_state
        payment.refunds[reply.json["id"]] = amount
        self.tell(row.events, refund=reply.json["id"])
        assert reply.json["amount"] == amount

    @rule(id_=orders, twice=st.booleans())
    def cancel(self, id_: str, twice: bool) -> None:
        """PUT /orders/{id}/cancellation."""
        order = self.known[id_]
        reply = self.call("cancel_order", twice=twice, id=id_)
        action = "release" if order.captured else "cancel"
        row = self.move("order", order.status, action)
        if isinstance(row, str):
            self.refused(reply, row)
            return
        order.status = row.to_state
        self.tell(row.events, order=id_)
        assert reply.json["status"] == order.status

    @rule(by=st.sampled_from([1, HOUR_MS, DAY_MS, 3 * DAY_MS, WEEK_MS - 1, WEEK_MS]))
    def advance(self, by: int) -> None:
        """POST /__admin/clock: what falls due happens in order."""
        self.now += by
        assert self.api.advance(milliseconds=by) == self.now
        due = [
            order
            for order in self.known.values()
            if order.status == "requires_capture" and (order.expires or 0) <= self.now
        ]
        for order in sorted(due, key=lambda order: order.expires or 0):
            action = "expire_captured" if order.captured else "expire"
            row = self.move("order", order.status, action)
            order.status = row.to_state
            self.tell(row.events, order=order.id)

    @rule(target=tokens)
    def open_token(self) -> str:
        """POST /checkout-sessions with mode token."""
        token = str(self.api.token_session()["token"]["id"])
        row = self.move("token", "new", "open")
        self.status[token] = row.to_state
        self.tell(row.events, token=token)
        return token

    @rule(
        token=tokens,
        action=st.sampled_from(["approve", "enable", "enable", "disable"]),
        twice=st.booleans(),
    )
    def change_token(self, token: str, action: str, twice: bool) -> None:
        """Approve, enable or disable."""
        if action == "approve":
            # The standard tokens exist in every account: say which is meant.
            named = {"Smartpay-Sandbox-Account": self.api.key, **self.api.bearer()}
            reply = self.api.do("approve_token", id=token, headers=named)
        else:
            reply = self.call(f"{action}_token", twice=twice, id=token)
        self.follow_token(reply, token, action)

    @rule(token=consumes(tokens))
    def delete_token(self, token: str) -> None:
        """DELETE /tokens/{id}; some are forgotten before, so not every one."""
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
        self.status[token] = row.to_state
        self.tell(row.events, token=token)

    @invariant()
    def events_are_those_of_the_table(self) -> None:
        """One for each change, in order, and none besides."""
        type(self).steps += 1
        assert self.api.events() == self.told

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
            assert taken == order.captured <= order.amount
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
        events = [event["id"] for event in self.api.steer("GET", "/events")]
        ids = [*self.known, *self.paid, *refunds, *self.status, *events]
        assert len(set(ids)) == len(ids)


def test_any_life_of_an_account_follows_the_table(
    shared_app: Any, new_account: Any
) -> None:
    """At least 2,000 steps, and no invariant broken."""
    Life.app, Life.account, Life.steps = shared_app, new_account, 0

    profile = LONG if os.environ.get("SMARTPAY_LONG") else SHORT
    run_state_machine_as_test(Life, settings=profile)

    assert Life.steps >= LEAST_STEPS, Life.steps
