"""Bodies of good calls, in which every value differs, so that no echo is mixed up.

Times are milliseconds since the epoch, amounts yen.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

URLS = {
    "successUrl": "https://example.com/success",
    "cancelUrl": "https://example.com/cancel",
}
FAR_FUTURE_MS = 4_102_444_800_000
"""The first moment of 2100."""

AMOUNT = 1_500
"""1200 for the goods, 250 tax, 50 off, 100 for shipping."""

_PARTS = json.loads(
    Path(__file__).with_name("payloads.json").read_text(encoding="utf-8")
)
ADDRESS: dict[str, str] = _PARTS["address"]


def _part(part: str, /, **changes: Any) -> dict[str, Any]:
    return {**deepcopy(_PARTS[part]), **changes}


def product(**changes: Any) -> dict[str, Any]:
    """Return an item that is a product, with every member it may have."""
    return _part("product", **changes)


def tax(amount: int = 250) -> dict[str, Any]:
    """Return an item that is a tax, in yen."""
    return _part("tax", amount=amount)


def discount(amount: int = 50) -> dict[str, Any]:
    """Return an item that is a discount, in yen; the amount is positive."""
    return _part("discount", amount=amount)


def basket(**changes: Any) -> dict[str, Any]:
    """Return what orders and order sessions have in common."""
    return {
        "amount": AMOUNT,
        "currency": "JPY",
        "customerInfo": _part("customer"),
        "items": [product(), tax(), discount()],
        "shippingInfo": _part("shipping"),
        **changes,
    }


def order(token: str, **changes: Any) -> dict[str, Any]:
    """Return the body of POST /orders."""
    return basket(token=token, **changes)


def order_session(**changes: Any) -> dict[str, Any]:
    """Return the body of POST /checkout-sessions for an order."""
    return basket(**{**URLS, **changes})


def token_session(**changes: Any) -> dict[str, Any]:
    """Return the body of POST /checkout-sessions for a token."""
    customer = {"firstName": "太郎", "lastName": "田中"}
    return {"mode": "token", "customerInfo": customer, **URLS, **changes}


def payment(order_id: str, amount: int, **changes: Any) -> dict[str, Any]:
    """Return the body of POST /payments."""
    return {"order": order_id, "amount": amount, "currency": "JPY", **changes}


def refund(payment_id: str, amount: int, **changes: Any) -> dict[str, Any]:
    """Return the body of POST /refunds."""
    return {
        "payment": payment_id,
        "amount": amount,
        "currency": "JPY",
        "reason": "requested_by_customer",
        **changes,
    }


def coupon(**changes: Any) -> dict[str, Any]:
    """Return the body of POST /coupons, for an amount."""
    return _part("coupon", **changes)


def percentage_coupon(**changes: Any) -> dict[str, Any]:
    """Return the body of POST /coupons, for a percentage."""
    return _part("percentage_coupon", **changes)


def promotion_code(coupon_id: str, code: str, **changes: Any) -> dict[str, Any]:
    """Return the body of POST /promotion-codes."""
    return {"coupon": coupon_id, "code": code, **changes}


def endpoint(url: str = "https://example.com/hook", **changes: Any) -> dict[str, Any]:
    """Return the body of POST /webhook-endpoints."""
    return {"url": url, **changes}


def without(body: dict[str, Any], path: str) -> dict[str, Any]:
    """Return a copy of ``body`` without the member at ``path``, as ``items.0.name``."""
    copy = deepcopy(body)
    holder, last = _holder(copy, path)
    del holder[last]
    return copy


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of ``body`` with ``value`` at ``path``, as ``items.0.name``."""
    copy = deepcopy(body)
    holder, last = _holder(copy, path)
    holder[last] = value
    return copy


def _holder(body: Any, path: str) -> tuple[Any, str | int]:
    """Return the object or list that holds the last step of a path, and that step."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        body = body[step]
    return body, last
