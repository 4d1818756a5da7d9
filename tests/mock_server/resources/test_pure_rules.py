"""Rules that are only arithmetic or only shape: no store, no call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartpay_fixtures import order_payload
from smartpay_mock.api.validation import cleaned, oddities
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources.context import MOST_PAIRS, copied, invalid, patched
from smartpay_mock.resources.discounts import discount_amount
from smartpay_mock.resources.orders import items_total
from smartpay_mock.resources.payments import check_currency, left_to_capture
from smartpay_mock.resources.refunds import left_to_refund
from smartpay_mock.resources.views import expanded, plain
from smartpay_schemas import schema


def item(amount: int, kind: str = "product", **more: Any) -> dict[str, Any]:
    """Return an item of a request."""
    return {"name": "x", "amount": amount, "currency": "JPY", "kind": kind, **more}


TOTALS = {
    "Go": ([item(1000), item(100, "discount"), item(250, "tax")], 100, 1250),
    "PHP line items": ([item(500, "discount"), item(1000), item(100, "tax")], 1, 601),
    "PHP lifecycle": ([item(250)], 150, 400),
    "Ruby": ([item(1000), item(500, "discount"), item(100, "tax")], 100, 700),
    "the guide's curl": ([item(1000, quantity=0)], 500, 500),
    "quantities": ([item(200, quantity=5), item(3, quantity=3)], 100, 1109),
    "taxes have no quantity": ([item(10, "tax", quantity=9)], 0, 10),
    "below zero": ([item(10, "discount")], 0, -10),
    "nothing": ([], 0, 0),
}


@pytest.mark.parametrize(("items", "fee", "total"), TOTALS.values(), ids=TOTALS)
def test_items_and_fee_add_up(items: list[Any], fee: int, total: int) -> None:
    """As the amounts of the SDKs' live suites do."""
    shipping = {"feeAmount": fee, "feeCurrency": "jpy"}

    assert items_total(items, shipping, "JPY") == total


def test_a_fee_counts_without_a_currency_and_not_in_another() -> None:
    """Its currency is the order's unless said otherwise."""
    assert items_total([], {"feeAmount": 5}, "JPY") == 5
    assert items_total([], {"feeAmount": 5, "feeCurrency": "USD"}, "JPY") == 0
    assert items_total([], {"feeCurrency": "JPY"}, "JPY") == 0


@given(st.integers(0, 10**6))
@settings(max_examples=30, derandomize=True, database=None, deadline=None)
def test_generated_payloads_balance(seed: int) -> None:
    """The provider and the rule agree on arithmetic."""
    body = order_payload(seed=seed)

    total = items_total(body["items"], body["shippingInfo"], body["currency"])

    assert total == body["amount"]


def test_what_is_left_is_what_was_not_taken() -> None:
    """Of an authorization, and of a payment."""
    assert left_to_capture({"_authorized": 10, "_captured": 3}) == 7
    payment = {"amount": 10, "_refunded": 4, "status": "processed"}
    assert left_to_refund(payment) == 6
    assert left_to_refund({**payment, "status": "failed"}) == 0


@given(st.integers(1, 2**32 - 1), st.floats(0, 100, allow_nan=False))
@settings(max_examples=200, derandomize=True, database=None, deadline=None)
def test_a_percentage_takes_at_most_what_it_says(
    amount: int, percentage: float
) -> None:
    """A whole number of yen, never more than all of it."""
    coupon = {"discountType": "percentage", "discountPercentage": percentage}

    taken = discount_amount(coupon, amount)

    assert isinstance(taken, int)
    assert 0 <= taken <= amount
    assert (
        amount * percentage / 100 - 1.001 <= taken <= amount * percentage / 100 + 0.001
    )


@pytest.mark.parametrize(("off", "amount", "taken"), [(5, 9, 5), (9, 9, 9), (10, 9, 9)])
def test_an_amount_off_is_never_more_than_the_order(
    off: int, amount: int, taken: int
) -> None:
    """Nothing is owed to the consumer."""
    assert discount_amount(
        {"discountType": "amount", "discountAmount": off}, amount
    ) == (taken)


def test_what_is_private_is_never_shown() -> None:
    """Neither plain nor expanded, at any depth that is fetched."""
    payment = {"id": "p", "object": "payment", "_refunded": 1, "lineItems": ["l"]}
    line = {"id": "l", "object": "lineItem", "_x": 1}
    order = {
        "id": "o",
        "object": "order",
        "_captured": 5,
        "lineItems": [line],
        "discounts": [],
        "payments": ["p"],
        "metadata": {"_mine": 1},
    }
    stored: dict[str, Any] = {"p": payment, "l": {"id": "l", "object": "lineItem"}}

    full = expanded(order, lambda _kind, id_: stored[id_])

    assert plain(order) == {
        "id": "o",
        "object": "order",
        "lineItems": ["l"],
        "discounts": [],
        "payments": ["p"],
        "metadata": {"_mine": 1},
    }
    assert full["payments"] == [
        {
            "id": "p",
            "object": "payment",
            "lineItems": [{"id": "l", "object": "lineItem"}],
        }
    ]
    assert full["metadata"] == {"_mine": 1}


def test_a_refusal_lists_every_problem() -> None:
    """One is said in the message, several are counted there."""
    assert invalid("a: x").message.endswith("a: x")
    assert invalid("a: x", "b: y").message.endswith("2 problems")
    assert invalid("a: x", "b: y").details == ["a: x", "b: y"]


def test_currencies_are_compared_ignoring_case() -> None:
    """Another currency is refused with what to send."""
    check_currency({"currency": "jpy"}, {"currency": "JPY"}, "order")
    with pytest.raises(ApiError) as refused:
        check_currency({"currency": "USD"}, {"currency": "JPY"}, "order")
    assert refused.value.details == ["currency: USD is not the order's; send JPY"]


def test_a_patch_says_whether_anything_is_different() -> None:
    """Also where Python thinks two values equal."""
    document = {"name": "a", "metadata": {"n": 1}}

    assert not patched(document, {}, "name")
    assert not patched(document, {"name": "a", "metadata": {"n": 1}}, "name")
    assert patched(document, {"metadata": {"n": True}}, "name")
    assert patched(document, {"name": "b", "other": 1}, "name")
    assert document == {"name": "b", "metadata": {"n": True}}


def test_the_limit_of_metadata_is_the_schemas() -> None:
    """One number, said in two places, compared here."""
    assert schema("common/metadata")["maxProperties"] == MOST_PAIRS


def test_only_members_that_are_there_are_copied() -> None:
    """Absent stays absent."""
    assert copied({"a": 1, "b": None, "c": 3}, "a", "b", "d") == {"a": 1, "b": None}


NESTED = {"a": None, "b": {"c": None, "d": [1, None, {"e": None}]}, "f": 0, "g": ""}


def test_nulls_are_left_out_at_every_depth() -> None:
    """What is false or empty stays; so does an entry of a list, for its number."""
    assert cleaned(NESTED) == {"b": {"d": [1, None, {}]}, "f": 0, "g": ""}
    assert cleaned("x") == "x"


def test_advice_names_places_as_details_do() -> None:
    """Members of items by their number."""
    body = order_payload(seed=1)
    body["items"] = [item(1)]
    body["items"][0]["imagse"] = "x"
    body["items"][0]["currency"] = "jpy"
    body["metadata"] = {"currency": "jpy", "captureMethod": "autommatic"}

    found = oddities("requests/order-create", body)

    assert [(row["pointer"], row["message"]) for row in found] == [
        ("/items/0/imagse", "items[0].imagse is unknown; did you mean images?"),
        ("/items/0/currency", "items[0].currency is 'jpy', taken as 'JPY'; send 'JPY'"),
    ]


@pytest.mark.parametrize("kind", ["order", "payment"])
def test_a_view_has_every_member_of_the_schema(kind: str) -> None:
    """An order or payment is shown with each member that its schema names."""
    schemas = (schema(f"resources/{kind}{end}") for end in ("", "-core"))
    names = {name for one in schemas for name in one["properties"]}

    assert set(plain({**dict.fromkeys(names), "object": kind})) == names
