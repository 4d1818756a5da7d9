"""The judge of money: what it finds, what it lets pass, and that it never tires."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from smartpay_mock.testing import Smartpay, SmartpayServer, find_violations
from smartpay_mock.testing.checks import describe_violation
from smartpay_mock.testing.client import AccountClient, ApiCall
from smartpay_mock.testing.local import LocalEmulator

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
    told = {"requests": [], "payments": [], "refunds": [], **history}
    return [violation.kind for violation in find_violations(orders=orders, **told)]


def test_one_reference_charged_twice_is_a_double_charge() -> None:
    """Token, amount and items may differ: the merchant says that it is one cart."""
    orders = [order(1, reference="cart"), order(2, reference="cart", amount=700)]

    assert kinds(orders) == ["double-charge"]


def test_one_cart_charged_twice_is_a_double_charge() -> None:
    """Same token, amount and items, whatever the references say."""
    orders = [order(1, tokenId="t"), order(2, tokenId="t")]

    assert kinds(orders) == ["double-charge"]


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
def test_what_differs_is_another_cart_or_no_charge(changes: Document) -> None:
    """Another token, amount, item, a charge that was not made, or much later."""
    orders = [order(1, tokenId="t"), order(2, **{"tokenId": "t", **changes})]

    assert kinds(orders) == []


def test_the_window_ends_where_it_says() -> None:
    """Ten minutes apart is still one cart; a window of one's own can be given."""
    orders = [order(1, tokenId="t"), order(1 + 10 * MINUTE_MS, tokenId="t")]

    assert kinds(orders) == ["double-charge"]
    assert kinds(orders, window_ms=MINUTE_MS) == []


def test_a_charge_that_was_given_back_does_not_count() -> None:
    """Refunded in full it is made good; refunded in part it is not."""
    orders = [order(1, reference="cart"), order(2, reference="cart")]

    def refunded(amount: int) -> list[str]:
        refunds = [{"payment": "payment_test_2", "amount": amount}]
        return kinds(orders, refunds=refunds)

    assert refunded(500) == []
    assert refunded(499) == ["double-charge"]


def test_each_charge_too_many_is_shown_once_beside_the_one_before_it() -> None:
    """No request is missing from the picture, and none fills pages with pairs."""
    orders = [order(number, reference="cart") for number in (3, 1, 2)]

    found = find_violations(requests=[], orders=orders, payments=[], refunds=[])

    pairs = [tuple(one["createdAt"] for one in item.orders) for item in found]
    assert pairs == [(1, 2), (2, 3)]


def test_the_judge_looks_at_each_order_once() -> None:
    """A suite may charge thousands of carts in one test and have it judged."""
    looked_at: Counter[str] = Counter()

    class Watched(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            looked_at[self["id"]] += 1
            return super().get(name, default)

    def charged(count: int) -> list[Document]:
        return [Watched(order(number)) for number in range(count)]

    kinds(charged(2))
    per_order = looked_at.pop("order_test_0")
    looked_at.clear()

    assert kinds(charged(200)) == []
    assert set(looked_at.values()) == {per_order}


def test_captures_over_the_authorization_and_refunds_over_the_capture() -> None:
    """Sums are held against their bound; the discount lowers it."""
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
    """Two keys, one cart: two charges. Both requests are named."""
    cart = account.payload(reference="cart-1001")
    send("POST", "/orders", cart, key="k1")
    send("POST", "/orders", cart, key="k2")

    found = account.violations()

    assert [violation.kind for violation in found] == ["double-charge"]
    keys = [request and request.idempotency_key for request in found[0].requests]
    assert keys == ["k1", "k2"]


def test_a_client_that_keeps_its_key_is_not_found(
    account: Smartpay, send: Send
) -> None:
    """The same key makes one order; a cart that was canceled may be charged again."""
    cart = account.payload(captureMethod="manual")
    send("POST", "/orders", cart, key="k1")
    order_id = send("POST", "/orders", cart, key="k1").json()["id"]

    send("PUT", f"/orders/{order_id}/cancellation")
    send("POST", "/orders", cart, key="k2")

    assert account.violations() == []


def test_a_double_charge_is_shown_side_by_side(
    server: SmartpayServer, request: pytest.FixtureRequest
) -> None:
    """Within 80 columns: both requests, their keys, faults, times and orders."""
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


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["pay", "retry", "capture", "refund", "cancel", "advance"]),
        st.integers(0, 5),
        st.integers(1, 900),
    ),
    max_size=25,
)
EXAMPLES = 10_000 if os.environ.get("SMARTPAY_TEST_LONG") else 100


class Shop:
    """A client that keeps its keys, and otherwise does whatever it is told."""

    def __init__(self, emulator: LocalEmulator) -> None:
        self.account = SmartpayServer(emulator, salt="").account("any calls at all")
        self._client = AccountClient(emulator, self.account.secret_key)
        self._cart = self.account.payload(captureMethod="manual")
        self._carts: list[Document] = []

    def play(self, calls: list[tuple[str, int, int]]) -> None:
        """Make the calls, from an empty account on."""
        self.account.reset()
        self._carts.clear()
        for name, which, amount in calls:
            getattr(self, name)(which, amount)

    def pay(self, _which: int, amount: int) -> None:
        """Charge another cart."""
        reference = f"cart-{len(self._carts)}"
        self._carts.append(self._cart | {"amount": amount, "reference": reference})
        self._carts[-1]["items"] = [self._cart["items"][0] | {"name": reference}]
        self.retry(-1, amount)

    def retry(self, which: int, _amount: int) -> None:
        """Charge a cart again, with the key of the first try."""
        if self._carts:
            cart = self._carts[which % len(self._carts)]
            self._run("create_order", body=cart, key=cart["reference"])

    def capture(self, which: int, amount: int) -> None:
        """Capture some of an order, perhaps too much."""
        for order in self._one_of(self.account.orders, which):
            body = {"order": order["id"], "amount": amount, "currency": "JPY"}
            self._run("create_payment", body=body)

    def refund(self, which: int, amount: int) -> None:
        """Give some of a payment back, perhaps too much."""
        for payment in self._one_of(self.account.payments, which):
            body = {
                "payment": payment["id"],
                "amount": amount,
                "currency": "JPY",
                "reason": "requested_by_customer",
            }
            self._run("create_refund", body=body)

    def cancel(self, which: int, _amount: int) -> None:
        """Cancel an order, whatever its status."""
        for order in self._one_of(self.account.orders, which):
            self._run("cancel_order", params={"id": order["id"]})

    def advance(self, which: int, _amount: int) -> None:
        """Let a minute, or a few, pass."""
        self.account.clock.advance(minutes=which)

    def _run(self, operation: str, **call: Any) -> None:
        self._client.call(ApiCall(operation, **call))

    @staticmethod
    def _one_of(documents: list[Document], which: int) -> list[Document]:
        return documents and [documents[which % len(documents)]]


@pytest.fixture(scope="session")
def shop(emulator: LocalEmulator) -> Iterator[Shop]:
    """A shop on the shared emulator."""
    shop = Shop(emulator)

    yield shop

    shop.account.close()


@settings(max_examples=EXAMPLES, deadline=None)
@given(calls=CALLS)
def test_no_sequence_of_calls_moves_money_wrongly(
    shop: Shop, calls: list[tuple[str, int, int]]
) -> None:
    """Whatever a client with honest keys does, the emulator keeps the sums."""
    shop.play(calls)

    assert shop.account.violations() == []
