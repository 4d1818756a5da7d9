"""A client of the emulator's WSGI app that checks every answer.

Each answer is held against the schemas, so no test needs to say that shapes, compact
JSON, Request-Ids and error codes are right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from smartpay_mock.kernel.ids import new_secret_key
from smartpay_schemas import (
    ERRORS,
    OPERATIONS,
    Operation,
    problems,
    response_schema,
)

ADMIN = "/__admin"
APPROVED = "paytok_test_approved"
CONSUMER = "consumer+test@example.com"
REQUEST_ID = re.compile(r"req_test_[0-9A-Za-z]{22}")

ANYWHERE = {
    "request.too-large",
    "request.header-repeated",
    "idempotency.key-invalid",
    "idempotency.key-reused",
    "request.unsupported-media-type",
    "request.malformed",
}
"""Codes that any operation may answer with, beside its own."""


@dataclass
class Response:
    """An answer as it came.

    Attributes:
        status: HTTP status.
        headers: Its headers.
        body: Raw bytes.
    """

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON value."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error code, or ``""``."""
        return str(self.json.get("errorCode", "")) if self.body else ""

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and error code."""
        return self.status, self.code

    @property
    def message(self) -> str:
        """The message of an error."""
        return str(self.json["message"])

    @property
    def details(self) -> list[str]:
        """The details of an error."""
        details: list[str] = self.json["details"]
        return details

    @property
    def detail(self) -> str:
        """What a refusal of the control plane says."""
        return str(self.json["detail"])


def payload(**changes: Any) -> dict[str, Any]:
    """Return a canonical order for 2,500 yen; ``None`` leaves a member out."""
    order = {
        "token": APPROVED,
        "amount": 2500,
        "currency": "JPY",
        "customerInfo": {"emailAddress": "misaki.sato@example.jp"},
        "items": [
            {"name": "teacup", "amount": 1000, "currency": "JPY", "quantity": 2},
            {"name": "tax", "amount": 200, "currency": "JPY", "kind": "tax"},
            {"name": "sale", "amount": 100, "currency": "JPY", "kind": "discount"},
        ],
        "shippingInfo": {
            "address": {
                "line1": "2-21-1",
                "locality": "渋谷区",
                "postalCode": "150-0002",
                "country": "JP",
            },
            "feeAmount": 400,
            "feeCurrency": "JPY",
        },
        "reference": "order-1",
    }
    order.update(changes)
    return {name: value for name, value in order.items() if value is not None}


def check(
    operation: Operation, reply: Response, *, expand: str, strictly: bool
) -> None:
    """Hold an answer of the API against the tables and schemas."""
    assert REQUEST_ID.fullmatch(reply.headers["Request-Id"]), operation.id
    if not reply.body:
        assert "Content-Type" not in reply.headers, operation.id
        assert operation.response is None, operation.id
        assert reply.status == operation.status, operation.id
        return
    assert reply.headers["Content-Type"] == "application/json"
    document = reply.json
    compact = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    assert reply.body.decode() == compact
    if reply.status == operation.status:
        schema = response_schema(operation, expanded=expand == "all")
        assert schema is not None, f"{operation.id} answers with a body"
    elif reply.status == 401 and operation.side == "merchant":
        schema = "common/unauthorized"
    else:
        schema = "common/error"
        if strictly:
            _check_error(operation, reply)
    found = [problem.message for problem in problems(schema, document)]
    assert not found, f"{operation.id}: {found}"


def _check_error(operation: Operation, reply: Response) -> None:
    code = reply.code
    assert code in {*operation.errors, *ANYWHERE}, f"{operation.id}: {code}"
    assert reply.status == ERRORS[code].status == reply.json["statusCode"]
    assert all(isinstance(detail, str) for detail in reply.details)


@dataclass
class Account:
    """One account of an emulator, as its merchant, its consumers and its tester.

    Attributes:
        app: The emulator.
        key: Its secret key.
        strictly: Whether errors must be documented ones of their operation.
    """

    app: Flask
    key: str = field(default_factory=new_secret_key)
    strictly: bool = True
    _request_ids: set[str] = field(default_factory=set)
    _bearers: dict[str, str] = field(default_factory=dict)

    @property
    def application(self) -> Any:
        """The emulator behind the app."""
        return self.app.extensions["smartpay"]

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Response:
        """Send one request as it is and return the answer, unchecked."""
        sent: dict[str, str | None] = {"Authorization": f"Basic {self.key}"}
        sent.update(headers or {})
        if body is not None or raw is not None:
            sent.setdefault("Content-Type", "application/json")
            raw = json.dumps(body).encode() if raw is None else raw
        answer = self.app.test_client().open(
            path,
            method=method,
            data=raw,
            headers={name: text for name, text in sent.items() if text is not None},
        )
        return Response(answer.status_code, answer.headers, answer.data)

    def do(
        self,
        operation: str,
        body: Any = None,
        *,
        id: str = "",  # noqa: A002 - the API's word
        query: dict[str, Any] | None = None,
        idem: str | None = None,
        headers: Mapping[str, str | None] | None = None,
        raw: bytes | None = None,
    ) -> Response:
        """Call an operation of the API and check the answer's shape.

        Args:
            operation: A key of ``OPERATIONS``.
            body: JSON value to send.
            id: For the path.
            query: Query parameters.
            idem: Idempotency key.
            headers: Further headers; ``None`` leaves one out.
            raw: Bytes to send in place of ``body``.
        """
        row = OPERATIONS[operation]
        path = ("/v1" if row.side == "merchant" else "") + row.path.format(id=id)
        sent: dict[str, str | None] = dict(headers or {})
        if idem is not None:
            sent["Idempotency-Key"] = idem
        reply = self.send(
            row.method,
            f"{path}?{urlencode(query)}" if query else path,
            body,
            raw=raw,
            headers=sent,
        )
        expand = str((query or {}).get("expand", ""))
        check(row, reply, expand=expand, strictly=self.strictly)
        assert reply.headers["Request-Id"] not in self._request_ids
        self._request_ids.add(reply.headers["Request-Id"])
        return reply

    def ok(self, operation: str, body: Any = None, **options: Any) -> Any:
        """Call an operation that succeeds and return its document."""
        reply = self.do(operation, body, **options)
        assert reply.status == OPERATIONS[operation].status, reply.body
        return reply.json if reply.body else None

    def admin(
        self, method: str, path: str, body: Any = None, **options: Any
    ) -> Response:
        """Call the control plane and check the form of its errors."""
        reply = self.send(method, ADMIN + path, body, **options)
        if reply.status >= 400:
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert reply.json["status"] == reply.status
            assert reply.json["title"]
            assert reply.detail
        return reply

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the control plane successfully and return the document."""
        reply = self.admin(method, path, body)
        assert reply.status in (200, 204), reply.body
        return reply.json if reply.body else None

    def held(self) -> list[dict[str, Any]]:
        """Return everything the account holds but its journal and its age."""
        documents: list[dict[str, Any]] = self.control("GET", "/snapshots")["documents"]
        kept = [row for row in documents if row["kind"] != "request"]
        for row in kept:
            if row["kind"] == "account":
                del row["body"]["createdAt"]  # until the first call, reads begin anew
        return kept

    def events(self) -> list[tuple[str, str]]:
        """Return (type, object id) of every event, oldest first."""
        return [
            (event["type"], event["objectId"])
            for event in self.control("GET", "/events")
        ]

    def explained(self, reply: Response) -> dict[str, Any]:
        """Return the journal's entry of an answer."""
        entry: dict[str, Any] = self.control(
            "GET", f"/requests/{reply.headers['Request-Id']}"
        )
        return entry

    def freeze(self, at: int | None = None) -> int:
        """Freeze the clock, now or at a time, and return it."""
        body = {"freeze": True} if at is None else {"freeze": True, "at": at}
        return int(self.control("POST", "/clock", body)["now"])

    def advance(self, **duration: float) -> int:
        """Advance the clock and return what it shows."""
        return int(self.control("POST", "/clock", {"advance": duration})["now"])

    def order(self, **changes: Any) -> Any:
        """Create an order and return it."""
        return self.ok("create_order", payload(**changes))

    def manual(self, **changes: Any) -> Any:
        """Create an order with manual capture and return it."""
        return self.order(captureMethod="manual", **changes)

    def session(self, **changes: Any) -> Any:
        """Create a checkout session for an order and return it."""
        urls = {
            "successUrl": "https://mystore.jp/paid",
            "cancelUrl": "https://mystore.jp/cart",
        }
        return self.ok(
            "create_checkout_session", payload(token=None, **{**urls, **changes})
        )

    def token_session(self, **changes: Any) -> Any:
        """Create a checkout session for a token and return it."""
        body = {
            "mode": "token",
            "customerInfo": {},
            "successUrl": "https://mystore.jp/paid",
            "cancelUrl": "https://mystore.jp/cart",
            **changes,
        }
        return self.ok("create_checkout_session", body)

    def coupon(self, **changes: Any) -> Any:
        """Create a coupon for 300 yen and return it; ``None`` leaves a member out."""
        body = {
            "name": "spring",
            "discountType": "amount",
            "discountAmount": 300,
            "currency": "JPY",
            **changes,
        }
        return self.ok("create_coupon", body)

    def promotion_code(self, **changes: Any) -> Any:
        """Create the promotion code SPRING and return it; over a new coupon if none."""
        coupon = changes.get("coupon") or self.coupon()["id"]
        body = {"code": "SPRING", **changes, "coupon": coupon}
        return self.ok("create_promotion_code", body)

    def endpoint(self, url: str = "http://127.0.0.1:9/hook", *types: str) -> Any:
        """Create a webhook endpoint and return it; without types it gets all."""
        body = {"url": url, "eventSubscriptions": list(types) or None}
        return self.ok("create_webhook_endpoint", body)

    def bearer(self, address: str = CONSUMER) -> dict[str, str]:
        """Log a consumer in, once, and return the header that says so."""
        if address not in self._bearers:
            body = {"emailAddress": address, "password": "password"}
            token = self.ok("consumer_login", body)["accessToken"]
            self._bearers[address] = token
        return {"Authorization": f"Bearer {self._bearers[address]}"}

    def authorize(
        self, order: str, *, consumer: str = CONSUMER, **changes: Any
    ) -> Response:
        """Authorize an order as a consumer."""
        body = {"paymentMethod": "pm_test_visaApproved", **changes}
        return self.do("authorize_order", body, id=order, headers=self.bearer(consumer))

    def approve(self, token: str, *, consumer: str = CONSUMER) -> Response:
        """Approve a token as a consumer."""
        return self.do("approve_token", id=token, headers=self.bearer(consumer))

    def active_token(self) -> str:
        """Make a token, approve it and return its id."""
        token = str(self.token_session()["token"]["id"])
        assert self.approve(token).json["status"] == "active"
        return token

    def capture(self, order: str, amount: int, **changes: Any) -> Response:
        """Capture an order; what is left stays capturable unless said otherwise."""
        body = {
            "order": order,
            "amount": amount,
            "currency": "JPY",
            "cancelRemainder": "manual",
            **changes,
        }
        return self.do("create_payment", body)

    def refund(
        self, payment: str, amount: int | None = None, **changes: Any
    ) -> Response:
        """Refund a payment, all of it if no amount is said."""
        body = {
            "payment": payment,
            "currency": "JPY",
            "reason": "requested_by_customer",
            **changes,
        }
        if amount is not None:
            body["amount"] = amount
        return self.do("create_refund", body)
