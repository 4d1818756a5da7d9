"""What a fault plan does to one call: after commits, among others, when it matches."""

from __future__ import annotations

from typing import Any

import pytest
from tests.mock_server.control.fault_plans import charge, orders, plan


@pytest.fixture
def api(api: Any) -> Any:
    """Return an account that accepts the answers of faults."""
    api.strictly = False
    return api


# A call that commits nothing: operation, body, id.
WITHOUT_EFFECT: dict[str, tuple[str, dict[str, Any] | None, str]] = {
    "refused": ("create_order", {"amount": 0}, ""),
    "unknown token": ("create_order", {"token": "paytok_test_none"}, ""),
    "read": ("list_orders", None, ""),
    "missing": ("get_order", None, "order_test_none"),
    "nothing to delete": ("delete_token", None, "paytok_test_none"),
    "already disabled": ("disable_token", None, "paytok_test_disabled"),
}


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
@pytest.mark.parametrize("operation", ["own", "*"])
@pytest.mark.parametrize("kind", ["status", "latency", "broken_json"])
def test_a_fault_after_commit_needs_a_commit(
    api: Any, order_payload: Any, name: str, operation: str, kind: str
) -> None:
    """A call that changes nothing is answered as usual, and the plan stays unmet."""
    called, changes, id_ = WITHOUT_EFFECT[name]
    body = None if changes is None else order_payload(**changes)
    usual = api.do(called, body, id=id_)
    added = plan(
        api, kind, called if operation == "own" else "*", when="after_commit", times=2
    )

    reply = api.do(called, body, id=id_)

    assert (reply.status, reply.body) == (usual.status, usual.body)
    (shown,) = api.control("GET", "/faults/unmet")
    assert (shown["id"], shown["met"]) == (added["id"], 0)
    entry = api.explained(reply)
    assert (entry["faults"], entry["result"]) == ([], "")
    assert "not applied, the call committed nothing" in str(entry["trace"])
    api.send("POST", "/v1/orders", order_payload())
    met = [row["met"] for row in api.control("GET", "/faults")]
    assert met == [int(operation == "*" or called == "create_order")]


def test_a_fault_after_commit_may_lose_a_replayed_answer(
    api: Any, order_payload: Any
) -> None:
    """The first request committed what the replay answers; a refusal did not."""
    api.do("create_order", order_payload(), idem="good")
    api.do("create_order", order_payload(amount=0), idem="bad")
    plan(api, "status", when="after_commit", times=2)

    bad = api.do("create_order", order_payload(amount=0), idem="bad")
    good = api.do("create_order", order_payload(), idem="good")

    assert (bad.status, good.status) == (400, 503)
    assert [row["met"] for row in api.control("GET", "/faults")] == [1]
    assert api.explained(good)["result"].startswith("replayed order_test_")
    assert "its answer is replayed" in str(api.explained(good)["trace"])


def test_an_outcome_waits_for_a_call_that_decides(api: Any) -> None:
    """A manual capture comes later, so the next order's capture fails."""
    plan(api, "fail")

    orders = [api.manual(), api.order()]

    assert [len(order["payments"]) for order in orders] == [0, 1]
    assert orders[1]["payments"][0]["status"] == "failed"


@pytest.mark.parametrize(
    ("first", "second", "statuses"),
    [
        (("before_commit", 503), ("before_commit", 429), [503, 429, 200]),
        (("after_commit", 503), ("after_commit", 429), [503, 429, 200]),
        (("before_commit", 503), ("after_commit", 429), [503, 429, 200]),
        (("after_commit", 503), ("before_commit", 429), [429, 503, 200]),
    ],
)
def test_one_plan_answers_a_call_and_the_other_the_next(
    api: Any, order_payload: Any, first: Any, second: Any, statuses: list[int]
) -> None:
    """Both are met, since the client saw both; before the commit comes first."""
    ids = [
        plan(api, "status", when=when, status=status)["id"]
        for when, status in (first, second)
    ]

    replies = [api.do("create_order", order_payload()) for _ in statuses]

    assert [reply.status for reply in replies] == statuses
    assert [row["met"] for row in api.control("GET", "/faults")] == [1, 1]
    entry = api.explained(replies[0])
    assert len(entry["faults"]) == 1
    found = [row["found"] for row in entry["trace"] if row["rule"] == "fault"]
    assert len(found) == 2
    assert all(any(id_ in text for text in found) for id_ in ids)
    assert "another plan answers this call" in found[1]


def test_a_plan_is_not_met_by_a_call_that_fails(
    api: Any, order_payload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client saw the failure in place of the fault."""
    plan(api, "status", when="after_commit")

    def fail(*_: Any) -> None:
        raise RuntimeError

    handlers = {**api.application.handlers, "create_order": fail}
    monkeypatch.setattr(api.application, "handlers", handlers)
    assert api.do("create_order", order_payload()).status == 500

    assert [row["met"] for row in api.control("GET", "/faults")] == [0]


# Part of the plan -> changes of the order it matches, and its headers.
MATCHES: dict[str, tuple[Any, dict[str, Any], dict[str, str]]] = {
    "reference": ("cart-7", {"reference": "cart-7"}, {}),
    "token": ("paytok_test_declined", {"token": "paytok_test_declined"}, {}),
    "amount": (777, {"amount": 777}, {}),
    "idempotency_key": ("key-7", {}, {"Idempotency-Key": "key-7"}),
    "/amount": (777.0, {"amount": 777}, {}),
    "/metadata/a~1b": ("c", {"metadata": {"a/b": "c"}}, {}),
    "/metadata": ({"a": "c"}, {"metadata": {"a": "c"}}, {}),
    "/customerInfo/firstName": ("花", {"customerInfo": {"firstName": "花"}}, {}),
}


@pytest.mark.parametrize("name", MATCHES)
def test_a_plan_matches_one_request(api: Any, order_payload: Any, name: str) -> None:
    """Other flows of the account don't take the fault, or count for it."""
    value, changes, headers = MATCHES[name]
    plan(api, "status", matching={name: value})

    others = charge(api, order_payload, 2)
    (row,) = api.control("GET", "/faults")
    matched = api.do("create_order", order_payload(**changes), headers=headers)

    assert (others, row["seen"]) == ([200, 200], 0)
    assert matched.status == 503
    assert repr(name) in repr(api.explained(matched)["faults"]) or name in str(
        api.explained(matched)["faults"]
    )


def test_a_plan_matches_the_id_in_the_path(api: Any) -> None:
    """For calls without a body."""
    ids = [api.manual()["id"] for _ in range(2)]
    plan(api, "status", operation="cancel_order", matching={"id": ids[1]})

    statuses = [api.do("cancel_order", id=id_).status for id_ in ids]

    assert statuses == [200, 503]


@pytest.mark.parametrize("raw", [b"", b"{half", b"[1]", b"7", b'"x"'])
def test_a_body_without_the_member_does_not_match(api: Any, raw: bytes) -> None:
    """Whatever the body is."""
    for name in ("amount", "/0/1", "/items/7/name"):
        plan(api, "status", operation="*", matching={name: 1})

    reply = api.do("create_order", raw=raw)

    assert reply.status == 400
    assert {row["seen"] for row in api.control("GET", "/faults")} == {0}


@pytest.mark.parametrize(
    ("value", "status", "stored"),
    [
        ("status", 503, 0),
        ('{"kind": "status", "status": 429, "when": "after_commit"}', 429, 1),
        ("broken_json after_commit", 200, 1),
        ("decline", 200, 1),
    ],
)
def test_a_header_plans_the_fault_of_its_own_call(
    api: Any, order_payload: Any, value: str, status: int, stored: int
) -> None:
    """Parallel calls don't get it, and it takes no fault of theirs."""
    headers = {"Smartpay-Sandbox-Fault": value}
    kept = plan(api, "status", status=500, after=1)

    reply = api.send("POST", "/v1/orders", order_payload(), headers=headers)

    assert reply.status == status
    assert orders(api) == stored
    assert "Smartpay-Sandbox-Fault" in str(api.explained(reply)["trace"])
    assert charge(api, order_payload, 2) == [500, 200]
    assert [row["id"] for row in api.control("GET", "/faults")] == [kept["id"]]


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("", "KIND"),
        ("explode", "Unknown fault 'explode'"),
        ("status later", "when='later'"),
        ("status before_commit twice", "KIND WHEN"),
        ('{"kind": "status", "times": 2}', "no after, matching"),
        ('{"kind": ["status"]}', "Smartpay-Sandbox-Fault"),
        ('{"kind": "status", "status": 99}', "whole number from 200 to 599"),
        ("{", "Smartpay-Sandbox-Fault"),
        ("decline after_commit", "before_commit"),
    ],
)
def test_an_invalid_header_refuses_its_call(
    api: Any, order_payload: Any, value: str, named: str
) -> None:
    """A misspelt fault must not charge as if there were none."""
    headers = {"Smartpay-Sandbox-Fault": value}

    reply = api.do("create_order", order_payload(), headers=headers)

    assert reply.refusal == (400, "request.invalid")
    assert named in reply.message
    assert orders(api) == 0


@pytest.mark.parametrize(
    ("kind", "token", "status"),
    [
        ("decline", "paytok_test_approved", "rejected"),
        ("decline_softly", "paytok_test_approved", "rejected"),
        ("approve", "paytok_test_declined", "succeeded"),
        ("approve", "paytok_test_disabled", "succeeded"),
    ],
)
def test_a_plan_may_decide_a_charge(
    api: Any, order_payload: Any, kind: str, token: str, status: str
) -> None:
    """Any token, once; a refused request doesn't use the plan up."""
    plan(api, kind, matching={"token": token})
    order = order_payload(token=token)

    refused = api.do("create_order", {**order, "amount": 0})
    planned = api.do("create_order", order)
    usual = api.do("create_order", order)

    assert refused.status == 400
    assert planned.json["status"] == status != usual.json["status"]
    assert [row["met"] for row in api.control("GET", "/faults")] == [1]


def test_a_plan_may_fail_one_refund(api: Any) -> None:
    """Only the one that matches; nothing is given back."""
    payment = api.order()["payments"][0]["id"]
    plan(api, "fail", operation="create_refund", matching={"reference": "r-2"})

    first = api.refund(payment, 100, reference="r-1").json
    second = api.refund(payment, 100, reference="r-2").json
    third = api.refund(payment, 100, reference="r-2").json

    statuses = [one["status"] for one in (first, second, third)]
    assert statuses == ["succeeded", "failed", "succeeded"]
    assert [row["met"] for row in api.control("GET", "/faults")] == [1]


def test_a_plan_may_fail_one_capture(api: Any) -> None:
    """Only the one that matches; the order can still be captured."""
    order = api.manual()["id"]
    plan(api, "fail", operation="create_payment", matching={"amount": 500})

    first = api.capture(order, 400).json["status"]
    second = api.capture(order, 500).json["status"]

    assert (first, second) == ("processed", "failed")
    assert api.capture(order, 2100).json["status"] == "processed"


@pytest.mark.parametrize("is_planned", [True, False])
def test_an_automatic_capture_may_fail(
    api: Any, order_payload: Any, is_planned: bool
) -> None:
    """By a plan or by the setting: the order is authorized and waits for a capture."""
    if is_planned:
        plan(api, "fail", matching={"reference": "cart-b"})
    else:
        api.control("PATCH", "/settings", {"captures": "failed"})

    order = api.ok("create_order", order_payload(reference="cart-b"))
    (payment,) = order["payments"]
    api.control("PATCH", "/settings", {"captures": None})
    later = api.capture(order["id"], 2500).json

    assert (order["status"], payment["status"]) == ("requires_capture", "failed")
    assert later["status"] == "processed"
    assert ("payment.created", payment["id"]) in api.events()
    assert api.ok("get_order", id=order["id"])["status"] == "succeeded"


def test_an_outcome_needs_a_call_that_it_can_decide(api: Any) -> None:
    """The message names the operations."""
    body = {"operation": "create_coupon", "kind": "fail"}

    reply = api.admin("POST", "/faults", body)

    assert reply.status == 400
    assert "create_payment or create_refund" in reply.detail


@pytest.mark.parametrize(
    ("kind", "status"),
    [("decline", "rejected"), ("decline_softly", "requires_authorization")],
)
def test_a_plan_may_decide_an_authorization(api: Any, kind: str, status: str) -> None:
    """A soft decline lets the consumer try again."""
    plan(api, kind, operation="authorize_order")
    order = api.session()["order"]["id"]

    assert api.authorize(order).json["status"] == status
