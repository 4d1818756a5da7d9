"""Every problem says where it is, what was wrong and what to send."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import smartpay_schemas as s

ORDER = "requests/order-create"
TOKEN = "paytok_test_zAo001ZRfyjz1F4rMyYPnL"

UNPOSTED = {"line1": "1-17-1", "locality": "", "country": "JP"}


def order(**changes: Any) -> dict[str, Any]:
    """Return a valid order with some members changed; None takes one out."""
    document = {**copy.deepcopy(s.schema(ORDER)["examples"][1]), **changes}
    return {key: value for key, value in document.items() if value is not None}


def messages(document: Any, name: str | dict[str, Any] = ORDER) -> list[str]:
    """Return the messages of every problem."""
    return [problem.message for problem in s.problems(name, document)]


def item(**changes: Any) -> list[dict[str, Any]]:
    """Return a list of one item with some members changed."""
    return [{"name": "sweater", "amount": 1000, "currency": "JPY", **changes}]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            order(amount=0),
            "amount: 0 is less than the minimum of 1; "
            "send a whole number from 1 to 4294967295",
        ),
        (
            order(items=item(amount="1000")),
            'items[0].amount: "1000" is a string; '
            "send a whole number from 0 to 4294967295",
        ),
        (
            order(amount=10.5),
            "amount: 10.5 is not a whole number; "
            "send a whole number from 1 to 4294967295",
        ),
        (
            order(customerInfo=None),
            "customerInfo: is missing; send an object",
        ),
        (
            order(shippingInfo=None),
            "shippingInfo: is missing; send an object with address",
        ),
        (
            order(shippingInfo={"address": UNPOSTED}),
            "shippingInfo.address.postalCode: is missing; "
            "send a string of at most 255 characters",
        ),
        (
            order(token="tok_1"),
            'token: "tok_1" has the wrong form; '
            f"send the id of a token, such as {TOKEN}",
        ),
        (
            order(captureMethod="later"),
            'captureMethod: "later" is not one of the values; '
            'send one of "automatic", "manual"',
        ),
        (
            order(currency="USD"),
            'currency: "USD" is not one of the values; send "JPY"',
        ),
        (
            order(currency=392),
            'currency: 392 is a number; send "JPY"',
        ),
        (
            order(items=[]),
            "items: is empty; send an array of at least 1 entries",
        ),
        (
            order(items={}),
            "items: is an object; send an array of at least 1 entries",
        ),
        (
            order(customerInfo={"dateOfBirth": "2023-02-29"}),
            'customerInfo.dateOfBirth: "2023-02-29" is not a date that exists; '
            "send a date as YYYY-MM-DD",
        ),
        (
            order(metadata={"a b": [1]}),
            'metadata["a b"]: is an array; '
            "send a string of at most 255 characters, a number or a boolean",
        ),
        (
            order(metadata={str(number): "" for number in range(21)}),
            "metadata: has 21 members; send an object of at most 20 members",
        ),
        (
            order(reference="x" * 41),
            f'reference: "{"x" * 41}" has 41 characters; '
            "send a string of at most 40 characters",
        ),
        ([], "body: is an array; send an object with token, amount, currency, items, "
         "customerInfo and shippingInfo"),
    ],
)  # fmt: skip
def test_a_problem_of_an_order_has_a_message_of_one_line(
    document: Any, message: str
) -> None:
    """Where, what was wrong, what to send."""
    assert messages(document) == [message]


@pytest.mark.parametrize(
    ("name", "document", "message"),
    [
        (
            "requests/coupon-create",
            {"name": "", "discountType": "percentage", "discountPercentage": 5},
            "name: is empty; send a string of 1 to 80 characters",
        ),
        (
            "requests/coupon-create",
            {"name": "x", "discountType": "percentage", "discountPercentage": 101},
            "discountPercentage: 101 is more than the maximum of 100; "
            "send a number from 0 to 100",
        ),
        (
            "requests/webhook-endpoint-create",
            {"url": "http://x", "eventSubscriptions": ["token.used", "token.used"]},
            "eventSubscriptions: names the same entry twice; "
            "send an array of at least one event type, each once",
        ),
        (
            "requests/checkout-session-create",
            {
                **s.schema("requests/checkout-session-create")["examples"][0],
                "items": item(kind="tax"),
            },
            "items: has no entry of the kind that is needed; "
            "send at least one item whose kind is product",
        ),
        (
            "requests/promotion-code-update",
            {"active": "no"},
            'active: "no" is a string; send true or false',
        ),
        (
            "common/unauthorized",
            {"statusCode": 403},
            "statusCode: 403 is another value; send 401",
        ),
        (
            "resources/token",
            {**s.schema("resources/token")["examples"][0], "stat": 1},
            "stat: is not known here; leave it out",
        ),
        (
            {
                "properties": {"days": {}, "hours": {}, "at": {}},
                "additionalProperties": False,
            },
            {"ms": 1, "at": 5},
            "ms: is not known here; known: days, hours",
        ),
        (
            "resources/event",
            {**s.schema("resources/event")["examples"][0], "creatdAt": 1},
            "creatdAt: is not known here; leave it out",
        ),
        (
            "resources/customer-info",
            {"email": "customer@example.com"},
            "email: is not known here; did you mean emailAddress?",
        ),
    ],
)
def test_a_problem_of_another_document_has_a_message_of_one_line(
    name: str | dict[str, Any], document: Any, message: str
) -> None:
    """The words follow from the schema, whichever it is."""
    assert messages(document, name) == [message]


def test_all_problems_come_at_once_and_sorted() -> None:
    """Ten mistakes cost one request, and entries come in the order of their index."""
    items = [*item(amount=-1), *item() * 9, *item(name=1, amount=-1)]
    document = order(items=items, amount=0, token=None)

    found = [problem.pointer for problem in s.problems(ORDER, document)]

    assert found == [
        "/amount",
        "/items/0/amount",
        "/items/10/amount",
        "/items/10/name",
        "/token",
    ]


def test_a_problem_carries_its_facts() -> None:
    """Programs need no words."""
    (problem,) = s.problems(ORDER, order(items=item(amount=-1)))

    assert problem.path == ("items", 0, "amount")
    assert problem.pointer == "/items/0/amount"
    assert problem.keyword == "minimum"
    assert problem.expected == "a whole number from 0 to 4294967295"


def test_a_pointer_is_escaped() -> None:
    """RFC 6901: ~ and / inside a name."""
    (problem,) = s.problems("common/metadata", {"a/b~c": None})

    assert problem.pointer == "/a~1b~0c"


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, "\ud800" * 10_000, 10**4000, ["x" * 10_000], "\n" * 10_000],
    ids=["text", "surrogates", "number", "array", "line feeds"],
)
def test_a_message_echoes_little(value: Any) -> None:
    """A megabyte that is refused does not come back, and the rest can be encoded."""
    (message,) = messages(order(reference=value))

    assert len(message.encode()) < 500


def test_a_long_name_is_echoed_in_part() -> None:
    """Neither does the name of a member come back whole."""
    (message,) = messages({"k" * 10_000: None}, "common/metadata")

    assert len(message) < 200


def test_a_password_is_never_echoed() -> None:
    """What must not be written is not read back either."""
    login = {"emailAddress": "customer@example.com", "password": "secret" * 50}

    (message,) = messages(login, "requests/consumer-login")

    assert "secret" not in message


def test_the_closest_branch_explains() -> None:
    """Of several forms the one that was probably meant says what is wrong."""
    schema = {
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "integer", "minimum": 1}},
            },
        ]
    }

    assert messages({"id": 0}, schema) == [
        "id: 0 is less than the minimum of 1; send a whole number from 1"
    ]


def test_a_hostile_body_is_answered_in_bounded_words() -> None:
    """Nobody reads a hundred thousand problems, and nobody should wait for them."""
    document = order(items=[{}] * 5_000)

    assert 3 <= len(s.problems(ORDER, document)) <= 1000
