"""Each operation: its answer, its documented refusals, and what ids may not reveal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smartpay_schemas import OPERATIONS

BY_ID = [row.id for row in OPERATIONS.values() if "{id}" in row.path]
KIND_OF = {
    "orders": "order",
    "payments": "payment",
    "refunds": "refund",
    "tokens": "token",
    "checkout-sessions": "session",
    "coupons": "coupon",
    "promotion-codes": "code",
    "webhook-endpoints": "endpoint",
}
NOT_FOUND = {
    "order": "order.not-found",
    "payment": "payment.not-found",
    "refund": "refund.not-found",
    "token": "token.not-found",
    "session": "checkout-session.not-found",
    "coupon": "coupon.not-found",
    "code": "promotion-code.not-found",
    "endpoint": "webhook-endpoint.notfound",
}


def a_payment(api: Any) -> Any:
    """Capture a part of a new order."""
    return api.capture(api.manual()["id"], 1000).json


MAKERS: dict[str, Callable[[Any], Any]] = {
    "order": lambda api: api.order(),
    "payment": a_payment,
    "refund": lambda api: api.refund(a_payment(api)["id"], 10).json,
    "token": lambda api: api.ok("get_token", id=api.active_token()),
    "session": lambda api: api.session(),
    "coupon": lambda api: api.coupon(),
    "code": lambda api: api.promotion_code(),
    "endpoint": lambda api: api.endpoint(),
}

BODIES: dict[str, Any] = {
    "authorize_order": {"paymentMethod": "pm_test_visaApproved"},
}


def kind_of(operation: str) -> str:
    """Return the kind of object that an operation's path names."""
    row = OPERATIONS[operation]
    if row.side == "consumer":
        return "order" if operation == "authorize_order" else "token"
    return KIND_OF[row.tag]


def touch(api: Any, operation: str, id_: str) -> Any:
    """Call an operation on an id with a body it accepts."""
    row = OPERATIONS[operation]
    body = BODIES.get(operation, {} if row.request else None)
    headers = api.bearer() if row.side == "consumer" else None
    return api.do(operation, body, id=id_, headers=headers)


@pytest.mark.parametrize("operation", BY_ID)
def test_an_id_of_another_kind_is_unknown(api: Any, operation: str) -> None:
    """The message names the id; nothing changes."""
    kind = kind_of(operation)
    unrelated = MAKERS["coupon" if kind != "coupon" else "order"](api)["id"]
    api.bearer()
    before = api.held()

    reply = touch(api, operation, unrelated)

    assert reply.refusal == (404, NOT_FOUND[kind])
    assert NOT_FOUND[kind] in OPERATIONS[operation].errors
    assert unrelated in reply.message
    assert reply.details == []
    assert api.held() == before


@pytest.mark.parametrize(
    "operation", [id_ for id_ in BY_ID if OPERATIONS[id_].side == "merchant"]
)
def test_another_accounts_id_is_answered_like_an_unknown_one(
    api: Any, other: Any, operation: str
) -> None:
    """The answers are equal byte for byte, but for the id asked for."""
    theirs = MAKERS[kind_of(operation)](other)["id"]
    before = other.held()
    unknown = theirs[:-4] + "0000"

    foreign = touch(api, operation, theirs)
    nobody = touch(api, operation, unknown)

    assert foreign.status == 404
    assert foreign.body.replace(theirs.encode(), b"?") == nobody.body.replace(
        unknown.encode(), b"?"
    )
    assert set(dict(foreign.headers)) == set(dict(nobody.headers))
    assert other.held() == before


def test_every_object_of_a_new_account_is_the_standard_one(api: Any) -> None:
    """Lists start empty, but for the standard tokens that lists show."""
    for row in OPERATIONS.values():
        if row.collection:
            listed = api.ok(row.id)["data"]
            assert [item["id"] for item in listed] == (
                [
                    "paytok_test_zAo001ZRfyjz1F4rMyYPnL",
                    "paytok_test_approved",
                    "paytok_test_declined",
                    "paytok_test_disabled",
                    "paytok_test_consumerInactive",
                ]
                if row.id == "list_tokens"
                else []
            )


@pytest.mark.parametrize(
    "operation", [r.id for r in OPERATIONS.values() if r.request is not None]
)
def test_an_empty_body_is_malformed_for_every_operation_that_takes_one(
    api: Any, operation: str
) -> None:
    """Whatever the operation; PATCH takes {} but not nothing."""
    headers = {"Content-Type": "application/json"}
    if OPERATIONS[operation].side == "consumer":
        headers |= api.bearer()

    reply = api.do(operation, raw=b"", id="x_test_1", headers=headers)

    assert reply.refusal == (400, "request.malformed")


@pytest.mark.parametrize("rest", ["manual", "automatic"])
def test_a_capture_of_more_than_is_left_is_refused(api: Any, rest: str) -> None:
    """The message says what is left; nothing is captured."""
    order = api.manual()["id"]
    api.capture(order, 1000)
    before = api.held()

    reply = api.capture(order, 1501, cancelRemainder=rest)

    assert reply.refusal == (409, "payment.excessive-amount")
    assert "1501 is more than the 1500 left" in reply.message
    assert api.held() == before


def test_a_refund_of_more_than_is_left_is_refused(api: Any) -> None:
    """The message says what is left; nothing is refunded."""
    payment = a_payment(api)["id"]
    api.refund(payment, 600)
    before = api.held()

    reply = api.refund(payment, 401)

    assert reply.refusal == (403, "amount.insufficient")
    assert "401 is more than the 400 left" in reply.message
    assert api.held() == before


def test_line_items_of_a_capture_must_be_the_orders_own(api: Any) -> None:
    """Every unknown id is named with its place; nothing is captured."""
    order, second = api.manual(), api.manual()
    mine, theirs = order["lineItems"][0]["id"], second["lineItems"][0]["id"]
    before = api.held()

    reply = api.capture(order["id"], 1, lineItems=[theirs, mine, theirs])

    assert reply.refusal == (400, "request.invalid")
    assert [detail.partition(":")[0] for detail in reply.details] == [
        "lineItems[0]",
        "lineItems[2]",
    ]
    assert api.held() == before


def test_line_items_of_a_refund_must_be_the_orders_own(api: Any) -> None:
    """As for captures."""
    payment = a_payment(api)["id"]
    unrelated = api.manual()["lineItems"][0]["id"]

    reply = api.refund(payment, 1, lineItems=[unrelated])

    assert reply.refusal == (400, "request.invalid")


UPDATED = {
    "payment": "payment",
    "refund": "refund",
    "coupon": "coupon",
    "code": "promotion_code",
    "endpoint": "webhook_endpoint",
}
"""Kind -> the name of its operations."""


@pytest.mark.parametrize("kind", UPDATED)
@pytest.mark.parametrize(
    "body",
    [{}, {"metadata": {}}, {"metadata": None}, {"idempotencyKey": "x"}],
    ids=["empty", "no metadata", "null", "unknown"],
)
def test_an_update_without_a_change_changes_nothing(
    api: Any, kind: str, body: Any
) -> None:
    """No new updatedAt, no event, nothing written."""
    api.freeze()
    name = UPDATED[kind]
    made = api.ok(f"get_{name}", id=MAKERS[kind](api)["id"])
    api.advance(seconds=1)
    before = api.held()

    answer = api.ok(f"update_{name}", body, id=made["id"])

    assert answer == made
    assert api.held() == before
