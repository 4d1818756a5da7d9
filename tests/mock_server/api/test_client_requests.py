"""Requests as shops' plugins and older clients send them."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_schemas import names, replace_number_texts, schema

REQUESTS = [name for name in names() if name.startswith("requests/")]
FREE_FORM = {"metadata", "priceMetadata", "productMetadata"}


def with_texts(value: Any, suffix: str) -> Any:
    """Return a document with whole numbers as text, except in metadata."""
    if isinstance(value, dict):
        return {
            name: member if name in FREE_FORM else with_texts(member, suffix)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [with_texts(entry, suffix) for entry in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return f"{value}{suffix}" if is_whole else value


@pytest.mark.parametrize("suffix", ["", ".0", ".00", ".0000"])
@pytest.mark.parametrize("name", REQUESTS)
def test_every_number_of_a_request_may_be_text(name: str, suffix: str) -> None:
    """As a decimal column of a database is sent; numeric text in metadata stays."""
    for example in schema(name)["examples"]:
        sent = with_texts(example, suffix) | {"metadata": {"batch": "7.00"}}

        replaced = replace_number_texts(name, sent)

        assert sent == example | {"metadata": {"batch": "7.00"}}
        assert [f"{row.number}{suffix}" for row in replaced] == [
            row.text for row in replaced
        ]


WRONG_TEXTS = [
    *("1.5", "1e3", "1E3", " 2", "2 ", "2\n", "", "+2", "0x2", "1_0", "1,000"),
    *("２", "٢", "02", "00", "2.", ".0", "2.0.0", "--2", "- 2", "NaN", "Infinity"),
    *("true", "2円", "9" * 31, "9" * 5_000, "2." + "0" * 5_000),
]


def at_amount(body: Any, text: Any) -> None:
    """Put a text in place of the amount."""
    body["amount"] = text


def at_item(body: Any, text: Any) -> None:
    """Put a text in place of an item's amount."""
    body["items"][0]["amount"] = text


def at_quantity(body: Any, text: Any) -> None:
    """Put a text in place of a quantity."""
    body["items"][0]["quantity"] = text


def at_fee(body: Any, text: Any) -> None:
    """Put a text in place of the shipping fee."""
    body["shippingInfo"]["feeAmount"] = text


def at_age(body: Any, text: Any) -> None:
    """Put a text in place of the age of the customer's account."""
    body["customerInfo"]["accountAge"] = text


PLACES = {
    "amount": at_amount,
    "items[0].amount": at_item,
    "items[0].quantity": at_quantity,
    "shippingInfo.feeAmount": at_fee,
    "customerInfo.accountAge": at_age,
}


@pytest.mark.parametrize("text", WRONG_TEXTS, ids=lambda text: repr(text[:8]))
@pytest.mark.parametrize("place", PLACES)
def test_text_that_is_no_whole_number_is_refused(
    api: Any, order_payload: Any, place: str, text: str
) -> None:
    """As a string, with its place."""
    body = order_payload()
    PLACES[place](body, text)

    reply = api.do("create_order", body)

    assert reply.refusal == (400, "request.invalid")
    [detail] = reply.details
    assert detail.startswith(f"{place}: ")
    assert " is a string; send a whole number " in detail


@pytest.mark.parametrize("place", PLACES)
def test_negative_text_is_refused_as_the_number_is(
    api: Any, order_payload: Any, place: str
) -> None:
    """With the same words."""
    refusals = []
    for value in ("-5", -5, "-5.00"):
        body = order_payload()
        PLACES[place](body, value)
        refusals.append(api.do("create_order", body).body)

    assert refusals[0] == refusals[1] == refusals[2]
    assert b"-5 is less than the minimum" in refusals[0]


def test_a_number_written_as_text_leaves_advice(api: Any, order_payload: Any) -> None:
    """With its place and what to send; the answer has integers."""
    body = order_payload(amount="2500.0000")
    body["items"][0]["quantity"] = "2"

    reply = api.do("create_order", body)

    numbers = [reply.json["amount"], reply.json["lineItems"][0]["quantity"]]
    assert [(type(number), number) for number in numbers] == [(int, 2500), (int, 2)]
    assert reply.headers["Smartpay-Sandbox-Advice"].split(" | ") == [
        "amount is the text '2500.0000', taken as 2500; send 2500 without quotes",
        "items[0].quantity is the text '2', taken as 2; send 2 without quotes",
    ]


def test_a_strict_emulator_refuses_a_number_written_as_text(
    emulate: Any, order_payload: Any
) -> None:
    """As it refuses everything else that leaves advice."""
    strict = emulate(strict=True)

    reply = strict.do("create_order", order_payload(amount="2500"))

    assert reply.refusal == (400, "request.invalid")
    assert "send 2500 without quotes" in reply.message


@pytest.mark.parametrize("operation", ["create_payment", "create_refund"])
def test_a_line_item_that_is_named_twice_leaves_advice(
    api: Any, operation: str
) -> None:
    """For captures and refunds; the answer has what was sent."""
    order = api.manual()
    one, other = (item["id"] for item in order["lineItems"][:2])
    lines = [one, other, one]
    reply = api.capture(order["id"], 100, lineItems=lines)
    if operation == "create_refund":
        reply = api.refund(reply.json["id"], 1, lineItems=lines)

    assert reply.json["lineItems"] == lines
    assert (
        reply.headers["Smartpay-Sandbox-Advice"]
        == f"lineItems names {one} 2 times; name it once"
    )


ADDRESSES = {
    "success@smartpay.co": ("succeeded", "succeeded"),
    "declined@smartpay.co": ("rejected", "rejected"),
    "rejected@smartpay.co": ("rejected", "rejected"),
    "auth.required@smartpay.co": ("rejected", "succeeded"),
    "Auth.Required@Smartpay.co": ("rejected", "succeeded"),
}
"""Address -> status of an order from a token, and of one that is authorized."""


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_published_address_decides(api: Any, address: str) -> None:
    """In any case; an order of a session waits for its consumer before."""
    customer = {"emailAddress": address}
    waiting = api.session(customerInfo=customer)["order"]

    charged = api.order(customerInfo=customer)
    authorized = api.authorize(waiting["id"]).json

    assert waiting["status"] == "requires_authorization"
    assert (charged["status"], authorized["status"]) == ADDRESSES[address]


def test_advice_on_a_large_body_is_bounded(api: Any, order_payload: Any) -> None:
    """A thousand items are charged; a hundred pieces of advice are kept."""
    items = [{"name": "tea", "amount": "3", "currency": "JPY"}] * 1_000

    reply = api.do("create_order", order_payload(items=items, amount=3_400))

    assert reply.json["status"] == "succeeded"
    assert len(reply.json["lineItems"]) == 1_000
    assert len(api.explained(reply)["advice"]) == 100
