"""Bodies of calls: plain, balanced, every value different, so that echoes can be told.

Times are milliseconds since the epoch, amounts yen.
"""

from __future__ import annotations

from typing import Any

URLS = {
    "successUrl": "https://example.com/success",
    "cancelUrl": "https://example.com/cancel",
}
FAR_FUTURE_MS = 4_102_444_800_000
"""The first moment of 2100."""

AMOUNT = 1_500
"""1200 for the goods, 250 tax, 50 off, 100 for shipping."""

ADDRESS = {
    "line1": "虎ノ門1-17-1",
    "line2": "虎ノ門ヒルズビジネスタワー 15階",
    "locality": "港区",
    "administrativeArea": "東京都",
    "postalCode": "105-6415",
    "country": "JP",
}


def product(**changes: Any) -> dict[str, Any]:
    """Return an item that is a product, with every member it may have."""
    return {
        "name": "セーター",
        "amount": 600,
        "currency": "JPY",
        "kind": "product",
        "quantity": 2,
        "brand": "FARVALUE",
        "categories": ["knit", "winter"],
        "description": "ニット セーター",
        "gtin": "682141169930",
        "images": ["https://example.jp/images/front.png"],
        "label": "M",
        "metadata": {"shelf": "7"},
        "priceDescription": "spring price",
        "priceMetadata": {"season": "spring"},
        "productDescription": "a warm one",
        "productMetadata": {"wool": "merino"},
        "reference": "sku-4711",
        "url": "https://example.jp/sweater",
        **changes,
    }


def tax(amount: int = 250, **changes: Any) -> dict[str, Any]:
    """Return an item that is a tax, in yen."""
    plain = {"name": "消費税", "amount": amount, "currency": "JPY", "kind": "tax"}
    return {**plain, **changes}


def discount(amount: int = 50, **changes: Any) -> dict[str, Any]:
    """Return an item that is a discount, in yen; the amount is positive."""
    plain = {"name": "割引", "amount": amount, "currency": "JPY", "kind": "discount"}
    return {**plain, **changes}


def basket(**changes: Any) -> dict[str, Any]:
    """Return what orders and order sessions have in common."""
    return {
        "amount": AMOUNT,
        "currency": "JPY",
        "customerInfo": {
            "accountAge": 30,
            "address": dict(ADDRESS),
            "dateOfBirth": "1985-06-30",
            "emailAddress": "taro@example.jp",
            "firstName": "太郎",
            "firstNameKana": "タロウ",
            "lastName": "田中",
            "lastNameKana": "タナカ",
            "legalGender": "male",
            "phoneNumber": "+818000000000",
            "reference": "customer-1",
        },
        "items": [product(), tax(), discount()],
        "shippingInfo": {
            "address": dict(ADDRESS),
            "addressType": "home",
            "carrierName": "yamato",
            "reference": "1234-5678-9123",
            "feeAmount": 100,
            "feeCurrency": "JPY",
        },
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
    return {
        "name": "kit coupon",
        "discountType": "amount",
        "discountAmount": 100,
        "currency": "JPY",
        **changes,
    }


def percentage_coupon(**changes: Any) -> dict[str, Any]:
    """Return the body of POST /coupons, for a percentage."""
    plain = {"name": "kit coupon", "discountType": "percentage"}
    return {**plain, "discountPercentage": 15, **changes}


def promotion_code(coupon_id: str, code: str, **changes: Any) -> dict[str, Any]:
    """Return the body of POST /promotion-codes."""
    return {"coupon": coupon_id, "code": code, **changes}


def endpoint(url: str = "https://example.com/hook", **changes: Any) -> dict[str, Any]:
    """Return the body of POST /webhook-endpoints."""
    return {"url": url, **changes}


def without(body: dict[str, Any], path: str) -> dict[str, Any]:
    """Return a copy of ``body`` without the member at ``path``, as ``items.0.name``."""
    copy: dict[str, Any] = _copied(body)
    *way, last = path.split(".")
    holder: Any = copy
    for step in way:
        holder = holder[int(step) if step.isdigit() else step]
    del holder[last]
    return copy


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of ``body`` with ``value`` at ``path``, as ``items.0.name``."""
    copy: dict[str, Any] = _copied(body)
    *way, last = path.split(".")
    holder: Any = copy
    for step in way:
        holder = holder[int(step) if step.isdigit() else step]
    holder[int(last) if last.isdigit() else last] = value
    return copy


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_copied(entry) for entry in value]
    return value
