"""Invariants of money: the violations found, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest
import requests

from smartpay_mock.testing import Smartpay, SmartpayServer, find_violations
from smartpay_mock.testing.checks import describe_violation

Send = Callable[..., requests.Response]
Document = dict[str, Any]

MINUTE_MS = 60_000


def order(number: int, **changes: Any) -> Document:
    """Return an order as the emulator lists it."""
    return {
        "id": f"order_test_{number}",
        "amount": 500,
        "currency": "JPY",
        "status": "succeeded",
        "reference": f"cart-{number}",
        "tokenId": f"paytok_test_{number}",
        "createdAt": number,
        "lineItems": [{"kind": "product", "name": "茶", "amount": 500, "quantity": 1}],
        "payments": [{"id": f"payment_test_{number}", "amount": 500}],
        **changes,
    }


def kinds(orders: list[Document], **history: Any) -> list[str]:
    """Return the kinds of violations in a history."""
    history = {"requests": [], "payments": [], "refunds": [], **history}
    return [violation.kind for violation in find_violations(orders=orders, **history)]


@pytest.mark.parametrize(
    "second",
    [
        {"reference": "cart-1", "amount": 700},
        {"tokenId": "paytok_test_1"},
    ],
    ids=["same-reference", "same-token-amount-and-items"],
)
def test_one_cart_charged_twice_is_a_double_charge(second: Document) -> None:
    """The reference, or else token, amount and items, identify a cart."""
    assert kinds([order(1), order(2, **second)]) == ["double-charge"]


@pytest.mark.parametrize(
    "changes",
    [
        {"tokenId": "other"},
        {"amount": 501},
        {"lineItems": [{"kind": "product", "name": "米", "amount": 500}]},
        {"status": "rejected"},
        {"status": "canceled"},
        {"status": "requires_authorization"},
        {"createdAt": 1 + 10 * MINUTE_MS + 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_cart_is_no_double_charge(changes: Document) -> None:
    """Neither is an order without a charge, or one that is much later."""
    orders = [order(1, tokenId="t"), order(2, **{"tokenId": "t", **changes})]

    assert kinds(orders) == []


def test_charges_within_the_window_count() -> None:
    """The window is ten minutes, or the one passed."""
    orders = [order(1, tokenId="t"), order(1 + 10 * MINUTE_MS, tokenId="t")]

    assert kinds(orders) == ["double-charge"]
    assert kinds(orders, window_ms=MINUTE_MS) == []


def test_a_charge_refunded_in_full_does_not_count() -> None:
    """A charge refunded in part does."""
    orders = [order(1, reference="cart"), order(2, reference="cart")]

    def refunded(amount: int) -> list[str]:
        refunds = [{"payment": "payment_test_2", "amount": amount}]
        return kinds(orders, refunds=refunds)

    assert refunded(500) == []
    assert refunded(499) == ["double-charge"]


def test_each_extra_charge_is_one_violation() -> None:
    """It stands beside the charge before it."""
    orders = [order(number, reference="cart") for number in (3, 1, 2)]

    found = find_violations(requests=[], orders=orders, payments=[], refunds=[])

    pairs = [tuple(one["createdAt"] for one in item.orders) for item in found]
    assert pairs == [(1, 2), (2, 3)]


def test_captures_over_the_authorization_and_refunds_over_the_capture() -> None:
    """A discount lowers the limit of the captures."""
    payments = [
        {"id": "p1", "order": "order_test_1", "amount": 400, "currency": "JPY"},
        {"id": "p2", "order": "order_test_1", "amount": 101, "currency": "JPY"},
    ]
    refunds = [{"payment": "p2", "amount": 102}]

    assert kinds([order(1)], payments=payments) == ["over-capture"]
    assert kinds([order(1, amount=501)], payments=payments) == []
    assert kinds([order(1, amount=501, discountAmount=1)], payments=payments) == [
        "over-capture"
    ]
    assert kinds([order(1, amount=501)], payments=payments, refunds=refunds) == [
        "over-refund"
    ]


def test_a_client_with_a_new_key_per_retry_is_found(
    account: Smartpay, send: Send
) -> None:
    """Two keys for one cart make two charges; the violation has both requests."""
    cart = account.payload(reference="cart-1001")
    send("POST", "/orders", cart, key="k1")
    send("POST", "/orders", cart, key="k2")

    found = account.violations()

    assert [violation.kind for violation in found] == ["double-charge"]
    keys = [request and request.idempotency_key for request in found[0].requests]
    assert keys == ["k1", "k2"]


def test_a_client_with_one_key_is_not_found(account: Smartpay, send: Send) -> None:
    """One key makes one order; a canceled cart can be charged again."""
    cart = account.payload(captureMethod="manual")
    send("POST", "/orders", cart, key="k1")
    order_id = send("POST", "/orders", cart, key="k1").json()["id"]

    send("PUT", f"/orders/{order_id}/cancellation")
    send("POST", "/orders", cart, key="k2")

    assert account.violations() == []


def test_a_double_charge_is_shown_side_by_side(
    server: SmartpayServer, request: pytest.FixtureRequest
) -> None:
    """It fits into 80 columns, with keys, faults, times and orders."""
    account = server.account(request.node.nodeid)
    account.seed(1)
    account.clock.freeze(1_767_225_600_000)
    account.faults.add("create_order", "latency", ms=1_204, virtual=True, after=1)
    for key in ("k1", None):
        headers = {"Authorization": f"Basic {account.secret_key}"}
        if key:
            headers["Idempotency-Key"] = key
        cart = account.payload(amount=500, reference="cart-1001")
        requests.post(f"{account.url}/orders", json=cart, headers=headers, timeout=20)
    first, second = account.orders
    one, two = (entry.id for entry in account.requests)

    text = describe_violation(account.violations()[0])
    account.close()

    assert text == dedent(
        f"""\
        double-charge: 2 approved orders for one cart (reference 'cart-1001'), 1,204 ms
        apart.
          request  POST /v1/orders                    POST /v1/orders
          id       {one:<33}  {two}
          key      k1                                 none
          answer   200                                200
          fault    none                               latency on create_order
                                                      before_commit, ms=1204,
                                                      virtual=True
          at       +0 ms                              +1,204 ms
          order    {first["id"]:<33}  {second["id"]}
          status   succeeded                          succeeded
          amount   500 JPY                            500 JPY
          cart     cart-1001                          cart-1001
        Send an Idempotency-Key with each charge, and the same key with each retry.
        """
    ).rstrip("\n")
    assert max(map(len, text.splitlines())) <= 80
