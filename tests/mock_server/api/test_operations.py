"""Each operation: its answer, its documented refusals, and what ids may not reveal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smartpay_schemas import LIFECYCLES, OPERATIONS

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

COUPON = {
    "name": "spring",
    "discountType": "amount",
    "discountAmount": 100,
    "currency": "JPY",
}


def a_code(api: Any) -> Any:
    """Make a promotion code over a new coupon."""
    coupon = api.ok("create_coupon", COUPON)["id"]
    return api.ok("create_promotion_code", {"code": "SPRING", "coupon": coupon})


def a_payment(api: Any) -> Any:
    """Capture a part of a new order."""
    return api.capture(api.manual()["id"], 1000).json


MAKERS: dict[str, Callable[[Any], Any]] = {
    "order": lambda api: api.order(),
    "payment": a_payment,
    "refund": lambda api: api.refund(a_payment(api)["id"], 10).json,
    "token": lambda api: api.ok("get_token", id=api.active_token()),
    "session": lambda api: api.session(),
    "coupon": lambda api: api.ok("create_coupon", COUPON),
    "code": a_code,
    "endpoint": lambda api: api.ok(
        "create_webhook_endpoint", {"url": "https://example.com/hook"}
    ),
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


@pytest.mark.parametrize("kind", MAKERS)
def test_what_was_made_is_read_again_and_listed(api: Any, kind: str) -> None:
    """Retrieved and listed, it is what creating it answered, but for expansion."""
    made = MAKERS[kind](api)
    tag = next(tag for tag, name in KIND_OF.items() if name == kind)
    get = next(r for r in OPERATIONS.values() if r.tag == tag and r.method == "GET")
    single = next(
        r.id
        for r in OPERATIONS.values()
        if r.tag == tag and r.method == "GET" and not r.collection
    )
    everything = next(
        r.id for r in OPERATIONS.values() if r.tag == tag and r.collection
    )

    read = api.ok(single, id=made["id"])
    listed = api.ok(everything)["data"]

    assert get.side == "merchant"
    assert listed[0] == read
    plain = {k: v for k, v in made.items() if not isinstance(v, dict | list)}
    assert plain.items() <= read.items()
    if OPERATIONS[single].expand == "query" and kind in ("order", "session"):
        assert api.ok(single, id=made["id"], query={"expand": "all"}) == made


@pytest.mark.parametrize("operation", BY_ID)
def test_an_unknown_id_has_the_documented_refusal(api: Any, operation: str) -> None:
    """404 with the kind's own code, and nothing changed."""
    kind = kind_of(operation)
    api.bearer()
    before = api.held()

    reply = touch(api, operation, "order_test_4fQmZ0x9KcT2vLhB7sYd1R")

    assert reply.refusal == (404, NOT_FOUND[kind])
    assert NOT_FOUND[kind] in OPERATIONS[operation].errors
    assert "order_test_4fQmZ0x9KcT2vLhB7sYd1R" in reply.message
    assert reply.details == []
    assert api.held() == before


@pytest.mark.parametrize("operation", BY_ID)
def test_an_id_of_another_kind_is_unknown(api: Any, operation: str) -> None:
    """It exists, but it is none of these."""
    kind = kind_of(operation)
    unrelated = MAKERS["coupon" if kind != "coupon" else "order"](api)["id"]

    reply = touch(api, operation, unrelated)

    assert reply.refusal == (404, NOT_FOUND[kind])


@pytest.mark.parametrize(
    "operation", [id_ for id_ in BY_ID if OPERATIONS[id_].side == "merchant"]
)
def test_another_accounts_id_cannot_be_told_from_an_unknown_one(
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


REFERRING: dict[str, Callable[[Any, str], Any]] = {
    "order.not-found": lambda api, id_: api.capture(id_, 1),
    "payment.not-found": lambda api, id_: api.refund(id_, 1),
    "coupon.not-found": lambda api, id_: api.do(
        "create_promotion_code", {"code": "X", "coupon": id_}
    ),
}
REFERRED = {
    "order.not-found": "order",
    "payment.not-found": "payment",
    "coupon.not-found": "coupon",
}


@pytest.mark.parametrize("code", REFERRING)
def test_a_body_that_refers_to_another_accounts_object_finds_nothing(
    api: Any, other: Any, code: str
) -> None:
    """As if it did not exist."""
    theirs = MAKERS[REFERRED[code]](other)["id"]
    unknown = theirs[:-4] + "0000"
    before = other.held()

    foreign, nobody = REFERRING[code](api, theirs), REFERRING[code](api, unknown)

    assert foreign.refusal == (404, code)
    assert foreign.body.replace(theirs.encode(), b"?") == nobody.body.replace(
        unknown.encode(), b"?"
    )
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


class TestPayments:
    """POST /payments and PATCH /payments/{id}."""

    def test_a_capture_leaves_the_rest_if_so_asked(self, api: Any) -> None:
        """CancelRemainder manual; the order goes on waiting."""
        order = api.manual()["id"]

        payment = api.capture(
            order, 1000, reference="12345", description="part", metadata={"a": "b"}
        ).json

        assert payment["amount"] == 1000
        assert payment["order"] == order
        assert (payment["reference"], payment["description"]) == ("12345", "part")
        assert (payment["lineItems"], payment["refunds"]) == ([], [])
        read = api.ok("get_order", id=order)
        assert (read["status"], read["payments"]) == (
            "requires_capture",
            [payment["id"]],
        )

    @pytest.mark.parametrize("word", ["automatic", "autommatic", None])
    def test_a_capture_releases_the_rest_by_default(self, api: Any, word: Any) -> None:
        """The first capture is then the only one."""
        order = api.manual()["id"]

        api.capture(order, 1000, cancelRemainder=word)

        assert api.ok("get_order", id=order)["status"] == "succeeded"
        assert api.capture(order, 1).refusal == (409, "order.cannot-capture")

    def test_the_last_yen_ends_the_order(self, api: Any) -> None:
        """Whatever cancelRemainder says."""
        order = api.manual()["id"]
        api.capture(order, 2499)

        last = api.capture(order, 1)

        assert last.status == 200
        assert api.ok("get_order", id=order)["status"] == "succeeded"

    @pytest.mark.parametrize("rest", ["manual", "automatic"])
    def test_more_than_is_left_is_refused(self, api: Any, rest: str) -> None:
        """With what is left, and nothing taken."""
        order = api.manual()["id"]
        api.capture(order, 1000)
        before = api.held()

        reply = api.capture(order, 1501, cancelRemainder=rest)

        assert reply.refusal == (409, "payment.excessive-amount")
        assert "1501 is more than the 1500 left" in reply.message
        assert api.held() == before

    def test_the_status_is_looked_at_before_the_amount(self, api: Any) -> None:
        """Both too late and too large is too late."""
        order = api.order()["id"]

        assert api.capture(order, 99_999).refusal == (409, "order.cannot-capture")

    def test_another_currency_is_invalid(self, api: Any) -> None:
        """Only the order's own can be captured."""
        reply = api.capture(api.manual()["id"], 1, currency="USD")

        assert reply.refusal == (400, "request.invalid")

    def test_line_items_must_be_the_orders_own(self, api: Any) -> None:
        """Every unknown id is named with its place; known ones are shown expanded."""
        order, second = api.manual(), api.manual()
        mine, theirs = order["lineItems"][0]["id"], second["lineItems"][0]["id"]
        before = api.held()

        refused = api.capture(order["id"], 1, lineItems=[theirs, mine, theirs])
        untouched = api.held() == before
        taken = api.capture(order["id"], 1, lineItems=[mine]).json

        assert refused.refusal == (400, "request.invalid")
        assert [d.partition(":")[0] for d in refused.details] == [
            "lineItems[0]",
            "lineItems[2]",
        ]
        assert untouched
        assert taken["lineItems"] == [mine]
        shown = api.ok("get_payment", id=taken["id"], query={"expand": "all"})
        assert shown["lineItems"] == [order["lineItems"][0]]
        assert shown["order"] == order["id"]

    def test_an_unapproved_order_cannot_be_captured(self, api: Any) -> None:
        """It waits for its consumer first."""
        order = api.session(captureMethod="manual")["order"]["id"]

        reply = api.capture(order, 1)

        assert reply.refusal == (409, "order.cannot-capture")
        assert "requires_authorization" in reply.message


class TestRefunds:
    """POST /refunds and PATCH /refunds/{id}."""

    def test_a_part_leaves_the_payment_processed(self, api: Any) -> None:
        """The payment lists its refunds; its order is not touched."""
        payment = a_payment(api)
        order = api.ok("get_order", id=payment["order"])

        one = api.refund(payment["id"], 1, reference="r", description="d").json
        two = api.refund(payment["id"], 2).json

        read = api.ok("get_payment", id=payment["id"])
        assert (read["status"], read["refunds"]) == (
            "processed",
            [one["id"], two["id"]],
        )
        assert (one["amount"], one["status"]) == (1, "succeeded")
        assert (one["reason"], one["reference"]) == ("requested_by_customer", "r")
        assert api.ok("get_order", id=payment["order"]) == order

    def test_without_an_amount_the_rest_is_refunded(self, api: Any) -> None:
        """All that is left of it, and then nothing more."""
        payment = a_payment(api)["id"]
        api.refund(payment, 1)

        rest = api.refund(payment).json
        more = api.refund(payment)

        assert rest["amount"] == 999
        assert api.ok("get_payment", id=payment)["status"] == "refunded"
        assert more.refusal == (403, "amount.insufficient")
        assert "1000 is more than the 0 left" in more.message

    def test_more_than_is_left_is_refused(self, api: Any) -> None:
        """403, with what is left, and nothing given back."""
        payment = a_payment(api)["id"]
        api.refund(payment, 600)
        before = api.held()

        reply = api.refund(payment, 401)

        assert reply.refusal == (403, "amount.insufficient")
        assert "401 is more than the 400 left" in reply.message
        assert api.held() == before

    def test_a_refund_lowers_its_own_payment_only(self, api: Any) -> None:
        """Nor can what was given back be captured again."""
        order = api.manual()["id"]
        first, second = (api.capture(order, 1000).json["id"] for _ in range(2))
        api.refund(first)

        assert api.refund(second, 1000).status == 200
        assert api.capture(order, 501).refusal == (409, "payment.excessive-amount")

    def test_line_items_and_currency_must_fit(self, api: Any) -> None:
        """As for captures."""
        payment = a_payment(api)
        line = api.ok("get_order", id=payment["order"])["lineItems"][0]
        unrelated = api.manual()["lineItems"][0]["id"]

        refused = api.refund(payment["id"], 1, lineItems=[unrelated])
        given = api.refund(payment["id"], 1, lineItems=[line]).json
        shown = api.ok("get_refund", id=given["id"], query={"expand": "all"})

        assert refused.refusal == (400, "request.invalid")
        assert [item["id"] for item in shown["lineItems"]] == [line]
        assert shown["payment"] == payment["id"]


UPDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "payment": ("update_payment", {"reference": "r", "description": "d"}),
    "refund": ("update_refund", {"reference": "r", "description": "d"}),
    "coupon": ("update_coupon", {"name": "n", "active": False}),
    "code": ("update_promotion_code", {"active": False}),
    "endpoint": (
        "update_webhook_endpoint",
        {
            "url": "http://127.0.0.1:1/x",
            "active": False,
            "description": "d",
            "eventSubscriptions": ["order.authorized"],
        },
    ),
}


@pytest.mark.parametrize("kind", UPDATES)
class TestUpdates:
    """PATCH: what is named changes, what is not stays."""

    def test_what_is_named_changes_and_stays_changed(self, api: Any, kind: str) -> None:
        """Nothing else does, but updatedAt."""
        api.freeze()
        made = MAKERS[kind](api)
        made = api.ok(get_of(kind), id=made["id"])
        operation, changes = UPDATES[kind]
        api.advance(seconds=1)

        changed = api.ok(operation, changes, id=made["id"])

        now = made["updatedAt"] + 1000
        assert changed == {**made, **changes, "updatedAt": now}
        assert api.ok(get_of(kind), id=made["id"]) == changed

    def test_metadata_is_merged(self, api: Any, kind: str) -> None:
        """Named pairs change, others stay, null leaves alone, {} wipes nothing."""
        id_ = MAKERS[kind](api)["id"]
        operation, _ = UPDATES[kind]

        api.ok(operation, {"metadata": {"a": "1", "b": "2"}}, id=id_)
        api.ok(operation, {"metadata": {"b": "3", "c": True}}, id=id_)
        api.ok(operation, {"metadata": {}}, id=id_)
        api.ok(operation, {"metadata": {"a": None}}, id=id_)
        last = api.ok(operation, {"metadata": None}, id=id_)

        assert last["metadata"] == {"a": "1", "b": "3", "c": True}

    def test_metadata_may_not_grow_beyond_its_limit(self, api: Any, kind: str) -> None:
        """20 pairs after the merge, not 20 each time."""
        id_ = MAKERS[kind](api)["id"]
        operation, _ = UPDATES[kind]
        first = {f"a{number}": "x" for number in range(15)}
        api.ok(operation, {"metadata": first}, id=id_)
        before = api.held()

        more = {f"b{number}": "x" for number in range(6)}
        reply = api.do(operation, {"metadata": more}, id=id_)

        assert reply.refusal == (400, "request.invalid")
        assert reply.details[0].startswith("metadata: ")
        assert api.held() == before

    @pytest.mark.parametrize(
        "body",
        [{}, {"metadata": {}}, {"metadata": None}, {"idempotencyKey": "x"}],
        ids=["empty", "no metadata", "null", "unknown"],
    )
    def test_what_changes_nothing_is_no_update(
        self, api: Any, kind: str, body: Any
    ) -> None:
        """The object as it is: no new updatedAt, no event, nothing written."""
        api.freeze()
        made = api.ok(get_of(kind), id=MAKERS[kind](api)["id"])
        api.advance(seconds=1)
        before = api.held()

        answer = api.ok(UPDATES[kind][0], body, id=made["id"])

        assert answer == made
        assert api.held() == before

    def test_null_leaves_a_member_alone(self, api: Any, kind: str) -> None:
        """PHP and Ruby send null for whatever is not set."""
        id_ = MAKERS[kind](api)["id"]
        operation, changes = UPDATES[kind]
        changed = api.ok(operation, changes, id=id_)

        same = api.ok(operation, dict.fromkeys(changes), id=id_)

        assert same == changed

    def test_money_and_identity_stay(self, api: Any, kind: str) -> None:
        """Members that cannot be changed are ignored."""
        made = api.ok(get_of(kind), id=MAKERS[kind](api)["id"])
        body = {"id": "x", "amount": 1, "status": "failed", "code": "Y", "test": False}

        assert api.ok(UPDATES[kind][0], body, id=made["id"]) == made


def get_of(kind: str) -> str:
    """Return the operation that retrieves a kind."""
    tag = next(tag for tag, name in KIND_OF.items() if name == kind)
    return next(
        row.id
        for row in OPERATIONS.values()
        if row.tag == tag and row.method == "GET" and not row.collection
    )


def test_events_of_one_change_are_those_of_the_table(api: Any) -> None:
    """An order made from a token tells three things, in this order."""
    order = api.order()

    assert api.events() == [
        ("token.used", "paytok_test_approved"),
        ("order.authorized", order["id"]),
        ("payment.created", order["payments"][0]["id"]),
    ]
    (row,) = (
        move
        for move in LIFECYCLES["order"].transitions
        if (move.from_state, move.action) == ("new", "charge")
    )
    assert [kind for kind, _ in api.events()] == list(row.events)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("coupon", ["coupon.created"]),
        ("code", ["coupon.created", "promotion_code.created"]),
        ("endpoint", []),
        ("session", []),
        ("token", ["token.created", "token.approved"]),
        ("refund", ["token.used", "order.authorized", "payment.created"]),
    ],
)
def test_creating_an_object_publishes_its_events(
    api: Any, kind: str, expected: list[str]
) -> None:
    """Sessions and webhook endpoints publish none."""
    MAKERS[kind](api)

    told = [event_type for event_type, _ in api.events()]
    assert told[: len(expected)] == expected
    assert len(told) == len(expected) + (kind == "refund")


def test_each_change_of_a_coupon_or_code_is_published(api: Any) -> None:
    """Once."""
    code = a_code(api)
    told = len(api.events())

    api.ok("update_coupon", {"active": False}, id=code["coupon"])
    api.ok("update_promotion_code", {"active": False}, id=code["id"])
    api.ok("update_promotion_code", {"active": False}, id=code["id"])

    assert api.events()[told:] == [
        ("coupon.updated", code["coupon"]),
        ("promotion_code.updated", code["id"]),
    ]
