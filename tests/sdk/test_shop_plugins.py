"""The EC-CUBE and Magento plugins' requests: checkout, capture and refund.

Composed from the code of the plugins; no traffic was captured. EC-CUBE sends quantities
and charges as text of decimal columns, no ``captureMethod`` and no idempotency key, and
reads the session when the shopper comes back. Magento sends every amount as text with
four decimals, captures with an invoice and refunds with a credit memo.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from smartpay_fixtures import sandbox_values
from smartpay_mock.app import create_app
from smartpay_mock.intercept import intercept
from smartpay_mock.server import Sandbox

Call = Callable[..., Any]

KEY = {"Authorization": f"Basic {sandbox_values().secret_key}"}
RETURN = {
    "successUrl": "https://shop.example.jp/paid",
    "cancelUrl": "https://shop.example.jp/cart",
}
ADDRESS = {
    "line1": "",
    "line2": "",
    "locality": "",
    "subLocality": "",
    "administrativeArea": "東京都",
    "postalCode": "1500002",
    "country": "JP",
}
PERSON = {"emailAddress": "taro@example.jp", "firstName": "太郎", "lastName": "田中"}

EC_CUBE = {
    "amount": "2530.00",
    "currency": "JPY",
    "items": [
        {"name": "茶碗", "amount": "1100.00", "currency": "JPY", "quantity": "2"},
        {"name": "手数料", "amount": "330.00", "currency": "JPY", "quantity": "1"},
    ],
    "customerInfo": PERSON,
    "shippingInfo": {"address": ADDRESS, "feeAmount": "0", "feeCurrency": "JPY"},
    "reference": "1234567",
    **RETURN,
}
MAGENTO = {
    "amount": "1500.0000",
    "currency": "JPY",
    "items": [
        {"name": "Tea", "amount": "500.0000", "currency": "JPY", "quantity": "2.0000"}
    ],
    "customerInfo": PERSON,
    "shippingInfo": {
        "address": {**ADDRESS, "line1": "2-21-1", "locality": "渋谷区"},
        "feeAmount": "500.0000",
        "feeCurrency": "JPY",
    },
    "captureMethod": "manual",
    "reference": "000000017",
    **RETURN,
}


@contextmanager
def over_a_socket() -> Iterator[Call]:
    """Call a server of its own."""
    with (
        Sandbox() as sandbox,
        closing(HTTPConnection(sandbox.root_url.partition("://")[2])) as connection,
    ):

        def call(
            method: str, path: str, body: Any = None, headers: Mapping[str, str] = KEY
        ) -> Any:
            sent = None if body is None else json.dumps(body)
            json_headers = {**headers, "Content-Type": "application/json"}
            connection.request(method, path, sent, json_headers)
            answer = connection.getresponse()
            document = json.loads(answer.read())
            assert answer.status == 200, document
            return document

        yield call


@contextmanager
def by_interception() -> Iterator[Call]:
    """Call the real host names, which the emulator answers in the process."""
    with intercept(create_app()):

        def call(
            method: str, path: str, body: Any = None, headers: Mapping[str, str] = KEY
        ) -> Any:
            url = f"https://api.smartpay.co{path}"
            answer = requests.request(method, url, json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield call


@pytest.fixture(params=[over_a_socket, by_interception])
def call(request: pytest.FixtureRequest) -> Iterator[Call]:
    """Return a function that calls a fresh emulator and expects 200."""
    with request.param() as ask:
        yield ask


def authorize(call: Call, order: str) -> None:
    """Authorize an order as its consumer does on the checkout page."""
    login = {"emailAddress": "consumer+test@example.com", "password": "password"}
    token = call("POST", "/consumers/auth/login", login, {})["accessToken"]
    bearer = {"Authorization": f"Bearer {token}"}
    body = {"paymentMethod": "pm_test_visaApproved", "paymentPlan": "pay_in_three"}
    call("POST", f"/orders/{order}/authorizations", body, bearer)


def refund(call: Call, payment: str, amount: str) -> Any:
    """Refund a part of a payment."""
    reason = "requested_by_customer"
    body = {"payment": payment, "amount": amount, "currency": "JPY", "reason": reason}
    return call("POST", "/v1/refunds", body)


def test_ec_cube_checks_out_is_charged_and_refunded(call: Call) -> None:
    """The order is captured at checkout; the plugin finds it in the session."""
    session = call("POST", "/v1/checkout-sessions", EC_CUBE)
    authorize(call, session["order"]["id"])

    seen = call("GET", f"/v1/checkout-sessions/{session['id']}?expand=all")["order"]
    refunded = refund(call, seen["payments"][0]["id"], "330.00")

    assert (seen["status"], seen["amount"]) == ("succeeded", 2530)
    assert [item["quantity"] for item in seen["lineItems"]] == [2, 1]
    assert [item["amount"] for item in seen["lineItems"]] == [1100, 330]
    assert seen["payments"][0]["amount"] == 2530
    assert (refunded["status"], refunded["amount"]) == ("succeeded", 330)


def test_magento_checks_out_captures_and_refunds(call: Call) -> None:
    """Two invoices and a credit memo, each with decimals."""
    order = call("POST", "/v1/checkout-sessions", MAGENTO)["order"]["id"]
    authorize(call, order)

    payments = [
        call(
            "POST",
            "/v1/payments",
            {
                "order": order,
                "amount": amount,
                "currency": "JPY",
                "cancelRemainder": "manual",
            },
        )
        for amount in ("1000.0000", "500.0000")
    ]
    refunded = refund(call, payments[0]["id"], "250.0000")

    assert [payment["amount"] for payment in payments] == [1000, 500]
    assert call("GET", f"/v1/orders/{order}")["status"] == "succeeded"
    assert (refunded["status"], refunded["amount"]) == ("succeeded", 250)
