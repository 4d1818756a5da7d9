"""The Idempotency-Key: a retry gets the first answer and charges nobody twice."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks, replay_headers
from smartpay_contracts.exchange import Exchange
from smartpay_contracts.resources import (
    ARRANGE,
    CREATABLE,
    UPDATABLE,
    Resource,
    call,
    each,
    merchant_operations,
)
from smartpay_contracts.shop import Shop
from smartpay_contracts.values import unique
from smartpay_schemas import OPERATIONS

IDEMPOTENT = [row.id for row in OPERATIONS.values() if row.idempotent]


@pytest.mark.clause("idempotency.replay-post")
@each(CREATABLE)
def test_a_repeated_creation_makes_nothing_new(
    resource: Resource, shop: Shop, checks: Checks
) -> None:
    """The same answer, and one object more than before, not two."""
    body, key = ARRANGE[resource.create_operation](shop).body, unique(32)
    before = len(checks.listed(shop.api, resource.list_operation))

    first, second, third = (
        shop.api.call(resource.create_operation, body, idempotency_key=key)
        for _ in range(3)
    )

    checks.ok(first)
    assert (second.status, second.doc) == (first.status, first.doc)
    assert (third.status, third.doc) == (first.status, first.doc)
    assert len(checks.listed(shop.api, resource.list_operation)) == before + 1


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_order_charges_once(shop: Shop, checks: Checks) -> None:
    """One order, one payment, however often it is asked for."""
    body, key = shop.order_body(), unique(32)

    ids = {
        checks.ok(shop.api.call("create_order", body, idempotency_key=key))["id"]
        for _ in range(4)
    }

    assert len(ids) == 1
    order = shop.now("order", ids.pop())
    assert len(order["payments"]) == 1
    payment = shop.now("payment", order["payments"][0])
    assert payment["amount"] == payloads.AMOUNT


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_capture_captures_once(shop: Shop, checks: Checks) -> None:
    """What is left afterwards is what one capture leaves."""
    order, key = shop.authorized(1_000), unique(32)
    body = payloads.payment(order["id"], 400, cancelRemainder="manual")

    for _ in range(3):
        checks.ok(shop.api.call("create_payment", body, idempotency_key=key))

    assert len(shop.now("order", order["id"])["payments"]) == 1
    over = payloads.payment(order["id"], 601, cancelRemainder="manual")
    refusal = shop.api.call("create_payment", over)
    checks.refused(refusal, "payment.excessive-amount")
    assert shop.payment(600, order=order["id"])["amount"] == 600


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_refund_refunds_once(shop: Shop, checks: Checks) -> None:
    """No more than one refund, as the documentation promises."""
    payment, key = shop.payment(500), unique(32)
    body = payloads.refund(payment["id"], 300)

    for _ in range(3):
        checks.ok(shop.api.call("create_refund", body, idempotency_key=key))

    assert shop.refund(200, payment=payment["id"])["amount"] == 200
    refusal = shop.api.call("create_refund", payloads.refund(payment["id"], 1))
    checks.refused(refusal, "amount.insufficient")


@pytest.mark.clause("idempotency.replay-put")
def test_a_repeated_cancellation_gets_the_first_answer(
    shop: Shop, checks: Checks
) -> None:
    """The same body, and the order stays canceled."""
    order, key = shop.authorized(), unique(32)

    first, second = (
        shop.api.call("cancel_order", id=order["id"], idempotency_key=key)
        for _ in range(2)
    )

    assert checks.ok(first) == checks.ok(second)
    assert replay_headers(second)
    assert shop.now("order", order["id"])["status"] == "canceled"


@pytest.mark.clause("idempotency.replay-put")
def test_a_replayed_disabling_does_not_disable_again(
    shop: Shop, checks: Checks
) -> None:
    """The token was enabled meanwhile, and stays so."""
    token, key = shop.switchable_token(), unique(32)

    def disable() -> Exchange:
        return shop.api.call("disable_token", id=token, idempotency_key=key)

    checks.succeeded(disable())
    checks.succeeded(shop.api.call("enable_token", id=token))
    checks.succeeded(disable())

    assert shop.now("token", token)["status"] == "active"


@pytest.mark.clause("idempotency.replay-patch")
@each(UPDATABLE)
def test_a_replayed_update_gets_the_first_answer(
    resource: Resource, shop: Shop, checks: Checks
) -> None:
    """And does not undo what was changed since."""
    made, key = resource.make(shop), unique(32)

    def update() -> Exchange:
        return shop.api.call(
            resource.update_operation,
            {**(resource.update or {}), "metadata": {"round": "first"}},
            id=made["id"],
            idempotency_key=key,
        )

    first = checks.ok(update())
    later = {"metadata": {"round": "second"}}
    checks.ok(shop.api.call(resource.update_operation, later, id=made["id"]))
    again = checks.ok(update())

    assert again == first
    assert shop.now(resource.name, made["id"])["metadata"]["round"] == "second"


@pytest.mark.clause("idempotency.recognisable")
@pytest.mark.parametrize("operation", IDEMPOTENT)
def test_a_replay_can_be_told(operation: str, shop: Shop, checks: Checks) -> None:
    """By a header that a first answer does not have."""
    arguments, key = ARRANGE[operation](shop), unique(32)

    first, second = (
        call(operation, shop, arguments, idempotency_key=key) for _ in range(2)
    )

    checks.succeeded(first)
    checks.succeeded(second)
    assert not replay_headers(first), "the first answer looks like a replay"
    assert replay_headers(second), "the replay looks like a first answer"
    assert not replay_headers(shop.api.call("list_orders"))


@pytest.mark.clause("idempotency.replay-header", "idempotency.same-bytes")
@pytest.mark.parametrize("operation", IDEMPOTENT)
def test_a_replay_is_byte_for_byte(operation: str, shop: Shop, checks: Checks) -> None:
    """Status, label and body, and the header says true."""
    arguments, key = ARRANGE[operation](shop), unique(32)

    first, second = (
        call(operation, shop, arguments, idempotency_key=key) for _ in range(2)
    )

    checks.succeeded(first)
    assert second.headers.get("Idempotency-Replayed") == "true"
    assert (second.status, second.body) == (first.status, first.body)
    assert second.headers.get("Content-Type") == first.headers.get("Content-Type")


@pytest.mark.clause("idempotency.optional", "idempotency.one-order-per-key")
@each(CREATABLE)
def test_another_key_makes_another_object(
    resource: Resource, shop: Shop, checks: Checks
) -> None:
    """Even with the same body and reference; none is needed at all."""
    body = ARRANGE[resource.create_operation](shop).body
    if resource.name == "payment":
        body = {**body, "amount": 10}
    made = []

    for key in (unique(32), unique(32), None):
        if resource.name == "promotion_code":
            body = {**body, "code": shop.reference()}
        answer = shop.api.call(resource.create_operation, body, idempotency_key=key)
        made.append(checks.ok(answer)["id"])

    assert len(set(made)) == 3


@pytest.mark.clause("idempotency.get-ignored")
@pytest.mark.parametrize("operation", merchant_operations("GET"))
def test_a_key_on_a_get_is_accepted(operation: str, shop: Shop, checks: Checks) -> None:
    """Two SDKs send one with every call."""
    answer = call(operation, shop, idempotency_key=unique(15))

    checks.ok(answer)


@pytest.mark.clause("idempotency.get-ignored")
def test_a_get_with_a_used_key_shows_what_is_so_now(shop: Shop, checks: Checks) -> None:
    """Not what was so when the key was first seen."""
    order, key = shop.authorized(), unique(32)

    def look() -> list[Any]:
        got = shop.api.call("get_order", id=order["id"], idempotency_key=key)
        headers = {"Idempotency-Key": key}
        entry = checks.find(shop.api, "list_orders", order["id"], headers=headers)
        return [checks.ok(got)["status"], entry["status"]]

    before = look()
    checks.ok(shop.api.call("cancel_order", id=order["id"], idempotency_key=key))
    after = look()

    assert before == ["requires_capture", "requires_capture"]
    assert after == ["canceled", "canceled"]


@pytest.mark.clause("idempotency.delete-ignored")
@pytest.mark.parametrize("operation", merchant_operations("DELETE"))
def test_a_key_on_a_delete_is_accepted(
    operation: str, shop: Shop, checks: Checks
) -> None:
    """The object is gone afterwards."""
    arguments = ARRANGE[operation](shop)

    answer = call(operation, shop, arguments, idempotency_key=unique(32))

    checks.succeeded(answer)
    resource = "token" if operation == "delete_token" else "webhook_endpoint"
    gone = shop.api.call(f"get_{resource}", id=arguments.id)
    assert gone.status == 404
