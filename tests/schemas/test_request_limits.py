"""Every limit of a request: accepted at the limit, refused one beyond."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import pytest

import smartpay_schemas as s

UINT32 = 4294967295
UINT16 = 65535
MOMENT = 9007199254740991
EVENTS = s.schema("common/event-type")["enum"]
ITEM = {"name": "sweater", "amount": 1000, "currency": "JPY"}


class Limit(NamedTuple):
    """A member of a request, its last good value and its first bad one."""

    request: str
    path: tuple[str | int, ...]
    good: Any
    bad: Any
    example: int = 0


def text(most: int) -> tuple[str, str]:
    """Return a string at a limit and one beyond it; a character is a character."""
    return "本" * most, "本" * (most + 1)


def metadata(pairs: int) -> dict[str, str]:
    """Return metadata of so many pairs."""
    return {f"key{number}": "value" for number in range(pairs)}


def amounts(request: str, *path: str | int, least: int) -> list[Limit]:
    """Return the two limits of an amount."""
    return [
        Limit(request, path, least, least - 1),
        Limit(request, path, UINT32, UINT32 + 1),
    ]


def texts(request: str, most: int, *paths: tuple[str | int, ...]) -> list[Limit]:
    """Return the upper limit of strings."""
    return [Limit(request, path, *text(most)) for path in paths]


ORDER = "requests/order-create"
SESSION = "requests/checkout-session-create"
PAYMENT = "requests/payment-create"
REFUND = "requests/refund-create"
COUPON = "requests/coupon-create"
CODE = "requests/promotion-code-create"
HOOK = "requests/webhook-endpoint-create"

LONG = [
    "brand",
    "description",
    "gtin",
    "label",
    "name",
    "priceDescription",
    "productDescription",
    "reference",
]
PERSON = [
    "emailAddress",
    "firstName",
    "firstNameKana",
    "lastName",
    "lastNameKana",
    "phoneNumber",
    "reference",
]
ADDRESS = [
    "line1",
    "line2",
    "line3",
    "line4",
    "line5",
    "subLocality",
    "administrativeArea",
    "postalCode",
]

LIMITS = [
    *amounts(ORDER, "amount", least=1),
    *amounts(ORDER, "items", 0, "amount", least=0),
    *amounts(ORDER, "shippingInfo", "feeAmount", least=0),
    *amounts(ORDER, "customerInfo", "accountAge", least=0),
    *amounts(SESSION, "amount", least=1),
    *amounts(PAYMENT, "amount", least=1),
    *amounts(REFUND, "amount", least=1),
    *amounts(COUPON, "discountAmount", least=0),
    *amounts(COUPON, "maxRedemptionCount", least=0),
    *amounts(CODE, "maxRedemptionCount", least=0),
    Limit(CODE, ("minimumAmount",), UINT32, UINT32 + 1, example=1),
    Limit(COUPON, ("discountPercentage",), 0, -1, example=1),
    Limit(COUPON, ("discountPercentage",), 100, 100.5, example=1),
    Limit(COUPON, ("expiresAt",), MOMENT, MOMENT + 1),
    Limit(CODE, ("expiresAt",), 0, -1),
    Limit(ORDER, ("items", 0, "quantity"), 0, -1),
    Limit(ORDER, ("items", 0, "quantity"), UINT16, UINT16 + 1),
    Limit(ORDER, ("items",), [ITEM], []),
    Limit(ORDER, ("items",), [ITEM] * 50, [ITEM] * 51),
    Limit(SESSION, ("items",), [ITEM] * 50, [ITEM] * 51),
    Limit(SESSION, ("items",), [ITEM], []),
    Limit(
        ORDER,
        ("items", 0, "images"),
        ["https://mystore.jp/"] * 8,
        ["https://mystore.jp/"] * 9,
    ),
    Limit(ORDER, ("metadata",), metadata(20), metadata(21)),
    Limit(ORDER, ("items", 0, "priceMetadata"), metadata(20), metadata(21)),
    Limit(ORDER, ("metadata", "key"), *text(255)),
    *texts(ORDER, 40, ("reference",)),
    *texts(SESSION, 40, ("reference",)),
    *texts(SESSION, 80, ("description",)),
    *texts(PAYMENT, 40, ("reference",)),
    *texts(PAYMENT, 80, ("description",)),
    *texts(REFUND, 40, ("reference",)),
    *texts(REFUND, 80, ("description",)),
    *texts("requests/payment-update", 40, ("reference",)),
    *texts("requests/payment-update", 80, ("description",)),
    *texts("requests/refund-update", 40, ("reference",)),
    *texts("requests/refund-update", 80, ("description",)),
    *texts(COUPON, 80, ("name",)),
    *texts("requests/coupon-update", 80, ("name",)),
    *texts(CODE, 80, ("code",)),
    *texts(HOOK, 255, ("description",)),
    *texts("requests/consumer-login", 255, ("emailAddress",), ("password",)),
    *texts(ORDER, 80, ("customerInfo", "address", "locality")),
    *texts(ORDER, 255, *(("items", 0, name) for name in LONG)),
    *texts(ORDER, 255, *(("customerInfo", name) for name in PERSON)),
    *texts(ORDER, 255, *(("shippingInfo", "address", name) for name in ADDRESS)),
    *texts(ORDER, 255, ("shippingInfo", "carrierName"), ("shippingInfo", "reference")),
    Limit(ORDER, ("items", 0, "categories"), [text(255)[0]], [text(255)[1]]),
    Limit(SESSION, ("description",), "x", ""),
    Limit(SESSION, ("reference",), "x", ""),
    Limit(PAYMENT, ("description",), "x", ""),
    Limit(PAYMENT, ("reference",), "x", ""),
    Limit("requests/refund-update", ("reference",), "x", ""),
    Limit(COUPON, ("name",), "x", ""),
    Limit(CODE, ("code",), "x", ""),
    Limit(HOOK, ("description",), "x", ""),
    Limit(HOOK, ("url",), "http://x", ""),
    Limit(HOOK, ("url",), "https://" + "x" * 247, "https://" + "x" * 248),
    Limit(HOOK, ("eventSubscriptions",), EVENTS, [EVENTS[0], EVENTS[0]]),
    Limit(HOOK, ("eventSubscriptions",), EVENTS[:1], []),
    Limit(HOOK, ("eventSubscriptions",), EVENTS[-1:], ["order.paid"]),
    Limit(ORDER, ("token",), "paytok_live_0", "paytok_prod_0"),
    Limit(ORDER, ("token",), "paytok_test_zZ9", "paytok_test_z-9"),
    Limit(ORDER, ("token",), "paytok_test_zZ9", "paytok_test_zZ9\n"),
    Limit(ORDER, ("currency",), "jpy", "USD"),
    Limit(ORDER, ("shippingInfo", "address", "country"), "jp", "US"),
    Limit(ORDER, ("captureMethod",), "autommatic", "auto"),
    Limit(PAYMENT, ("cancelRemainder",), "autommatic", "none"),
    Limit(ORDER, ("customerInfo", "dateOfBirth"), "2024-02-29", "2023-02-29"),
    Limit(ORDER, ("customerInfo", "dateOfBirth"), "0001-01-01", "0000-01-01"),
    Limit(ORDER, ("customerInfo", "legalGender"), "female", "other"),
    Limit(ORDER, ("shippingInfo", "addressType"), "gift", "work"),
    Limit(ORDER, ("items", 0, "kind"), "tax", "fee"),
    Limit(ORDER, ("items", 0, "url"), "http://a", "ftp://a"),
    Limit(SESSION, ("locale",), "ja", "fr"),
    Limit(ORDER, ("amount",), 1250.0, 1250.5),
    Limit(ORDER, ("amount",), 1250, "1250"),
    Limit(ORDER, ("amount",), 1, True),
    Limit(ORDER, ("metadata", "key"), 1.5, {}),
]


def changed(limit: Limit, value: Any) -> Any:
    """Return an example of the request in which one member has another value."""
    document = copy.deepcopy(s.schema(limit.request)["examples"][limit.example])
    inside = document
    for key in limit.path[:-1]:
        inside = inside.setdefault(key, {}) if isinstance(key, str) else inside[key]
    inside[limit.path[-1]] = value
    return document


def name_of(limit: Limit) -> str:
    """Return a readable id: the request, the member and the bad value."""
    place = ".".join(map(str, limit.path))
    return f"{limit.request.removeprefix('requests/')}:{place}:{limit.bad!r:.12}"


@pytest.mark.parametrize("limit", LIMITS, ids=name_of)
def test_a_value_at_the_limit_is_accepted(limit: Limit) -> None:
    """The last good value is good, for the quick and for the reference validator."""
    document = changed(limit, limit.good)

    assert s.problems(limit.request, document) == []


@pytest.mark.parametrize("limit", LIMITS, ids=name_of)
def test_a_value_beyond_the_limit_is_refused(limit: Limit) -> None:
    """The first bad value is the one problem, and it is found where it is."""
    document = changed(limit, limit.bad)

    found = s.problems(limit.request, document)

    assert found
    assert {problem.path[: len(limit.path)] for problem in found} == {limit.path}


REQUIRED = {
    ORDER: "token amount currency items customerInfo shippingInfo",
    SESSION: "amount currency items customerInfo shippingInfo successUrl cancelUrl",
    PAYMENT: "order amount currency",
    REFUND: "payment currency reason",
    COUPON: "name discountType discountAmount currency",
    CODE: "code coupon",
    HOOK: "url",
    "requests/consumer-login": "emailAddress password",
    "requests/authorization-create": "paymentMethod",
    "common/item": "name amount currency",
    "common/address": "line1 locality postalCode country",
    "common/shipping-info": "address",
}


@pytest.mark.parametrize(
    ("name", "member"),
    [(name, member) for name, words in REQUIRED.items() for member in words.split()],
)
def test_a_missing_member_is_reported_at_its_own_path(name: str, member: str) -> None:
    """The path names what to add, not what to add it to."""
    example = s.schema(name)["examples"][0]
    del example[member]

    found = [(problem.path, problem.keyword) for problem in s.problems(name, example)]

    # Without its type a coupon does not say what else it needs.
    assert found == [((member,), "required")]


@pytest.mark.parametrize(
    "document",
    [
        {"line1": "", "locality": "", "postalCode": "123", "country": "jp"},
        {"line1": "x", "locality": "x", "postalCode": "12345678", "country": "JP"},
    ],
)
def test_odd_addresses_of_real_clients_are_accepted(document: dict[str, str]) -> None:
    """Empty parts and any postal code pass, as the SDKs' suites need."""
    assert s.accepts("common/address", document)


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"discountType": "percentage"}, "discountPercentage"),
        ({"discountType": "amount", "currency": "JPY"}, "discountAmount"),
        ({"discountType": "amount", "discountAmount": 1}, "currency"),
    ],
)
def test_a_coupon_needs_what_its_type_needs(
    changes: dict[str, Any], missing: str
) -> None:
    """An amount comes with its currency, a percentage alone."""
    found = s.problems(COUPON, {"name": "spring", **changes})

    assert [problem.path for problem in found] == [(missing,)]


def test_a_minimum_amount_needs_its_currency() -> None:
    """An amount without a currency says nothing."""
    document = {**s.schema(CODE)["examples"][0], "minimumAmount": 100}

    found = s.problems(CODE, document)

    assert [problem.path for problem in found] == [("currency",)]


def test_a_session_for_a_token_needs_no_order() -> None:
    """Mode token asks for the consumer and the two addresses only."""
    plain = {
        "customerInfo": {},
        "successUrl": "https://mystore.jp/",
        "cancelUrl": "https://mystore.jp/",
    }

    assert s.problems(SESSION, {**plain, "mode": "token"}) == []
    assert {problem.path for problem in s.problems(SESSION, plain)} == {
        ("amount",),
        ("currency",),
        ("items",),
        ("shippingInfo",),
    }


@pytest.mark.parametrize("kind", ["tax", "discount"])
def test_a_session_needs_a_product(kind: str) -> None:
    """Taxes and discounts alone are nothing to buy; an order does not mind."""
    items = [{**ITEM, "kind": kind, "quantity": 1}]
    session = {**s.schema(SESSION)["examples"][0], "items": items}
    order = {**s.schema(ORDER)["examples"][0], "items": items}

    assert [problem.keyword for problem in s.problems(SESSION, session)] == ["contains"]
    assert s.problems(ORDER, order) == []
