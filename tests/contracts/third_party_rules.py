"""The published rules for bodies, as the third-party server checks them."""

from __future__ import annotations

import re
from typing import Any

Doc = dict[str, Any]

# Mandatory members, types and a few values.
MANDATORY = {
    "order": "token amount currency customerInfo shippingInfo items",
    "order-session": "amount currency customerInfo shippingInfo items",
    "customerInfo": "",
    "shippingInfo": "address",
    "address": "line1 locality postalCode country",
    "items": "name amount currency",
    "payment": "order amount currency",
    "refund": "payment amount currency reason",
    "coupon": "name discountType",
    "promotion-code": "code coupon",
    "webhook-endpoint": "url",
}
WHOLE_NUMBERS = {
    *("amount", "discountAmount", "minimumAmount", "feeAmount", "quantity"),
    *("accountAge", "expiresAt", "maxRedemptionCount", "discountPercentage"),
}
TYPES: dict[str, type] = {
    **dict.fromkeys(("customerInfo", "shippingInfo", "address", "metadata"), dict),
    **dict.fromkeys(("items", "lineItems", "eventSubscriptions"), list),
    **dict.fromkeys(("active", "firstTimeTransaction", "onePerCustomer"), bool),
    **dict.fromkeys(("name", "code", "url", "token", "reference", "description"), str),
}
CHOICES = {
    "currency": {"JPY", "jpy"},
    "country": {"JP", "jp"},
    "captureMethod": {"automatic", "manual"},
    "cancelRemainder": {"automatic", "manual"},
    "reason": {"requested_by_customer", "fraudulent"},
    "discountType": {"amount", "percentage"},
}
PATCHED = {
    "payment": {"description", "reference", "metadata"},
    "refund": {"description", "reference", "metadata"},
    "coupon": {"name", "active", "metadata"},
    "promotionCode": {"active", "metadata"},
    "webhookEndpoint": {
        "url",
        "active",
        "description",
        "eventSubscriptions",
        "metadata",
    },
}


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a fault
    """The API refuses the call with a status and an error code."""

    def __init__(self, status: int, code: str = "", message: str = "Refused.") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def without_nulls(value: Any) -> Any:
    """Return a copy without null members, at every depth."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


def invalid(member: str) -> Refusal:
    """Return the refusal of one wrong member."""
    return Refusal(400, "request.invalid", f"Please check {member}.")


def checked(shape: str, body: Doc) -> Doc:
    """Return a body with whole numbers as integers, if it keeps the rules.

    Raises:
        Refusal: A member breaks a rule.
    """
    for name in MANDATORY[shape].split():
        if name not in body:
            raise invalid(name)
    return {name: value_of(shape, name, value) for name, value in body.items()}


def value_of(shape: str, name: str, value: Any) -> Any:
    """Return the value of a member, a whole number as an integer.

    Raises:
        Refusal: It breaks a rule.
    """
    if name in WHOLE_NUMBERS:
        return _whole_number(name, value)
    if name in TYPES and not isinstance(value, TYPES[name]):
        raise invalid(name)
    if shape != "items" and name in CHOICES and value not in CHOICES[name]:
        raise invalid(name)
    if name == "dateOfBirth" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise invalid(name)
    if name == "items":
        return [checked("items", entry) for entry in value]
    return checked(name, value) if name in MANDATORY and name in TYPES else value


def _whole_number(name: str, value: Any) -> int:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # The remainder of infinity is not a number, which counts as true.
    if not is_number or value % 1 or value < 0:
        raise invalid(name)
    return int(value)
