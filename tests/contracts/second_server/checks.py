"""The published rules for bodies, as one table of shapes.

Which members are mandatory, a few values, and types. Lengths, counts and the like are
let pass: that they are limited is published, that the server minds is not.
"""

import re
from dataclasses import dataclass
from typing import Any

from .state import Doc, Refusal


@dataclass(frozen=True, slots=True)
class Rule:
    """What one member may be.

    Args:
        kind: ``text``, ``whole``, ``flag``, ``object``, ``list`` or ``choice``.
        required: Whether the member must be there.
        choices: Allowed values, spelled exactly so.
        shape: Name of the shape of an object or of the entries of a list.
        pattern: What a text must look like.
    """

    kind: str
    required: bool = False
    choices: tuple[str, ...] = ()
    shape: str | None = None
    pattern: str | None = None


TYPES: dict[str, Any] = {
    "text": str,
    "choice": str,
    "whole": (int, float),
    "flag": bool,
    "object": dict,
    "list": list,
}

TEXT, NEEDED_TEXT = Rule("text"), Rule("text", required=True)
COUNT, AMOUNT = Rule("whole"), Rule("whole", required=True)
FLAG, LIST, METADATA = Rule("flag"), Rule("list"), Rule("object")
CURRENCY = Rule("choice", required=True, choices=("JPY", "jpy"))
OPTIONAL_CURRENCY = Rule("choice", choices=("JPY", "jpy"))
WAY = Rule("choice", choices=("automatic", "manual"))
CUSTOMER = Rule("object", required=True, shape="customer")
SHIPPING = Rule("object", required=True, shape="shipping")
ITEMS = Rule("list", required=True, shape="item")
NOTES = {"description": TEXT, "reference": TEXT, "metadata": METADATA}
SESSION = {
    "customerInfo": CUSTOMER,
    "successUrl": NEEDED_TEXT,
    "cancelUrl": NEEDED_TEXT,
    "locale": TEXT,
    "metadata": METADATA,
    "reference": TEXT,
}

SHAPES: dict[str, dict[str, Rule]] = {
    "address": {
        "line1": NEEDED_TEXT,
        "locality": NEEDED_TEXT,
        "postalCode": NEEDED_TEXT,
        "country": Rule("choice", required=True, choices=("JP", "jp")),
    },
    "shipping": {
        "address": Rule("object", required=True, shape="address"),
        "feeAmount": COUNT,
        "feeCurrency": TEXT,
    },
    "customer": {
        "accountAge": COUNT,
        "address": Rule("object", shape="address"),
        "dateOfBirth": Rule("text", pattern=r"\d{4}-\d\d-\d\d"),
    },
    "item": {
        "name": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": NEEDED_TEXT,
        "quantity": COUNT,
        "metadata": METADATA,
        "priceMetadata": METADATA,
        "productMetadata": METADATA,
    },
    "order": {
        "token": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "customerInfo": CUSTOMER,
        "shippingInfo": SHIPPING,
        "items": ITEMS,
        "captureMethod": WAY,
        "metadata": METADATA,
        "reference": TEXT,
    },
    "order-session": {
        **SESSION,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "shippingInfo": SHIPPING,
        "items": ITEMS,
        "captureMethod": TEXT,
        "description": TEXT,
    },
    "token-session": SESSION,
    "notes": NOTES,
    "payment": {
        **NOTES,
        "order": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "cancelRemainder": WAY,
        "lineItems": LIST,
    },
    "refund": {
        **NOTES,
        "payment": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "reason": Rule(
            "choice", required=True, choices=("requested_by_customer", "fraudulent")
        ),
        "lineItems": LIST,
    },
    "coupon": {
        "name": NEEDED_TEXT,
        "discountType": Rule("choice", required=True, choices=("amount", "percentage")),
        "discountAmount": COUNT,
        "discountPercentage": COUNT,
        "currency": OPTIONAL_CURRENCY,
        "expiresAt": COUNT,
        "maxRedemptionCount": COUNT,
        "metadata": METADATA,
    },
    "coupon-change": {"name": TEXT, "active": FLAG, "metadata": METADATA},
    "promotion-code": {
        "code": NEEDED_TEXT,
        "coupon": NEEDED_TEXT,
        "active": FLAG,
        "currency": OPTIONAL_CURRENCY,
        "expiresAt": COUNT,
        "firstTimeTransaction": FLAG,
        "onePerCustomer": FLAG,
        "maxRedemptionCount": COUNT,
        "minimumAmount": COUNT,
        "metadata": METADATA,
    },
    "promotion-code-change": {"active": FLAG, "metadata": METADATA},
    "webhook": {
        "url": NEEDED_TEXT,
        "description": TEXT,
        "eventSubscriptions": LIST,
        "metadata": METADATA,
    },
    "webhook-change": {
        "url": TEXT,
        "active": FLAG,
        "description": TEXT,
        "eventSubscriptions": LIST,
        "metadata": METADATA,
    },
}


def invalid(path: str, issue: str) -> Refusal:
    """The refusal of one wrong member."""
    problem = {"where": path, "why": issue}
    return Refusal(400, "request.invalid", f"Please check {path}: {issue}", problem)


def without_nulls(value: Any) -> Any:
    """A copy in which ``null`` members are absent, at every depth."""
    if isinstance(value, dict):
        kept = {k: v for k, v in value.items() if v is not None}
        return {name: without_nulls(member) for name, member in kept.items()}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


def checked(shape: str, body: Doc, at: str = "") -> Doc:
    """A body that keeps to a shape; unknown members pass unseen.

    Raises:
        Refusal: ``request.invalid`` at the first member that breaks its rule.
    """
    good = dict(body)
    for name, rule in SHAPES[shape].items():
        path = f"{at}/{name}"
        if name in good:
            good[name] = _value(rule, good[name], path)
        elif rule.required:
            raise invalid(path, "it is missing")
    return good


def known(shape: str, body: Doc) -> Doc:
    """A checked body without the members its shape does not name."""
    good = checked(shape, body)
    return {name: good[name] for name in SHAPES[shape] if name in good}


def _value(rule: Rule, value: Any, path: str) -> Any:
    if rule.kind == "whole":
        return _whole(value, path)
    if not isinstance(value, TYPES[rule.kind]):
        raise invalid(path, f"a {rule.kind} is wanted")
    if rule.choices and value not in rule.choices:
        raise invalid(path, f"none of {', '.join(rule.choices)}")
    if rule.pattern and not re.fullmatch(rule.pattern, value):
        raise invalid(path, f"does not look like {rule.pattern}")
    return _inner(rule, value, path) if rule.shape else value


def _whole(value: Any, path: str) -> int:
    """A number from zero without a fraction; digits in a text will do."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # The remainder of infinity is not a number, which is true.
    if not is_number or value % 1 or value < 0:
        raise invalid(path, "a whole number from 0 is wanted")
    return int(value)


def _inner(rule: Rule, value: Any, path: str) -> Any:
    shape = rule.shape or ""
    if rule.kind == "object":
        return checked(shape, value, path)
    for place, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise invalid(f"{path}/{place}", "an object is wanted")
    return [checked(shape, entry, f"{path}/{i}") for i, entry in enumerate(value)]
