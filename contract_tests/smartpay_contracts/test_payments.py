"""Payments and refunds: in full, in parts, never more than is left."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import APPROVED, Shop


def capture(shop: Shop, order: str, amount: int, **changes: Any) -> Exchange:
    """Return the answer to a capture, whatever it is."""
    body = payloads.payment(order, amount, **changes)
    return shop.api.call("create_payment", body)


def status_of(shop: Shop, order: str) -> str:
    """Return an order's status as it is now."""
    return str(shop.now("order", order)["status"])


@pytest.mark.clause("payments.create.full")
@pytest.mark.parametrize("remainder", [{}, {"cancelRemainder": "manual"}])
def test_capturing_everything_completes_the_order(
    remainder: dict[str, str], shop: Shop
) -> None:
    """One payment of the whole amount, and nothing is left."""
    order = shop.authorized(800)["id"]

    payment = shop.checks.ok(capture(shop, order, 800, **remainder))

    now = shop.now("order", order)
    assert (now["status"], now["payments"]) == ("succeeded", [payment["id"]])
    assert now["amount"] == 800
    shop.checks.refused(capture(shop, order, 1), "order.cannot-capture")


@pytest.mark.clause("payments.create.remainder-automatic")
@pytest.mark.parametrize("remainder", [{}, {"cancelRemainder": "automatic"}])
def test_a_single_capture_releases_the_rest(
    remainder: dict[str, str], shop: Shop
) -> None:
    """Which is what happens unless one says otherwise."""
    order = shop.authorized(800)["id"]

    payment = shop.checks.ok(capture(shop, order, 300, **remainder))

    assert payment["amount"] == 300
    assert status_of(shop, order) == "succeeded"
    shop.checks.refused(capture(shop, order, 1), "order.cannot-capture")
    assert shop.now("order", order)["payments"] == [payment["id"]]


@pytest.mark.clause("payments.create.remainder-manual", "payments.create.last")
def test_an_order_can_be_captured_in_parts(shop: Shop) -> None:
    """It waits until the last yen is captured, and then it is succeeded."""
    order = shop.authorized(800)["id"]
    seen = []

    for amount in (150, 151, 499):
        shop.checks.ok(capture(shop, order, amount, cancelRemainder="manual"))
        seen.append(status_of(shop, order))

    assert seen == ["requires_capture", "requires_capture", "succeeded"]
    payments = [shop.now("payment", p) for p in shop.now("order", order)["payments"]]
    assert sorted(payment["amount"] for payment in payments) == [150, 151, 499]
    shop.checks.refused(capture(shop, order, 1), "order.cannot-capture")


@pytest.mark.clause("payments.create.remainder-automatic")
def test_the_last_of_several_captures_may_release_the_rest(shop: Shop) -> None:
    """Manual first, automatic then."""
    order = shop.authorized(800)["id"]
    shop.checks.ok(capture(shop, order, 100, cancelRemainder="manual"))

    shop.checks.ok(capture(shop, order, 200, cancelRemainder="automatic"))

    assert status_of(shop, order) == "succeeded"
    assert len(shop.now("order", order)["payments"]) == 2
    shop.checks.refused(capture(shop, order, 1), "order.cannot-capture")


@pytest.mark.clause("payments.create.excessive")
@pytest.mark.parametrize("remainder", ["automatic", "manual"])
def test_a_capture_over_the_amount_is_refused(remainder: str, shop: Shop) -> None:
    """One yen too much is too much, and nothing is taken."""
    order = shop.authorized(800)["id"]

    answer = capture(shop, order, 801, cancelRemainder=remainder)

    shop.checks.refused(answer, "payment.excessive-amount")
    now = shop.now("order", order)
    assert (now["status"], now["payments"]) == ("requires_capture", [])
    assert shop.checks.ok(capture(shop, order, 800))["amount"] == 800


@pytest.mark.clause("payments.create.excessive")
def test_captures_add_up_to_the_amount_at_most(shop: Shop) -> None:
    """The rest counts, not the authorized amount."""
    order = shop.authorized(800)["id"]
    shop.checks.ok(capture(shop, order, 500, cancelRemainder="manual"))

    answer = capture(shop, order, 301, cancelRemainder="manual")

    shop.checks.refused(answer, "payment.excessive-amount")
    assert len(shop.now("order", order)["payments"]) == 1
    shop.checks.ok(capture(shop, order, 300, cancelRemainder="manual"))
    assert status_of(shop, order) == "succeeded"


@pytest.mark.clause("payments.create.cannot-capture")
def test_a_captured_order_cannot_be_captured_again(shop: Shop) -> None:
    """Whether it was captured at once or later."""
    later = shop.authorized(800)
    shop.payment(800, order=later["id"])

    for order in (later, shop.order(amount=800)):
        before = shop.now("order", order["id"])
        for amount in (1, 800):
            answer = capture(shop, order["id"], amount)
            shop.checks.refused(answer, "order.cannot-capture")
        assert shop.now("order", order["id"]) == before


@pytest.mark.clause("payments.create.cannot-capture-others")
def test_an_order_that_holds_no_money_cannot_be_captured(shop: Shop) -> None:
    """Not authorized yet, or canceled."""
    for order in (shop.unauthorized(), shop.canceled()):
        answer = capture(shop, order["id"], 1)

        shop.checks.refused(answer, "order.cannot-capture")
        assert shop.now("order", order["id"])["payments"] == []


@pytest.mark.clause("payments.create.cannot-capture-others")
def test_a_rejected_order_cannot_be_captured(shop: Shop, control: Control) -> None:
    """Nothing was authorized."""
    order = shop.rejected()

    answer = capture(shop, order["id"], 1)

    shop.checks.refused(answer, "order.cannot-capture")
    assert shop.checks.listed(shop.api, "list_payments") == []


@pytest.mark.clause("payments.create.cannot-capture-reason")
def test_a_refused_capture_tells_the_reason(shop: Shop) -> None:
    """A captured and a canceled order are refused in other words."""
    values = set()
    for order in (shop.order(), shop.canceled()):
        refusal = capture(shop, order["id"], 1).doc
        values.add(refusal["message"].replace(order["id"], ""))

    assert len(values) == 2
    assert all(values)


@pytest.mark.clause("payments.create.status-first")
def test_too_late_weighs_more_than_too_much(shop: Shop) -> None:
    """The order's status is looked at before the amount."""
    order = shop.order(amount=800)

    answer = capture(shop, order["id"], 801)

    shop.checks.refused(answer, "order.cannot-capture")


@pytest.mark.clause("payments.create.echo")
def test_a_payment_names_its_order(shop: Shop) -> None:
    """As an id, when it is made and afterwards."""
    order = shop.authorized()["id"]

    payment = shop.payment(order=order)

    assert payment["order"] == shop.now("payment", payment["id"])["order"] == order


@pytest.mark.clause("payments.create.processed")
def test_a_payment_is_processed(shop: Shop) -> None:
    """As soon as it is made."""
    payment = shop.payment()

    now = shop.now("payment", payment["id"])
    assert payment["status"] == now["status"] == "processed"


@pytest.mark.clause("payments.create.on-order")
def test_an_order_lists_its_payments(shop: Shop) -> None:
    """Each as an id, alone and in the list of orders."""
    order = shop.authorized()["id"]

    made = {shop.payment(amount, order=order)["id"] for amount in (10, 20, 30)}

    assert set(shop.now("order", order)["payments"]) == made
    entry = shop.checks.find(shop.api, "list_orders", order)
    assert set(entry["payments"]) == made


@pytest.mark.clause("payments.create.on-order")
def test_a_payment_is_on_its_own_order_only(shop: Shop) -> None:
    """Two orders are two purses."""
    first, second = (shop.authorized(500)["id"] for _ in range(2))

    payment = shop.payment(500, order=first)

    assert shop.now("order", first)["payments"] == [payment["id"]]
    untouched = shop.now("order", second)
    assert (untouched["status"], untouched["payments"]) == ("requires_capture", [])


@pytest.mark.clause("payments.create.line-items")
def test_a_payment_carries_its_line_items(shop: Shop) -> None:
    """As ids, and as objects when expanded."""
    order = shop.authorized()
    items = [item["id"] for item in order["lineItems"]][:2]

    payment = shop.payment(100, order=order["id"], lineItems=items)

    assert payment["lineItems"] == items
    expanded = shop.now("payment", payment["id"], expand="all")
    assert [item["id"] for item in expanded["lineItems"]] == items


@pytest.mark.clause("payments.get", "payments.list", "payments.status")
def test_a_payment_is_what_was_answered(shop: Shop) -> None:
    """Retrieved and listed it is the creation's answer."""
    payment = shop.payment()

    assert shop.now("payment", payment["id"]) == payment
    assert shop.checks.find(shop.api, "list_payments", payment["id"]) == payment
    page = shop.checks.page(shop.api.call("list_payments"))
    assert {entry["status"] for entry in page["data"]} <= {"processed", "refunded"}


def refund(shop: Shop, payment: str, amount: int, **changes: Any) -> Exchange:
    """Return the answer to a refund, whatever it is."""
    body = payloads.refund(payment, amount, **changes)
    return shop.api.call("create_refund", body)


def paid(shop: Shop, amount: int) -> Doc:
    """Return the payment of a new order that was captured at once."""
    shop.require_payments()
    payment: Doc = shop.order(amount=amount)["payments"][0]
    return payment


def assert_can_be_captured(shop: Shop, order: Doc) -> None:
    """Capture the whole amount of an order, and check that it then succeeded."""
    payment = shop.payment(order["amount"], order=order["id"])

    assert payment["status"] == "processed"
    assert shop.now("order", order["id"])["status"] == "succeeded"


@pytest.mark.clause("payments.create.failed")
def test_a_failed_capture_takes_nothing(shop: Shop, control: Control) -> None:
    """The order can still be captured in full."""
    order = shop.authorized()
    control.add_fault("create_payment", "fail")

    failed = shop.payment(order["amount"], order=order["id"])

    assert failed["status"] == shop.now("payment", failed["id"])["status"] == "failed"
    assert shop.now("order", order["id"])["status"] == "requires_capture"
    assert_can_be_captured(shop, order)


@pytest.mark.clause("payments.create.failed")
@pytest.mark.parametrize("operation", ["create_order", "authorize_order"])
def test_an_automatic_capture_that_fails_leaves_the_order_authorized(
    operation: str, shop: Shop, control: Control
) -> None:
    """The order has a failed payment and can still be captured in full."""
    control.add_fault(operation, "fail")
    if operation == "create_order":
        id_ = shop.order()["id"]
    else:
        id_ = shop.unauthorized()["id"]
        shop.checks.succeeded(shop.consumer.call(operation, APPROVED, id=id_))

    order = shop.now("order", id_, expand="all")

    assert order["status"] == "requires_capture"
    assert [payment["status"] for payment in order["payments"]] == ["failed"]
    assert_can_be_captured(shop, order)


@pytest.mark.clause("refunds.create.failed")
def test_a_failed_refund_gives_nothing_back(shop: Shop, control: Control) -> None:
    """The payment can still be refunded in full."""
    payment = shop.payment()
    control.add_fault("create_refund", "fail")

    failed = shop.refund(payment["amount"], payment=payment["id"])

    assert failed["status"] == shop.now("refund", failed["id"])["status"] == "failed"
    assert shop.now("payment", payment["id"])["status"] == "processed"
    again = shop.refund(payment["amount"], payment=payment["id"])
    assert again["status"] == "succeeded"
    assert shop.now("payment", payment["id"])["status"] == "refunded"


@pytest.mark.clause("refunds.create", "refunds.create.succeeded")
def test_a_payment_can_be_refunded_in_part(shop: Shop) -> None:
    """The refund is of this payment, of this amount, and succeeded."""
    payment = paid(shop, 800)

    made = shop.checks.ok(refund(shop, payment["id"], 2))

    assert (made["payment"], made["amount"]) == (payment["id"], 2)
    assert made["status"] == "succeeded"


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
    """The rest counts, not the paid amount."""
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


@pytest.mark.clause("refunds.create.default-amount")
@pytest.mark.parametrize("before", [0, 300])
def test_without_an_amount_the_rest_is_refunded(before: int, shop: Shop) -> None:
    """All of it, or what earlier refunds left."""
    payment = paid(shop, 800)["id"]
    if before:
        shop.checks.ok(refund(shop, payment, before))
    body = payloads.without(payloads.refund(payment, 1), "amount")

    made = shop.ok("create_refund", body)

    assert made["amount"] == 800 - before
    for again in (body, payloads.refund(payment, 1)):
        answer = shop.api.call("create_refund", again)
        shop.checks.refused(answer, "amount.insufficient")


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
    values = (now["status"], now["amount"], now["payments"])
    assert values == ("succeeded", 800, [payment])
