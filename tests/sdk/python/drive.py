"""Calls every method of smartpay 0.6.0 on a running emulator; prints what came back.

Runs in the virtual environment of the SDK, so it imports nothing of the emulator.
``../test_python_sdk.py`` checks it.

Environment: ``SECRET_KEY``; ``API_PREFIX_OPTION``, handed to the constructor unless
empty, or else the SDK's own ``SMARTPAY_API_PREFIX``; ``API_BASE``, ``TEST_USERNAME``
and ``TEST_PASSWORD`` as in the SDK's live suite.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
import smartpay  # type: ignore[import-not-found]  # only in the SDK's environment

CONSUMER = f"https://{os.environ['API_BASE']}"
TIMEOUT_S = 10

ADDRESS = {
    "line1": "line1",
    "locality": "locality",
    "postalCode": "123",
    "country": "JP",
}
PAYLOAD = {
    "currency": "JPY",
    "items": [{"name": "商品", "amount": 350, "currency": "JPY", "quantity": 1}],
    "customerInfo": {
        "accountAge": 20,
        "email": "merchant-support@example.com",
        "firstName": "太郎",
        "lastName": "田中",
        "address": ADDRESS,
        "dateOfBirth": "1985-06-30",
        "gender": "male",
        "phone": "+818000000000",
    },
    "shippingInfo": {"address": ADDRESS, "feeAmount": 100, "feeCurrency": "JPY"},
    "captureMethod": "manual",
    "reference": "order_ref_1234567",
    "successUrl": "https://example.com/ok",
    "cancelUrl": "https://example.com/no",
    "promotionCode": "ZOO",
}


class Watched:
    """A client that notes which methods are taken from it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.called.add(name)
        return getattr(self._client, name)


def authorize(order: str) -> None:
    """Authorize an order as the consumer, over HTTPS as the live suite does."""
    login = requests.post(
        f"{CONSUMER}/consumers/auth/login",
        json={
            "emailAddress": os.environ["TEST_USERNAME"],
            "password": os.environ["TEST_PASSWORD"],
        },
        timeout=TIMEOUT_S,
    )
    login.raise_for_status()
    requests.post(
        f"{CONSUMER}/orders/{order}/authorizations",
        json={"paymentMethod": "pm_test_visaApproved", "paymentPlan": "pay_in_three"},
        headers={"Authorization": f"Bearer {login.json()['accessToken']}"},
        timeout=TIMEOUT_S,
    ).raise_for_status()


def refusal(call: Callable[[], object]) -> str:
    """Return the text of what the SDK raises: status and raw body."""
    try:
        call()
    except Exception as error:
        return str(error)
    return ""


def lifecycle(sdk: Any) -> dict[str, Any]:
    """Take one order through capture and refund, and cancel another one."""
    session = sdk.create_checkout_session(PAYLOAD)
    other = sdk.create_checkout_session({**PAYLOAD, "promotionCode": None})
    order = session["order"]["id"]
    for made in (session, other):
        authorize(made["order"]["id"])
    part = {"order": order, "currency": "JPY", "cancel_remainder": "manual"}
    payment = sdk.create_payment(amount=150, **part)
    capture = sdk.capture(amount=151, reference="second", metadata={"a": "b"}, **part)
    back = {"payment": payment["id"], "currency": "JPY"}
    reason = smartpay.Smartpay.REJECT_REQUEST_BY_CUSTOMER
    refund = sdk.refund(amount=1, reason=reason, **back)
    first_page = sdk.get_orders(max_results=1)
    return {
        "create_checkout_session": session,
        "get_session_url": sdk.get_session_url(other, {"promotionCode": "A B"}),
        "create_payment": payment,
        "capture": capture,
        "get_payment": sdk.get_payment(payment["id"]),
        "refund": refund,
        "create_refund": sdk.create_refund(amount=2, reason=reason, **back),
        "get_refund": sdk.get_refund(refund["id"]),
        "get_orders": first_page,
        "get_orders_next": sdk.get_orders(page_token=first_page["nextPageToken"]),
        "get_orders_expanded": sdk.get_orders(expand="all"),
        "get_order": sdk.get_order(order),
        "get_order_expanded": sdk.get_order(order, expand="all"),
        "cancel_order": sdk.cancel_order(other["order"]["id"]),
        "request": sdk.request("/tokens", params={"maxResults": 1}),
    }


def refusals(sdk: Any, done: dict[str, Any]) -> dict[str, Any]:
    """Ask for what cannot be."""
    order, payment = done["get_order"]["id"], done["create_payment"]["id"]
    money = {"amount": 10_000, "currency": "JPY"}
    return {
        "unknown order": refusal(lambda: sdk.get_order("order_test_unknown")),
        "too much captured": refusal(lambda: sdk.capture(order=order, **money)),
        "too much refunded": refusal(
            lambda: sdk.refund(payment=payment, reason="fraudulent", **money)
        ),
        "ended order": [
            sdk.cancel_order(order)["status"],
            refusal(lambda: sdk.cancel_order(order)),
        ],
        "ended capture": refusal(lambda: sdk.capture(order=order, **money)),
    }


def main() -> None:
    """Print where the SDK calls; with ``drive``, also all that came back."""
    prefix = os.environ.get("API_PREFIX_OPTION") or None
    client = smartpay.Smartpay(os.environ["SECRET_KEY"], api_prefix=prefix)
    document: dict[str, Any] = {"api_prefix": client._api_prefix}
    if sys.argv[1:] == ["drive"]:
        if urlsplit(client._api_prefix).hostname != "127.0.0.1":
            sys.exit(f"{client._api_prefix} is not this machine; nothing was called.")
        sdk = Watched(client)
        sdk.set_public_key("pk_test_public")
        sdk.normalize_checkout_session_payload(PAYLOAD)
        results = lifecycle(sdk)
        document |= {
            "results": results,
            "refusals": refusals(sdk, results),
            "called": sorted(sdk.called),
            "methods": sorted(
                name
                for name, _ in inspect.getmembers(client, inspect.ismethod)
                if not name.startswith("_")
            ),
        }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
