"""Make the objects that tests need through the API, and clean up afterwards."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import NOTHING, Client
from smartpay_contracts.exchange import ContractFailure, Doc
from smartpay_contracts.target import ABSENT, LACKS, Target
from smartpay_fixtures import sandbox_values

APPROVED = {"paymentMethod": "pm_test_visaApproved", "paymentPlan": "pay_in_three"}

_numbers = itertools.count(1)


class Shop:
    """The merchant's account of one test: makes objects in it.

    Args:
        api: The client of the account.
        target: The server.
        checks: The checks of its answers.
    """

    def __init__(self, api: Client, target: Target, checks: Checks) -> None:
        self.api = api
        self.target = target
        self.checks = checks
        self._tidying: list[Callable[[], object]] = []
        self._consumer: Client | None = None
        self._token: str | None = None

    # -- tokens and the consumer ---------------------------------------------------

    @property
    def token(self) -> str:
        """The id of an active token that may be charged but not deleted."""
        if self._token is None:
            self._token = self._active_token()
        return self._token

    def _active_token(self) -> str:
        if self.target.options.token and "own accounts" not in self.target.can:
            return self.target.options.token
        if not self.target.is_foreign:
            return sandbox_values().tokens["guide"].id
        return self.own_token()

    def own_token(self) -> str:
        """Return the id of an active token that the test may change and delete."""
        if "own accounts" in self.target.can:
            return sandbox_values().tokens["approved"].id
        self.target.require("consumer")
        token = self.waiting_token()
        self.approve(token)
        return token

    def switchable_token(self) -> str:
        """Return the id of an active token that may be disabled for a while.

        Where no token can be made it is the one that was given, and it is enabled
        again when the test is over.
        """
        if "consumer" in self.target.can or self.target.options.token is None:
            return self.own_token()
        self._later(self.api, "enable_token", self.token)
        return self.token

    def waiting_token(self) -> str:
        """Return the id of a token that waits for the consumer's approval."""
        token: str = self.token_session()["token"]["id"]
        self._later(self.api, "delete_token", token)
        return token

    def approve(self, token: str) -> None:
        """Approve a token as the consumer."""
        self.checks.succeeded(self.consumer.call("approve_token", id=token))

    @property
    def consumer(self) -> Client:
        """A caller who is logged in as a test consumer."""
        if self._consumer is None:
            self._consumer = self.api.with_authorization(f"Bearer {self.log_in()}")
        return self._consumer

    def log_in(self) -> str:
        """Return a fresh access token of the test consumer."""
        answer = self.api.call("consumer_login", self.credentials())
        return str(self.checks.ok(answer)["accessToken"])

    def credentials(self) -> dict[str, str]:
        """Return the body of a login."""
        if self.target.consumer is None:
            pytest.skip(LACKS["consumer"])
        email, password = self.target.consumer
        return {"emailAddress": email, "password": password}

    # -- objects ------------------------------------------------------------------

    def reference(self) -> str:
        """Return a reference nobody used before, of at most 40 characters."""
        return f"{self.target.run_id}-{next(_numbers)}"

    def order_body(self, **changes: Any) -> dict[str, Any]:
        """Return the body of an order that will be approved, with its own reference."""
        mine = {"reference": self.reference(), **changes}
        token = mine.pop("token", None) or self.token
        return payloads.order(token, **mine)

    def order(self, **changes: Any) -> Doc:
        """Return a new order, captured at once unless ``captureMethod`` says manual."""
        answer = self.api.call("create_order", self.order_body(**changes))
        order = self.checks.ok(answer)
        if changes.get("captureMethod") == "manual":
            self._later(self.api, "cancel_order", order["id"])
        return order

    def authorized(self, amount: int = payloads.AMOUNT, **changes: Any) -> Doc:
        """Return a new order in requires_capture, of ``amount`` yen."""
        return self.order(captureMethod="manual", amount=amount, **changes)

    def unauthorized(self, **changes: Any) -> Doc:
        """Return a new order in requires_authorization: that of a new session."""
        order: Doc = self.session(**changes)["order"]
        return order

    def canceled(self) -> Doc:
        """Return a new order that was canceled before anything was captured."""
        order = self.authorized()
        return self.ok("cancel_order", id=order["id"])

    def rejected(self) -> Doc:
        """Return a new order that was declined; only the emulator can decline one."""
        self.target.require("control")
        return self.order(token=sandbox_values().tokens["declined"].id)

    def payment(
        self, amount: int = 500, *, order: str | None = None, **changes: Any
    ) -> Doc:
        """Return a new capture of ``amount`` yen that leaves the rest capturable."""
        order = order or self.authorized()["id"]
        plain = {"cancelRemainder": "manual", "reference": self.reference()}
        body = payloads.payment(order, amount, **{**plain, **changes})
        return self.ok("create_payment", body)

    def require_payments(self) -> None:
        """Skip the test if a third-party server has no payments."""
        answer = self.api.call("list_payments", query={"maxResults": 1})
        if self.target.is_foreign and answer.status in ABSENT:
            pytest.skip("needs payments, which the server does not have")

    def refund(
        self, amount: int = 100, *, payment: str | None = None, **changes: Any
    ) -> Doc:
        """Return a new refund of ``amount`` yen."""
        payment = payment or self.payment()["id"]
        plain = {"reference": self.reference()}
        body = payloads.refund(payment, amount, **{**plain, **changes})
        return self.ok("create_refund", body)

    def session(self, **changes: Any) -> Doc:
        """Return a new checkout session for an order."""
        body = payloads.order_session(**{"reference": self.reference(), **changes})
        return self.ok("create_checkout_session", body)

    def token_session(self, **changes: Any) -> Doc:
        """Return a new checkout session for a token."""
        body = payloads.token_session(**{"reference": self.reference(), **changes})
        return self.ok("create_checkout_session", body)

    def coupon(self, **changes: Any) -> Doc:
        """Return a new coupon."""
        body = payloads.coupon(**{"name": self.reference(), **changes})
        coupon = self.ok("create_coupon", body)
        self._later(self.api, "update_coupon", coupon["id"], {"active": False})
        return coupon

    def promotion_code(self, *, coupon: str | None = None, **changes: Any) -> Doc:
        """Return a new promotion code."""
        coupon = coupon or self.coupon()["id"]
        code = changes.pop("code", None) or self.reference()
        body = payloads.promotion_code(coupon, code, **changes)
        made = self.ok("create_promotion_code", body)
        self._later(self.api, "update_promotion_code", made["id"], {"active": False})
        return made

    def endpoint(self, url: str = "https://example.com/hook", **changes: Any) -> Doc:
        """Return a new webhook endpoint."""
        body = payloads.endpoint(url, **changes)
        endpoint = self.ok("create_webhook_endpoint", body)
        self._later(self.api, "delete_webhook_endpoint", endpoint["id"])
        return endpoint

    def ok(self, operation: str, body: Any = NOTHING, /, **more: Any) -> Doc:
        """Make a call that must succeed and return its body, checked."""
        return self.checks.ok(self.api.call(operation, body, **more))

    def update(self, resource: str, id_: str, changes: Mapping[str, Any]) -> Doc:
        """Return the good answer to an update; ``resource`` as in ``update_order``."""
        return self.ok(f"update_{resource}", dict(changes), id=id_)

    # -- reading ------------------------------------------------------------------

    def now(self, resource: str, id_: str, **query: object) -> Doc:
        """Return an object as it is now; ``resource`` as in ``get_order``."""
        return self.ok(f"get_{resource}", id=id_, query=query)

    # -- tidying up ---------------------------------------------------------------

    def _later(self, api: Client, operation: str, id_: str, body: Any = None) -> None:
        """Undo something at the end, unless the account is the test's own."""
        if "own accounts" in self.target.can:
            return
        arguments = () if body is None else (body,)
        self._tidying.append(lambda: api.call(operation, *arguments, id=id_))

    def tidy(self) -> None:
        """Undo what can be undone; other objects keep the run id in their reference."""
        while self._tidying:
            undo = self._tidying.pop()
            with contextlib.suppress(ContractFailure):
                undo()
