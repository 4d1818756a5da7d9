"""Refunds: in full, in parts, never more than was paid."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import Shop

NO_PAYMENT = "payment_test_0000000000000000000000"


def refund(shop: Shop, payment: str, amount: int, **changes: Any) -> Exchange:
    """Return the answer to a refund, whatever it is."""
    body = payloads.refund(payment, amount, **changes)
    return shop.api.call("create_refund", body)


def paid(shop: Shop, amount: int) -> Doc:
    """Return the payment of a new order that was captured at once."""
    payment: Doc = shop.order(amount=amount)["payments"][0]
    return payment


@pytest.mark.clause("refunds.create", "refunds.create.succeeded")
def test_a_payment_can_be_refunded_in_part(shop: Shop) -> None:
    """The refund is of this payment, of this amount, and succeeded."""
    payment = paid(shop, 800)

    made = shop.checks.ok(refund(shop, payment["id"], 2))

    assert (made["payment"], made["amount"]) == (payment["id"], 2)
    assert type(made["amount"]) is int
    assert made["status"] == "succeeded"


@pytest.mark.clause("refunds.create.echo")
@pytest.mark.parametrize("reason", ["requested_by_customer", "fraudulent"])
def test_a_refund_carries_what_it_was_made_with(reason: str, shop: Shop) -> None:
    """currency, reason, description and reference."""
    payment = paid(shop, 800)
    told = {"reason": reason, "description": "too small", "reference": "ref-1"}

    made = shop.checks.ok(refund(shop, payment["id"], 100, **told))

    for seen in (made, shop.now("refund", made["id"])):
        assert {name: seen[name] for name in told} == told
        assert seen["currency"] == "JPY"


@pytest.mark.clause("refunds.create.several", "refunds.create.until-used-up")
def test_a_payment_can_be_refunded_to_the_last_yen(shop: Shop) -> None:
    """In several steps, and then no further."""
    payment = paid(shop, 800)["id"]

    amounts = [shop.checks.ok(refund(shop, payment, n))["amount"] for n in (1, 2, 797)]

    assert sum(amounts) == 800
    shop.checks.refused(refund(shop, payment, 1), "amount.insufficient")


@pytest.mark.clause("refunds.create.insufficient")
def test_a_refund_over_the_payment_is_refused(shop: Shop) -> None:
    """403, one yen too much is too much, and nothing is given back."""
    payment = paid(shop, 800)["id"]

    shop.checks.refused(refund(shop, payment, 801), "amount.insufficient")

    assert shop.checks.ok(refund(shop, payment, 800))["amount"] == 800


@pytest.mark.clause("refunds.create.insufficient")
def test_refunds_add_up_to_the_payment_at_most(shop: Shop) -> None:
    """What is left counts, not what was paid."""
    payment = paid(shop, 800)["id"]
    shop.checks.ok(refund(shop, payment, 500))

    shop.checks.refused(refund(shop, payment, 301), "amount.insufficient")

    assert shop.checks.ok(refund(shop, payment, 300))["amount"] == 300


@pytest.mark.clause("refunds.create.fully-refunded")
def test_a_refunded_payment_cannot_be_refunded_again(shop: Shop) -> None:
    """Not even a yen, and nothing is listed for it."""
    payment = paid(shop, 800)["id"]
    made = shop.checks.ok(refund(shop, payment, 800))["id"]

    for amount in (1, 800):
        shop.checks.refused(refund(shop, payment, amount), "amount.insufficient")

    of_it = [
        entry["id"]
        for entry in shop.checks.listed(shop.api, "list_refunds")
        if entry["payment"] == payment
    ]
    assert of_it == [made]


@pytest.mark.clause("refunds.create.own-payment")
def test_a_refund_is_taken_from_its_own_payment_only(shop: Shop) -> None:
    """Two payments of one order are two purses."""
    order = shop.authorized(1_000)["id"]
    first, second = (shop.payment(500, order=order)["id"] for _ in range(2))

    shop.checks.ok(refund(shop, first, 500))

    shop.checks.refused(refund(shop, first, 1), "amount.insufficient")
    assert shop.checks.ok(refund(shop, second, 500))["payment"] == second


@pytest.mark.clause("refunds.create.while-capturing")
def test_an_order_that_is_still_open_can_be_refunded(shop: Shop) -> None:
    """What was captured can go back while the rest waits."""
    order = shop.authorized(800)["id"]
    payment = shop.payment(300, order=order)["id"]

    shop.checks.ok(refund(shop, payment, 300))

    assert shop.now("order", order)["status"] == "requires_capture"


@pytest.mark.clause("refunds.create.no-recapture")
def test_refunded_money_cannot_be_captured_again(shop: Shop) -> None:
    """A refund does not raise what is left to capture."""
    order = shop.authorized(800)["id"]
    payment = shop.payment(300, order=order)["id"]
    shop.checks.ok(refund(shop, payment, 300))

    body = payloads.payment(order, 501, cancelRemainder="manual")
    answer = shop.api.call("create_payment", body)

    shop.checks.refused(answer, "payment.excessive-amount")


@pytest.mark.clause("refunds.create.not-found")
def test_an_unknown_payment_cannot_be_refunded(shop: Shop) -> None:
    """404 payment.not-found."""
    answer = refund(shop, NO_PAYMENT, 1)

    shop.checks.refused(answer, "payment.not-found")


@pytest.mark.clause("refunds.create.mandatory-members")
@pytest.mark.parametrize("member", ["payment", "currency", "reason"])
def test_a_refund_needs_three_members(member: str, shop: Shop) -> None:
    """Without one of them nothing is given back."""
    payment = paid(shop, 800)["id"]
    body = payloads.without(payloads.refund(payment, 100), member)

    answer = shop.api.call("create_refund", body)

    shop.checks.refused_with(answer, 400)
    assert shop.checks.ok(refund(shop, payment, 800))["amount"] == 800


@pytest.mark.clause("refunds.create.default-amount")
@pytest.mark.parametrize("before", [0, 300])
def test_without_an_amount_the_rest_is_refunded(before: int, shop: Shop) -> None:
    """All of it, or what earlier refunds left."""
    payment = paid(shop, 800)["id"]
    if before:
        shop.checks.ok(refund(shop, payment, before))
    body = payloads.without(payloads.refund(payment, 1), "amount")

    made = shop.checks.ok(shop.api.call("create_refund", body))

    assert made["amount"] == 800 - before
    shop.checks.refused(refund(shop, payment, 1), "amount.insufficient")


@pytest.mark.clause("refunds.create.on-payment")
def test_a_payment_lists_its_refunds(shop: Shop) -> None:
    """Each as an id."""
    payment = shop.payment(500)["id"]

    made = {shop.refund(amount, payment=payment)["id"] for amount in (10, 20)}

    assert set(shop.now("payment", payment)["refunds"]) == made


@pytest.mark.clause("refunds.create.payment-status")
def test_a_payment_is_refunded_when_it_is_used_up(shop: Shop) -> None:
    """Until then it is processed; its amount stays what it was."""
    payment = shop.payment(500)["id"]
    statuses = []

    for amount in (100, 399, 1):
        shop.checks.ok(refund(shop, payment, amount))
        statuses.append(shop.now("payment", payment)["status"])

    assert statuses == ["processed", "processed", "refunded"]
    assert shop.now("payment", payment)["amount"] == 500


@pytest.mark.clause("refunds.create.order-untouched")
def test_a_refund_does_not_change_the_order(shop: Shop) -> None:
    """It stays succeeded, with its payment and its amount."""
    order = shop.order(amount=800)
    payment = order["payments"][0]["id"]

    shop.checks.ok(refund(shop, payment, 800))

    now = shop.now("order", order["id"])
    told = (now["status"], now["amount"], now["payments"])
    assert told == ("succeeded", 800, [payment])
