"""The Idempotency-Key: a retry gets the first answer and charges nobody twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.chance import fresh
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Exchange
from smartpay_contracts.failure import ContractFailure
from smartpay_contracts.kinds import (
    ARRANGE,
    CREATABLE,
    UPDATABLE,
    Kind,
    call,
    merchant_operations,
)
from smartpay_contracts.world import World
from smartpay_schemas import OPERATIONS

IDEMPOTENT = [row.id for row in OPERATIONS.values() if row.idempotent]
KEYS = {
    "a UUID": "123e4567-e89b-42d3-a456-{}",
    "15 alphanumerics": "aB3{}",
    "32 alphanumerics": "0123456789abcdefGHIJ{}",
    "32 hexadecimal digits": "0123456789abcdef0123{}",
}
HOURS_MS = 3_600_000
PATIENCE_S = 10


def each(kinds: dict[str, Kind]) -> pytest.MarkDecorator:
    """Return the parametrisation over kinds of objects."""
    return pytest.mark.parametrize("kind", kinds.values(), ids=lambda kind: kind.name)


def replay_headers(exchange: Exchange) -> list[str]:
    """Return the headers by which a replay can be told."""
    return [n for n in exchange.headers if n.lower().startswith("idempotency-r")]


def count(world: World, kind: Kind) -> int:
    """Return how many objects of a kind the account lists."""
    return len(world.checks.listed(world.api, kind.list_operation))


@pytest.mark.clause("idempotency.replay-post")
@each(CREATABLE)
def test_a_repeated_creation_makes_nothing_new(
    kind: Kind, world: World, checks: Checks
) -> None:
    """The same answer, and one object more than before, not two."""
    body, key = ARRANGE[kind.create_operation](world).body, fresh(32)
    before = count(world, kind)

    first, second, third = (
        world.api.call(kind.create_operation, body, idempotency_key=key)
        for _ in range(3)
    )

    checks.ok(first)
    assert (second.status, second.doc) == (first.status, first.doc)
    assert (third.status, third.doc) == (first.status, first.doc)
    assert count(world, kind) == before + 1


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
    token, key = world.own_token(), fresh(32)

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
        listed = world.api.call("list_orders", idempotency_key=key)
        entry = next(e for e in checks.page(listed)["data"] if e["id"] == order["id"])
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


@pytest.mark.clause("idempotency.key-shapes")
@pytest.mark.parametrize("form", KEYS.values(), ids=KEYS)
def test_the_keys_of_every_sdk_work(form: str, world: World, checks: Checks) -> None:
    """Each makes one order and replays it."""
    body, key = world.order_body(), form.format(fresh(12))

    first, second = (
        checks.ok(world.api.call("create_order", body, idempotency_key=key))
        for _ in range(2)
    )

    assert first["id"] == second["id"]


@pytest.mark.clause("idempotency.key-reused")
@each(CREATABLE)
def test_a_key_with_another_body_is_refused(
    kind: Kind, world: World, checks: Checks
) -> None:
    """Nothing is made, and the first answer is still there."""
    body, key = ARRANGE[kind.create_operation](world).body, fresh(32)
    first = world.api.call(kind.create_operation, body, idempotency_key=key)
    before = count(world, kind)

    other = {**body, "metadata": {"changed": "yes"}}
    answer = world.api.call(kind.create_operation, other, idempotency_key=key)

    checks.refused(answer, "idempotency.key-reused")
    assert count(world, kind) == before
    again = world.api.call(kind.create_operation, body, idempotency_key=key)
    assert again.doc == first.doc


@pytest.mark.clause("idempotency.scope-path")
def test_a_key_belongs_to_its_path(world: World, checks: Checks) -> None:
    """The same key captures, refunds and cancels in turn."""
    key = fresh(32)
    body = world.order_body(captureMethod="manual")

    def go(operation: str, *body: object, id_: str | None = None) -> Any:
        answer = world.api.call(operation, *body, id=id_, idempotency_key=key)
        assert not replay_headers(answer), operation
        return checks.ok(answer)

    order = go("create_order", body)
    capture = payloads.payment(order["id"], 100, cancelRemainder="manual")
    payment = go("create_payment", capture)
    refund = go("create_refund", payloads.refund(payment["id"], 50))
    update = {"reference": "the same key again"}
    changed = go("update_payment", update, id_=payment["id"])
    canceled = go("cancel_order", id_=order["id"])

    assert [payment["object"], refund["object"]] == ["payment", "refund"]
    assert changed["reference"] == "the same key again"
    assert canceled["status"] == "succeeded"


@pytest.mark.clause("idempotency.scope-path")
def test_a_key_belongs_to_the_object_in_the_path(world: World, checks: Checks) -> None:
    """Cancelling two orders with one key cancels both."""
    orders, key = [world.authorized() for _ in range(2)], fresh(32)

    for order in orders:
        answer = world.api.call("cancel_order", id=order["id"], idempotency_key=key)
        assert checks.ok(answer)["id"] == order["id"]

    now = [world.now("order", order["id"])["status"] for order in orders]
    assert now == ["canceled", "canceled"]


@pytest.mark.clause("idempotency.scope-account")
def test_a_key_belongs_to_its_account(
    world: World, other: Client, checks: Checks
) -> None:
    """Another account's answer is never replayed."""
    body, key = payloads.coupon(), fresh(32)

    mine = world.api.call("create_coupon", body, idempotency_key=key)
    theirs = other.call("create_coupon", body, idempotency_key=key)

    assert checks.ok(mine)["id"] != checks.ok(theirs)["id"]


@pytest.mark.clause("idempotency.window")
def test_a_key_is_remembered_for_six_hours(
    world: World, control: Control, checks: Checks
) -> None:
    """One millisecond before, it replays; when they are over, it is executed."""
    body, key = world.order_body(), fresh(32)
    control.freeze()

    def go() -> Exchange:
        return world.api.call("create_order", body, idempotency_key=key)

    first = checks.ok(go())["id"]
    control.advance(milliseconds=6 * HOURS_MS - 1)
    last_replay = checks.ok(go())["id"]
    control.advance(milliseconds=2)
    executed = checks.ok(go())["id"]

    assert last_replay == first
    assert executed != first


@pytest.mark.clause("idempotency.window-from-first")
def test_replays_do_not_prolong_the_memory(
    world: World, control: Control, checks: Checks
) -> None:
    """The hours count from the first call."""
    body, key = world.order_body(), fresh(32)
    control.freeze()
    ids = []

    for hours in (0, 3, 2.9, 0.2):
        control.advance(hours=hours)
        answer = world.api.call("create_order", body, idempotency_key=key)
        ids.append(checks.ok(answer)["id"])

    assert ids[0] == ids[1] == ids[2]
    assert ids[3] != ids[0]


def at_once(calls: Sequence[Callable[[], Exchange]]) -> list[Exchange]:
    """Return the answers to calls that are made at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(one) for one in calls]]


@pytest.mark.clause("idempotency.concurrent")
@each(CREATABLE)
def test_duplicates_that_arrive_at_once_make_one_object(
    kind: Kind, world: World, checks: Checks
) -> None:
    """Those that are answered with success name the same object."""
    body, key = ARRANGE[kind.create_operation](world).body, fresh(32)
    before = count(world, kind)

    answers = at_once(
        [lambda: world.api.call(kind.create_operation, body, idempotency_key=key)] * 8
    )

    made = {checks.ok(a)["id"] for a in answers if a.status < 300}
    assert len(made) == 1
    assert count(world, kind) == before + 1


@pytest.mark.clause("idempotency.concurrent-waits")
def test_a_duplicate_waits_for_the_first_call(
    world: World, control: Control, checks: Checks
) -> None:
    """Held in the middle, they all get the one answer in the end."""
    body, key = world.order_body(), fresh(32)
    gate = control.hold("create_order")

    with ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(world.api.call, "create_order", body, idempotency_key=key)
            for _ in range(4)
        ]
        wait_for_held(control, gate)
        control.release(gate)
        answers = [future.result() for future in futures]

    assert [a.status for a in answers] == [200] * 4
    assert len({a.body for a in answers}) == 1
    assert sum(bool(replay_headers(a)) for a in answers) == 3


def wait_for_held(control: Control, gate: str) -> None:
    """Return once a call is held at a gate.

    Raises:
        ContractFailure: None came in time.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not control.held(gate):
        if time.monotonic() > deadline:
            raise ContractFailure("a call to be held", found="none came to the gate")


@pytest.mark.clause("idempotency.refusals-stored")
def test_a_refusal_is_replayed(world: World, checks: Checks) -> None:
    """404, 409, 403 and 400, each as it was answered first."""
    order = world.authorized(100)
    payment = world.payment(100, order=order["id"])["id"]
    refusals = [
        ("create_payment", payloads.payment("order_test_nobodys", 1)),
        ("create_payment", payloads.payment(order["id"], 1)),
        ("create_refund", payloads.refund(payment, 101)),
        ("create_order", world.order_body(amount=-1)),
    ]
    for operation, body in refusals:
        key = fresh(32)

        first, second = (
            world.api.call(operation, body, idempotency_key=key) for _ in range(2)
        )

        assert (second.status, second.body) == (first.status, first.body)
        assert replay_headers(second), f"{first.status} of {operation}"
    assert len(world.now("order", order["id"])["payments"]) == 1


@pytest.mark.clause("idempotency.refusals-stored")
def test_a_stored_refusal_outlives_its_reason(world: World, checks: Checks) -> None:
    """The coupon exists by now, but the answer to this key was given."""
    code, key = world.reference(), fresh(32)
    coupon = world.coupon()["id"]
    world.promotion_code(coupon=coupon, code=code)
    body = payloads.promotion_code(coupon, code.upper())

    for _ in range(2):
        answer = world.api.call("create_promotion_code", body, idempotency_key=key)
        checks.refused(answer, "promotion-code.exists")


@pytest.mark.clause("idempotency.unauthorized-not-stored")
def test_a_401_is_not_remembered(world: World, checks: Checks) -> None:
    """The call succeeds once the credential is right."""
    body, key = world.order_body(), fresh(32)

    stranger = world.api.with_authorization(None)
    checks.unauthorized(stranger.call("create_order", body, idempotency_key=key))
    answer = world.api.call("create_order", body, idempotency_key=key)

    checks.ok(answer)
    assert not replay_headers(answer)


@pytest.mark.clause("idempotency.server-errors-not-stored")
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_not_remembered(
    status: int, world: World, control: Control, checks: Checks
) -> None:
    """The retry is executed, once."""
    body, key = world.order_body(), fresh(32)
    control.add_fault("create_order", "status", status=status, when="before_commit")

    failed = world.api.call("create_order", body, idempotency_key=key)
    retried = world.api.call("create_order", body, idempotency_key=key)

    assert failed.status == status
    assert checks.ok(retried)["status"] == "succeeded"
    assert not replay_headers(retried)
    assert len(checks.listed(world.api, "list_orders")) == 1


@pytest.mark.clause("idempotency.lost-answer")
@pytest.mark.parametrize("kind", ["reset", "empty", "status"])
def test_a_lost_answer_is_got_by_the_retry(
    kind: str, world: World, control: Control, checks: Checks
) -> None:
    """The order was made before the connection broke; it is not made again."""
    body, key = world.order_body(), fresh(32)
    control.add_fault("create_order", kind, when="after_commit")

    try:
        lost = world.api.call("create_order", body, idempotency_key=key)
    except ContractFailure:
        lost = None
    retried = world.api.call("create_order", body, idempotency_key=key)

    assert lost is None or lost.status >= 500
    assert checks.ok(retried)["status"] == "succeeded"
    assert replay_headers(retried)
    assert len(checks.listed(world.api, "list_orders")) == 1


@pytest.mark.clause("idempotency.key-bounds")
@pytest.mark.parametrize(
    ("key", "is_good"),
    [("x", True), ("k" * 255, True), ("k" * 256, False), ("", False), ("a\tb", False)],
    ids=["1", "255", "256", "empty", "tab"],
)
def test_a_key_has_1_to_255_printable_characters(
    key: str, is_good: bool, world: World, checks: Checks
) -> None:
    """Any other is refused, and nothing is made."""
    body = world.order_body()

    answer = world.api.call("create_order", body, idempotency_key=key)

    if is_good:
        checks.ok(answer)
    else:
        checks.refused(answer, "idempotency.key-invalid")
        assert checks.listed(world.api, "list_orders") == []
