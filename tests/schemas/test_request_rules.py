"""Rules of requests that depend on several members."""

from __future__ import annotations

import pytest

import smartpay_schemas as s

ITEM = {"name": "sweater", "amount": 1000, "currency": "JPY"}


ORDER = "requests/order-create"
SESSION = "requests/checkout-session-create"


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
