"""The limits the reference prints, as one table of shapes; nothing beyond them."""

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
        low: Least length, count or number.
        high: Greatest length, count or number.
        choices: Allowed values, spelled exactly so.
        shape: Name of the shape of an object or of the entries of a list.
        pattern: What a text must look like.
    """

    kind: str
    required: bool = False
    low: int = 0
    high: int | None = None
    choices: tuple[str, ...] = ()
    shape: str | None = None
    pattern: str | None = None


TYPES: dict[str, Any] = {
    "text": (str,),
    "choice": (str,),
    "whole": (int, float),
    "flag": (bool,),
    "object": (dict,),
    "list": (list,),
}
# Constants shipped with this spelling in three SDKs.
MISSPELT = {"autommatic": "automatic"}

TEXT = Rule("text", high=255)
NEEDED_TEXT = Rule("text", required=True, high=255)
AMOUNT = Rule("whole", required=True)
COUNT = Rule("whole")
FLAG = Rule("flag")
CURRENCY = Rule("choice", required=True, choices=("JPY", "jpy"))
OPTIONAL_CURRENCY = Rule("choice", choices=("JPY", "jpy"))
METADATA = Rule("object", high=20)
WAY = Rule("choice", choices=("automatic", "manual"))
REFERENCE_1_40 = Rule("text", low=1, high=40)
DESCRIPTION_1_80 = Rule("text", low=1, high=80)
CUSTOMER = Rule("object", required=True, shape="customer")
SHIPPING = Rule("object", required=True, shape="shipping")
NOTES = {
    "description": DESCRIPTION_1_80,
    "reference": REFERENCE_1_40,
    "metadata": METADATA,
}
SESSION = {
    "customerInfo": CUSTOMER,
    "successUrl": NEEDED_TEXT,
    "cancelUrl": NEEDED_TEXT,
    "locale": Rule("choice", choices=("en", "ja")),
    "metadata": METADATA,
    "reference": REFERENCE_1_40,
}

SHAPES: dict[str, dict[str, Rule]] = {
    "address": {
        "line1": NEEDED_TEXT,
        "locality": Rule("text", required=True, high=80),
        "postalCode": NEEDED_TEXT,
        "country": Rule("choice", required=True, choices=("JP", "jp")),
        **dict.fromkeys(
            ("line2", "line3", "line4", "line5", "subLocality", "administrativeArea"),
            TEXT,
        ),
    },
    "shipping": {
        "address": Rule("object", required=True, shape="address"),
        "addressType": Rule(
            "choice", choices=("home", "gift", "locker", "office", "store")
        ),
        "carrierName": TEXT,
        "reference": TEXT,
        "feeAmount": COUNT,
        "feeCurrency": OPTIONAL_CURRENCY,
    },
    "customer": {
        "accountAge": COUNT,
        "address": Rule("object", shape="address"),
        "dateOfBirth": Rule("text", pattern=r"\d{4}-\d\d-\d\d"),
        "legalGender": Rule("choice", choices=("male", "female")),
        **dict.fromkeys(("firstName", "lastName", "emailAddress", "reference"), TEXT),
        **dict.fromkeys(("firstNameKana", "lastNameKana", "phoneNumber"), TEXT),
    },
    "item": {
        "name": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "kind": Rule("choice", choices=("product", "tax", "discount")),
        "quantity": COUNT,
        "images": Rule("list", high=8),
        "categories": Rule("list"),
        "metadata": METADATA,
        "priceMetadata": METADATA,
        "productMetadata": METADATA,
        **dict.fromkeys(("brand", "gtin", "label", "reference", "url"), TEXT),
        **dict.fromkeys(
            ("description", "priceDescription", "productDescription"), TEXT
        ),
    },
    "order": {
        "token": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "customerInfo": CUSTOMER,
        "shippingInfo": SHIPPING,
        "items": Rule("list", required=True, shape="item"),
        "captureMethod": WAY,
        "metadata": METADATA,
        "reference": Rule("text", high=40),
    },
    "order-session": {
        **SESSION,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "shippingInfo": SHIPPING,
        "items": Rule("list", required=True, low=1, high=50, shape="item"),
        "captureMethod": WAY,
        "description": DESCRIPTION_1_80,
    },
    "token-session": SESSION,
    "notes": NOTES,
    "payment": {
        **NOTES,
        "order": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "cancelRemainder": WAY,
        "lineItems": Rule("list"),
    },
    "refund": {
        **NOTES,
        "payment": NEEDED_TEXT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "reason": Rule(
            "choice", required=True, choices=("requested_by_customer", "fraudulent")
        ),
        "lineItems": Rule("list"),
    },
    "coupon": {
        "name": Rule("text", required=True, low=1, high=80),
        "discountType": Rule("choice", required=True, choices=("amount", "percentage")),
        "discountAmount": COUNT,
        "discountPercentage": Rule("whole", high=100),
        "currency": OPTIONAL_CURRENCY,
        "expiresAt": COUNT,
        "maxRedemptionCount": COUNT,
        "metadata": METADATA,
    },
    "coupon-change": {
        "name": Rule("text", low=1, high=80),
        "active": FLAG,
        "metadata": METADATA,
    },
    "promotion-code": {
        "code": Rule("text", required=True, low=1, high=80),
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
        "url": Rule("text", required=True, low=1, high=255),
        "description": Rule("text", low=1, high=255),
        "eventSubscriptions": Rule("list"),
        "metadata": METADATA,
    },
    "webhook-change": {
        "url": Rule("text", low=1, high=255),
        "active": FLAG,
        "description": Rule("text", low=1, high=255),
        "eventSubscriptions": Rule("list"),
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
    is_stray_bool = isinstance(value, bool) and rule.kind != "flag"
    if is_stray_bool or not isinstance(value, TYPES[rule.kind]):
        raise invalid(path, f"a {rule.kind} is wanted")
    if rule.kind == "choice":
        return _choice(rule, value, path)
    if rule.kind == "whole":
        value = _whole(value, path)
    size = value if rule.kind in {"whole", "flag"} else len(value)
    if size < rule.low or (rule.high is not None and size > rule.high):
        raise invalid(path, f"outside {rule.low} to {rule.high}")
    if rule.pattern and not re.fullmatch(rule.pattern, value):
        raise invalid(path, f"does not look like {rule.pattern}")
    return _inner(rule, value, path) if rule.shape else value


def _choice(rule: Rule, value: str, path: str) -> str:
    value = MISSPELT.get(value, value)
    if value not in rule.choices:
        raise invalid(path, f"none of {', '.join(rule.choices)}")
    return value


def _whole(value: float, path: str) -> int:
    if value % 1:  # also true of infinity, whose remainder is not a number
        raise invalid(path, "it has a fraction")
    return int(value)


def _inner(rule: Rule, value: Any, path: str) -> Any:
    shape = rule.shape or ""
    if rule.kind == "object":
        return checked(shape, value, path)
    for place, entry in enumerate(value):
        if not isinstance(entry, dict):
            raise invalid(f"{path}/{place}", "an object is wanted")
    return [checked(shape, entry, f"{path}/{i}") for i, entry in enumerate(value)]
