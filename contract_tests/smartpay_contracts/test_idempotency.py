"""The Idempotency-Key: a retry gets the first answer, and nothing is made twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import replay_headers
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import ContractFailure, Exchange
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
def test_a_repeated_creation_makes_nothing_new(resource: Resource, shop: Shop) -> None:
    """The same answer, and one object more than before, not two."""
    body, key = ARRANGE[resource.create_operation](shop).body, unique(32)
    before = len(shop.checks.listed(shop.api, resource.list_operation))

    first, second, third = (
        shop.api.call(resource.create_operation, body, idempotency_key=key)
        for _ in range(3)
    )

    shop.checks.ok(first)
    assert (second.status, second.doc) == (first.status, first.doc)
    assert (third.status, third.doc) == (first.status, first.doc)
    assert len(shop.checks.listed(shop.api, resource.list_operation)) == before + 1


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_order_charges_once(shop: Shop) -> None:
    """One order, one payment, however often it is asked for."""
    shop.require_payments()
    body, key = shop.order_body(), unique(32)

    ids = {shop.ok("create_order", body, idempotency_key=key)["id"] for _ in range(4)}

    assert len(ids) == 1
    order = shop.now("order", ids.pop())
    assert len(order["payments"]) == 1
    payment = shop.now("payment", order["payments"][0])
    assert payment["amount"] == payloads.AMOUNT


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_capture_captures_once(shop: Shop) -> None:
    """The rest to capture is that after one capture."""
    order, key = shop.authorized(1_000), unique(32)
    body = payloads.payment(order["id"], 400, cancelRemainder="manual")

    for _ in range(3):
        shop.ok("create_payment", body, idempotency_key=key)

    assert len(shop.now("order", order["id"])["payments"]) == 1
    over = payloads.payment(order["id"], 601, cancelRemainder="manual")
    refusal = shop.api.call("create_payment", over)
    shop.checks.refused(refusal, "payment.excessive-amount")
    assert shop.payment(600, order=order["id"])["amount"] == 600


@pytest.mark.clause("idempotency.replay-post")
def test_a_retried_refund_refunds_once(shop: Shop) -> None:
    """No more than one refund, as the documentation promises."""
    payment, key = shop.payment(500), unique(32)
    body = payloads.refund(payment["id"], 300)

    for _ in range(3):
        shop.ok("create_refund", body, idempotency_key=key)

    assert shop.refund(200, payment=payment["id"])["amount"] == 200
    refusal = shop.api.call("create_refund", payloads.refund(payment["id"], 1))
    shop.checks.refused(refusal, "amount.insufficient")


@pytest.mark.clause("idempotency.replay-put")
def test_a_repeated_cancellation_gets_the_first_answer(shop: Shop) -> None:
    """The same body, and the order stays canceled."""
    order, key = shop.authorized(), unique(32)

    first, second = (
        shop.api.call("cancel_order", id=order["id"], idempotency_key=key)
        for _ in range(2)
    )

    assert shop.checks.ok(first) == shop.checks.ok(second)
    assert replay_headers(second)
    assert shop.now("order", order["id"])["status"] == "canceled"


@pytest.mark.clause("idempotency.replay-put")
def test_a_replayed_disabling_does_not_disable_again(shop: Shop) -> None:
    """The token was enabled meanwhile, and stays so."""
    token, key = shop.switchable_token(), unique(32)

    def disable() -> Exchange:
        return shop.api.call("disable_token", id=token, idempotency_key=key)

    shop.checks.succeeded(disable())
    shop.checks.succeeded(shop.api.call("enable_token", id=token))
    shop.checks.succeeded(disable())

    assert shop.now("token", token)["status"] == "active"


@pytest.mark.clause("idempotency.replay-patch")
@each(UPDATABLE)
def test_a_replayed_update_gets_the_first_answer(
    resource: Resource, shop: Shop
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

    first = shop.checks.ok(update())
    later = {"metadata": {"round": "second"}}
    shop.ok(resource.update_operation, later, id=made["id"])
    again = shop.checks.ok(update())

    assert again == first
    assert shop.now(resource.name, made["id"])["metadata"]["round"] == "second"


@pytest.mark.clause("idempotency.recognisable")
@pytest.mark.parametrize("operation", IDEMPOTENT)
def test_a_replay_is_recognizable(operation: str, shop: Shop) -> None:
    """By a header that a first answer does not have."""
    arguments, key = ARRANGE[operation](shop), unique(32)

    first, second = (
        call(operation, shop, arguments, idempotency_key=key) for _ in range(2)
    )

    shop.checks.succeeded(first)
    shop.checks.succeeded(second)
    assert not replay_headers(first), "the first answer looks like a replay"
    assert replay_headers(second), "the replay looks like a first answer"
    assert not replay_headers(shop.api.call("list_orders"))


@pytest.mark.clause("idempotency.replay-header", "idempotency.same-bytes")
@pytest.mark.parametrize("operation", IDEMPOTENT)
def test_a_replay_is_byte_for_byte(operation: str, shop: Shop) -> None:
    """Status, label and body, and the header says true."""
    arguments, key = ARRANGE[operation](shop), unique(32)

    first, second = (
        call(operation, shop, arguments, idempotency_key=key) for _ in range(2)
    )

    shop.checks.succeeded(first)
    assert second.headers.get("Idempotency-Replayed") == "true"
    assert (second.status, second.body) == (first.status, first.body)
    assert second.headers.get("Content-Type") == first.headers.get("Content-Type")


@pytest.mark.clause("idempotency.optional", "idempotency.one-order-per-key")
@each(CREATABLE)
def test_another_key_makes_another_object(resource: Resource, shop: Shop) -> None:
    """Even with the same body and reference; none is needed at all."""
    body = ARRANGE[resource.create_operation](shop).body
    if resource.name == "payment":
        body = {**body, "amount": 10}
    made = []

    for key in (unique(32), unique(32), None):
        if resource.name == "promotion_code":
            body = {**body, "code": shop.reference()}
        answer = shop.api.call(resource.create_operation, body, idempotency_key=key)
        made.append(shop.checks.ok(answer)["id"])

    assert len(set(made)) == 3


@pytest.mark.clause("idempotency.get-ignored")
@pytest.mark.parametrize("operation", merchant_operations("GET"))
def test_a_key_on_a_get_is_accepted(operation: str, shop: Shop) -> None:
    """Two SDKs send one with every call."""
    answer = call(operation, shop, idempotency_key=unique(15))

    shop.checks.ok(answer)


@pytest.mark.clause("idempotency.get-ignored")
def test_a_get_with_a_used_key_shows_what_is_so_now(shop: Shop) -> None:
    """Not what was so when the key was first seen."""
    order, key = shop.authorized(), unique(32)

    def look() -> list[Any]:
        got = shop.api.call("get_order", id=order["id"], idempotency_key=key)
        headers = {"Idempotency-Key": key}
        entry = shop.checks.find(shop.api, "list_orders", order["id"], headers=headers)
        return [shop.checks.ok(got)["status"], entry["status"]]

    before = look()
    shop.ok("cancel_order", id=order["id"], idempotency_key=key)
    after = look()

    assert before == ["requires_capture", "requires_capture"]
    assert after == ["canceled", "canceled"]


@pytest.mark.clause("idempotency.delete-ignored")
@pytest.mark.parametrize("operation", merchant_operations("DELETE"))
def test_a_key_on_a_delete_is_accepted(operation: str, shop: Shop) -> None:
    """The object is gone afterwards."""
    arguments = ARRANGE[operation](shop)

    answer = call(operation, shop, arguments, idempotency_key=unique(32))

    shop.checks.succeeded(answer)
    resource = "token" if operation == "delete_token" else "webhook_endpoint"
    gone = shop.api.call(f"get_{resource}", id=arguments.id)
    assert gone.status == 404


KEYS = {
    "a UUID": "123e4567-e89b-42d3-a456-{}",
    "15 alphanumerics": "aB3{}",
    "32 alphanumerics": "0123456789abcdefGHIJ{}",
    "32 hexadecimal digits": "0123456789abcdef0123{}",
}
HOURS_MS = 3_600_000
TIMEOUT_S = 10


@pytest.mark.clause("idempotency.key-shapes")
@pytest.mark.parametrize("form", KEYS.values(), ids=KEYS)
def test_the_keys_of_every_sdk_work(form: str, shop: Shop) -> None:
    """Each makes one order and replays it."""
    body, key = shop.order_body(), form.format(unique(12))

    first, second = (
        shop.ok("create_order", body, idempotency_key=key) for _ in range(2)
    )

    assert first["id"] == second["id"]


@pytest.mark.clause("idempotency.underscore")
def test_a_key_with_an_underscore_in_its_name_is_none(shop: Shop) -> None:
    """Nothing is replayed, neither with that header nor with the right one."""
    body, key = shop.order_body(), unique(32)

    made = [
        shop.ok("create_order", body, headers={"Idempotency_Key": key})["id"]
        for _ in range(2)
    ]
    made.append(shop.ok("create_order", body, idempotency_key=key)["id"])

    assert len(set(made)) == 3


@pytest.mark.clause("idempotency.key-reused")
@each(CREATABLE)
def test_a_key_with_another_body_is_refused(resource: Resource, shop: Shop) -> None:
    """Nothing is made, and the first answer is still there."""
    body, key = ARRANGE[resource.create_operation](shop).body, unique(32)
    first = shop.api.call(resource.create_operation, body, idempotency_key=key)
    before = len(shop.checks.listed(shop.api, resource.list_operation))

    other = {**body, "metadata": {"changed": "yes"}}
    answer = shop.api.call(resource.create_operation, other, idempotency_key=key)

    shop.checks.refused(answer, "idempotency.key-reused")
    assert len(shop.checks.listed(shop.api, resource.list_operation)) == before
    again = shop.api.call(resource.create_operation, body, idempotency_key=key)
    assert again.doc == first.doc


@pytest.mark.clause("idempotency.scope-path")
def test_a_key_belongs_to_its_path(shop: Shop) -> None:
    """The same key captures, refunds and cancels in turn."""
    key = unique(32)
    body = shop.order_body(captureMethod="manual")

    def go(operation: str, *body: object, id_: str | None = None) -> Any:
        answer = shop.api.call(operation, *body, id=id_, idempotency_key=key)
        assert not replay_headers(answer), operation
        return shop.checks.ok(answer)

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
def test_a_key_belongs_to_the_object_in_the_path(shop: Shop) -> None:
    """Cancelling two orders with one key cancels both."""
    orders, key = [shop.authorized() for _ in range(2)], unique(32)

    for order in orders:
        answer = shop.api.call("cancel_order", id=order["id"], idempotency_key=key)
        assert shop.checks.ok(answer)["id"] == order["id"]

    now = [shop.now("order", order["id"])["status"] for order in orders]
    assert now == ["canceled", "canceled"]


@pytest.mark.clause("idempotency.scope-account")
def test_a_key_belongs_to_its_account(shop: Shop, other: Client) -> None:
    """Another account's answer is never replayed."""
    body, key = payloads.coupon(), unique(32)

    mine = shop.api.call("create_coupon", body, idempotency_key=key)
    theirs = other.call("create_coupon", body, idempotency_key=key)

    assert shop.checks.ok(mine)["id"] != shop.checks.ok(theirs)["id"]


@pytest.mark.clause("idempotency.window")
def test_a_key_is_remembered_for_six_hours(shop: Shop, control: Control) -> None:
    """One millisecond before, it replays; when they are over, it is executed."""
    body, key = shop.order_body(), unique(32)
    control.freeze()

    def go() -> Exchange:
        return shop.api.call("create_order", body, idempotency_key=key)

    first = shop.checks.ok(go())["id"]
    control.advance(milliseconds=6 * HOURS_MS - 1)
    last_replay = shop.checks.ok(go())["id"]
    control.advance(milliseconds=2)
    executed = shop.checks.ok(go())["id"]

    assert last_replay == first
    assert executed != first


@pytest.mark.clause("idempotency.window-from-first")
def test_replays_do_not_prolong_the_memory(shop: Shop, control: Control) -> None:
    """The hours count from the first call."""
    body, key = shop.order_body(), unique(32)
    control.freeze()
    ids = []

    for hours in (0, 3, 2.9, 0.2):
        control.advance(hours=hours)
        answer = shop.api.call("create_order", body, idempotency_key=key)
        ids.append(shop.checks.ok(answer)["id"])

    assert ids[0] == ids[1] == ids[2]
    assert ids[3] != ids[0]


def at_once(calls: Sequence[Callable[[], Exchange]]) -> list[Exchange]:
    """Return the answers to calls that are made at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [f.result() for f in [pool.submit(one) for one in calls]]


@pytest.mark.clause("idempotency.concurrent")
@each(CREATABLE)
def test_duplicates_that_arrive_at_once_make_one_object(
    resource: Resource, shop: Shop
) -> None:
    """Those that are answered with success name the same object."""
    body, key = ARRANGE[resource.create_operation](shop).body, unique(32)
    before = len(shop.checks.listed(shop.api, resource.list_operation))

    answers = at_once(
        [lambda: shop.api.call(resource.create_operation, body, idempotency_key=key)]
        * 8
    )

    made = {shop.checks.ok(a)["id"] for a in answers if a.status < 300}
    assert len(made) == 1
    assert len(shop.checks.listed(shop.api, resource.list_operation)) == before + 1


@pytest.mark.clause("idempotency.concurrent-waits")
def test_a_duplicate_waits_for_the_first_call(shop: Shop, control: Control) -> None:
    """Held in the middle, they all get the one answer in the end."""
    body, key = shop.order_body(), unique(32)
    hold = control.hold("create_order")

    with ThreadPoolExecutor(4) as pool:
        futures = [
            pool.submit(shop.api.call, "create_order", body, idempotency_key=key)
            for _ in range(4)
        ]
        wait_for_held(control, hold)
        control.release(hold)
        answers = [future.result() for future in futures]

    assert [a.status for a in answers] == [200] * 4
    assert len({a.body for a in answers}) == 1
    assert sum(bool(replay_headers(a)) for a in answers) == 3


def wait_for_held(control: Control, hold: str) -> None:
    """Return once a call is held.

    Raises:
        ContractFailure: None came in time.
    """
    deadline = time.monotonic() + TIMEOUT_S
    while not control.held(hold):
        if time.monotonic() > deadline:
            raise ContractFailure("a call to be held", found="no call was held")


@pytest.mark.clause("idempotency.refusals-stored")
def test_a_refusal_is_replayed(shop: Shop) -> None:
    """404, 409, 403 and 400, each as it was answered first."""
    order = shop.authorized(100)
    payment = shop.payment(100, order=order["id"])["id"]
    refusals = [
        ("create_payment", payloads.payment("order_test_unknown_id", 1)),
        ("create_payment", payloads.payment(order["id"], 1)),
        ("create_refund", payloads.refund(payment, 101)),
        ("create_order", shop.order_body(amount=-1)),
    ]
    for operation, body in refusals:
        key = unique(32)

        first, second = (
            shop.api.call(operation, body, idempotency_key=key) for _ in range(2)
        )

        assert (second.status, second.body) == (first.status, first.body)
        assert replay_headers(second), f"{first.status} of {operation}"
    assert len(shop.now("order", order["id"])["payments"]) == 1


@pytest.mark.clause("idempotency.refusals-stored")
def test_a_stored_refusal_outlives_its_reason(shop: Shop) -> None:
    """The coupon exists by now, but the answer to this key was given."""
    code, key = shop.reference(), unique(32)
    coupon = shop.coupon()["id"]
    shop.promotion_code(coupon=coupon, code=code)
    body = payloads.promotion_code(coupon, code.upper())

    for _ in range(2):
        answer = shop.api.call("create_promotion_code", body, idempotency_key=key)
        shop.checks.refused(answer, "promotion-code.exists")


@pytest.mark.clause("idempotency.unauthorized-not-stored")
def test_a_401_is_not_remembered(shop: Shop) -> None:
    """The call succeeds once the credential is right."""
    body, key = shop.order_body(), unique(32)

    anonymous = shop.api.with_authorization(None)
    shop.checks.unauthorized(anonymous.call("create_order", body, idempotency_key=key))
    answer = shop.api.call("create_order", body, idempotency_key=key)

    shop.checks.ok(answer)
    assert not replay_headers(answer)


@pytest.mark.clause("idempotency.media-type-not-stored")
@each(UPDATABLE)
def test_a_415_is_not_remembered(resource: Resource, shop: Shop) -> None:
    """The call succeeds once the body is labelled as JSON."""
    made, key = resource.make(shop), unique(32)
    wrong = {"Content-Type": "text/plain"}

    answers = [
        shop.api.call(
            resource.update_operation,
            resource.update,
            id=made["id"],
            idempotency_key=key,
            headers=headers,
        )
        for headers in (wrong, {})
    ]

    shop.checks.refused(answers[0], "request.unsupported-media-type")
    shop.checks.ok(answers[1])
    assert not replay_headers(answers[1])


@pytest.mark.clause("idempotency.server-errors-not-stored")
@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_not_remembered(
    status: int, shop: Shop, control: Control
) -> None:
    """The retry is executed, once."""
    body, key = shop.order_body(), unique(32)
    control.add_fault("create_order", "status", status=status, when="before_commit")

    failed = shop.api.call("create_order", body, idempotency_key=key)
    retried = shop.api.call("create_order", body, idempotency_key=key)

    assert failed.status == status
    assert shop.checks.ok(retried)["status"] == "succeeded"
    assert not replay_headers(retried)
    assert len(shop.checks.listed(shop.api, "list_orders")) == 1


@pytest.mark.clause("idempotency.lost-answer")
@pytest.mark.parametrize("kind", ["reset", "empty", "status"])
def test_a_lost_answer_is_got_by_the_retry(
    kind: str, shop: Shop, control: Control
) -> None:
    """The order was made before the connection broke; it is not made again."""
    body, key = shop.order_body(), unique(32)
    control.add_fault("create_order", kind, when="after_commit")

    try:
        lost = shop.api.call("create_order", body, idempotency_key=key)
    except ContractFailure:
        lost = None
    retried = shop.api.call("create_order", body, idempotency_key=key)

    assert lost is None or lost.status >= 500
    assert shop.checks.ok(retried)["status"] == "succeeded"
    assert replay_headers(retried)
    assert len(shop.checks.listed(shop.api, "list_orders")) == 1


@pytest.mark.clause("idempotency.key-bounds")
@pytest.mark.parametrize(
    ("key", "is_good"),
    [("x", True), ("k" * 255, True), ("k" * 256, False), ("", False), ("a\tb", False)],
    ids=["1", "255", "256", "empty", "tab"],
)
def test_a_key_has_1_to_255_printable_characters(
    key: str, is_good: bool, shop: Shop
) -> None:
    """Any other is refused, and nothing is made."""
    body = shop.order_body()
    before = shop.checks.listed(shop.api, "list_orders")

    answer = shop.api.call("create_order", body, idempotency_key=key)

    if is_good:
        shop.checks.ok(answer)
    else:
        shop.checks.refused(answer, "idempotency.key-invalid")
        assert shop.checks.listed(shop.api, "list_orders") == before
