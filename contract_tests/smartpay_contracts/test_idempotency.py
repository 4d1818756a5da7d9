"""The Idempotency-Key: a retry gets the first answer and charges nobody twice."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.chance import fresh
from smartpay_contracts.checks import Checks, replay_headers
from smartpay_contracts.exchange import Exchange
from smartpay_contracts.kinds import (
    ARRANGE,
    CREATABLE,
    UPDATABLE,
    Kind,
    call,
    each,
    merchant_operations,
)
from smartpay_contracts.world import World
from smartpay_schemas import OPERATIONS

IDEMPOTENT = [row.id for row in OPERATIONS.values() if row.idempotent]


@pytest.mark.clause("idempotency.replay-post")
@each(CREATABLE)
def test_a_repeated_creation_makes_nothing_new(
    kind: Kind, world: World, checks: Checks
) -> None:
    """The same answer, and one object more than before, not two."""
    body, key = ARRANGE[kind.create_operation](world).body, fresh(32)
    before = len(checks.listed(world.api, kind.list_operation))

    first, second, third = (
        world.api.call(kind.create_operation, body, idempotency_key=key)
        for _ in range(3)
    )

    checks.ok(first)
    assert (second.status, second.doc) == (first.status, first.doc)
    assert (third.status, third.doc) == (first.status, first.doc)
    assert len(checks.listed(world.api, kind.list_operation)) == before + 1


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_order_charges_once(world: World, checks: Checks) -> None:
    """One order, one payment, however often it is asked for."""
    body, key = world.order_body(), fresh(32)

    ids = {
        checks.ok(world.api.call("create_order", body, idempotency_key=key))["id"]
        for _ in range(4)
    }

    assert len(ids) == 1
    order = world.now("order", ids.pop())
    assert len(order["payments"]) == 1
    payment = world.now("payment", order["payments"][0])
    assert payment["amount"] == payloads.AMOUNT


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_capture_captures_once(world: World, checks: Checks) -> None:
    """What is left afterwards is what one capture leaves."""
    order, key = world.authorized(1_000), fresh(32)
    body = payloads.payment(order["id"], 400, cancelRemainder="manual")

    for _ in range(3):
        checks.ok(world.api.call("create_payment", body, idempotency_key=key))

    assert len(world.now("order", order["id"])["payments"]) == 1
    over = payloads.payment(order["id"], 601, cancelRemainder="manual")
    refusal = world.api.call("create_payment", over)
    checks.refused(refusal, "payment.excessive-amount")
    assert world.payment(600, order=order["id"])["amount"] == 600


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_refund_refunds_once(world: World, checks: Checks) -> None:
    """No more than one refund, as the documentation promises."""
    payment, key = world.payment(500), fresh(32)
    body = payloads.refund(payment["id"], 300)

    for _ in range(3):
        checks.ok(world.api.call("create_refund", body, idempotency_key=key))

    assert world.refund(200, payment=payment["id"])["amount"] == 200
    refusal = world.api.call("create_refund", payloads.refund(payment["id"], 1))
    checks.refused(refusal, "amount.insufficient")


@pytest.mark.clause("idempotency.replay-put")
def test_a_repeated_cancellation_gets_the_first_answer(
    world: World, checks: Checks
) -> None:
    """The same body, and the order stays canceled."""
    order, key = world.authorized(), fresh(32)

    first, second = (
        world.api.call("cancel_order", id=order["id"], idempotency_key=key)
        for _ in range(2)
    )

    assert checks.ok(first) == checks.ok(second)
    assert replay_headers(second)
    assert world.now("order", order["id"])["status"] == "canceled"


@pytest.mark.clause("idempotency.replay-put")
def test_a_replayed_disabling_does_not_disable_again(
    world: World, checks: Checks
) -> None:
    """The token was enabled meanwhile, and stays so."""
    token, key = world.switchable_token(), fresh(32)

    def disable() -> Exchange:
        return world.api.call("disable_token", id=token, idempotency_key=key)

    checks.succeeded(disable())
    checks.succeeded(world.api.call("enable_token", id=token))
    checks.succeeded(disable())

    assert world.now("token", token)["status"] == "active"


@pytest.mark.clause("idempotency.replay-patch")
@each(UPDATABLE)
def test_a_replayed_update_gets_the_first_answer(
    kind: Kind, world: World, checks: Checks
) -> None:
    """And does not undo what was changed since."""
    made, key = kind.make(world), fresh(32)

    def update() -> Exchange:
        return world.api.call(
            kind.update_operation,
            {**(kind.update or {}), "metadata": {"round": "first"}},
            id=made["id"],
            idempotency_key=key,
        )

    first = checks.ok(update())
    later = {"metadata": {"round": "second"}}
    checks.ok(world.api.call(kind.update_operation, later, id=made["id"]))
    again = checks.ok(update())

    assert again == first
    assert world.now(kind.name, made["id"])["metadata"]["round"] == "second"


@pytest.mark.clause("idempotency.recognisable")
@pytest.mark.parametrize("operation", IDEMPOTENT)
def test_a_replay_can_be_told(operation: str, world: World, checks: Checks) -> None:
    """By a header that a first answer does not have."""
    arguments, key = ARRANGE[operation](world), fresh(32)

    first, second = (
        call(operation, world, arguments, idempotency_key=key) for _ in range(2)
    )

    checks.succeeded(first)
    checks.succeeded(second)
    assert not replay_headers(first), "the first answer looks like a replay"
    assert replay_headers(second), "the replay looks like a first answer"
    assert not replay_headers(world.api.call("list_orders"))


@pytest.mark.clause("idempotency.replay-header", "idempotency.same-bytes")
@pytest.mark.parametrize("operation", IDEMPOTENT)
def test_a_replay_is_byte_for_byte(
    operation: str, world: World, checks: Checks
) -> None:
    """Status, label and body, and the header says true."""
    arguments, key = ARRANGE[operation](world), fresh(32)

    first, second = (
        call(operation, world, arguments, idempotency_key=key) for _ in range(2)
    )

    checks.succeeded(first)
    assert second.headers.get("Idempotency-Replayed") == "true"
    assert (second.status, second.body) == (first.status, first.body)
    assert second.headers.get("Content-Type") == first.headers.get("Content-Type")


@pytest.mark.clause("idempotency.optional", "idempotency.one-order-per-key")
@each(CREATABLE)
def test_another_key_makes_another_object(
    kind: Kind, world: World, checks: Checks
) -> None:
    """Even with the same body and reference; none is needed at all."""
    body = ARRANGE[kind.create_operation](world).body
    if kind.name == "payment":
        body = {**body, "amount": 10}
    made = []

    for key in (fresh(32), fresh(32), None):
        if kind.name == "promotion_code":
            body = {**body, "code": world.reference()}
        answer = world.api.call(kind.create_operation, body, idempotency_key=key)
        made.append(checks.ok(answer)["id"])

    assert len(set(made)) == 3


@pytest.mark.clause("idempotency.get-ignored")
@pytest.mark.parametrize("operation", merchant_operations("GET"))
def test_a_key_on_a_get_is_accepted(
    operation: str, world: World, checks: Checks
) -> None:
    """Two SDKs send one with every call."""
    arguments = ARRANGE[operation](world)

    answer = call(operation, world, arguments, idempotency_key=fresh(15))

    checks.ok(answer)


@pytest.mark.clause("idempotency.get-ignored")
def test_a_get_with_a_used_key_shows_what_is_so_now(
    world: World, checks: Checks
) -> None:
    """Not what was so when the key was first seen."""
    order, key = world.authorized(), fresh(32)

    def look() -> list[Any]:
        got = world.api.call("get_order", id=order["id"], idempotency_key=key)
        headers = {"Idempotency-Key": key}
        entry = checks.find(world.api, "list_orders", order["id"], headers=headers)
        return [checks.ok(got)["status"], entry["status"]]

    before = look()
    checks.ok(world.api.call("cancel_order", id=order["id"], idempotency_key=key))
    after = look()

    assert before == ["requires_capture", "requires_capture"]
    assert after == ["canceled", "canceled"]


@pytest.mark.clause("idempotency.delete-ignored")
@pytest.mark.parametrize("operation", merchant_operations("DELETE"))
def test_a_key_on_a_delete_is_accepted(
    operation: str, world: World, checks: Checks
) -> None:
    """The object is gone afterwards."""
    arguments = ARRANGE[operation](world)

    answer = call(operation, world, arguments, idempotency_key=fresh(32))

    checks.succeeded(answer)
    kind = "token" if operation == "delete_token" else "webhook_endpoint"
    gone = world.api.call(f"get_{kind}", id=arguments.id)
    assert gone.status == 404
