"""Snapshots: everything of an account as one JSON document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.events.faults import KIND as FAULTS_KIND
from smartpay_mock.kernel.clock import LAST_MS


def fill_account(api: Any, order_payload: Any) -> Any:
    """Create objects of every kind and return a snapshot."""
    api.freeze(1_700_000_000_000)
    api.control("PUT", "/webhooks/faults", {"duplicate": 2})
    api.endpoint()
    order = api.manual(reference="snap", metadata={"名": "東京"})["id"]
    payment = api.capture(order, 1000).json["id"]
    api.refund(payment, 10)
    api.do("create_order", order_payload(), idem="k")
    order = api.session()["order"]["id"]
    api.active_token()
    percentage = {"discountType": "percentage", "discountPercentage": 12.5}
    coupon = api.coupon(**percentage, discountAmount=None, currency=None)
    api.promotion_code(coupon=coupon["id"])
    assert api.authorize(order, promotionCode="SPRING").status == 200
    assert api.do("create_order", {}).status == 400
    api.control("POST", "/faults", {"operation": "*", "kind": "status", "after": 1000})
    api.control("PATCH", "/consumers/consumer_test_active", {"decision": "declined"})
    return api.control("GET", "/snapshots")


def without_account(snapshot: Any) -> list[Any]:
    """Return a snapshot's documents without what identifies the account."""
    rows = copy.deepcopy(snapshot["documents"])
    for row in rows:
        if row["kind"] == "account":
            row["id"] = row["body"]["id"] = ""
            row["body"]["offsetMs"] = 0
    return list(rows)


@pytest.mark.parametrize("state", ["memory:", "sqlite:///{}/state.db"])
def test_a_snapshot_can_be_restored_into_any_account(
    api: Any, emulate: Any, order_payload: Any, tmp_path: Path, state: str
) -> None:
    """Of any emulator; idempotency keys work there too."""
    snapshot = fill_account(api, order_payload)
    elsewhere = emulate(state=state.format(tmp_path))
    elsewhere.order()

    reply = elsewhere.admin("PUT", "/snapshots", snapshot)

    assert reply.status == 204
    again = elsewhere.control("GET", "/snapshots")
    assert without_account(again) == without_account(snapshot)
    replay = elsewhere.do("create_order", order_payload(), idem="k")
    assert replay.headers["Idempotency-Replayed"] == "true"
    assert elsewhere.control("GET", "/clock")["now"] == 1_700_000_000_000
    assert elsewhere.order(reference="x")["status"] == "rejected"


def test_a_restored_account_goes_on_as_before(api: Any, order_payload: Any) -> None:
    """Sequence numbers, timers and sums included."""
    snapshot = fill_account(api, order_payload)
    order = next(row["id"] for row in snapshot["documents"] if row["kind"] == "timer")
    api.ok("cancel_order", id=order)
    api.control("PUT", "/snapshots", snapshot)

    assert api.capture(order, 1501).refusal == (409, "payment.excessive-amount")
    assert api.capture(order, 500).status == 200
    api.advance(days=7)
    assert api.ok("get_order", id=order)["status"] == "succeeded"
    assert api.order()["id"] not in json.dumps(snapshot)


def test_a_snapshot_does_not_contain_the_key(api: Any, order_payload: Any) -> None:
    """It can be put under version control."""
    text = json.dumps(fill_account(api, order_payload))

    assert api.key not in text


Damage = Callable[[Any], None]


def _without(name: str) -> Damage:
    return lambda snapshot: snapshot["documents"][1].pop(name)


def _with(name: str, value: Any) -> Damage:
    return lambda snapshot: snapshot["documents"][1].update({name: value})


DAMAGES: dict[str, Damage] = {
    **{f"no {name}": _without(name) for name in ("kind", "seq", "id", "owner", "body")},
    "seq 0": _with("seq", 0),
    "seq text": _with("seq", "1"),
    "seq huge": _with("seq", 2**70),
    "id number": _with("id", 1),
    "kind empty": _with("kind", ""),
    "owner number": _with("owner", 5),
    "due text": _with("due", "soon"),
    "due huge": _with("due", 2**63),
    "body text": _with("body", "x"),
    "attachment": _with("attachment", "not base64!"),
    "extra": _with("extra", 1),
    "row": lambda snapshot: snapshot["documents"].append("x"),
    "twice": lambda snapshot: snapshot["documents"].append(snapshot["documents"][1]),
    "version": lambda snapshot: snapshot.update(version=2),
    "version text": lambda snapshot: snapshot.update(version="1"),
    "documents": lambda snapshot: snapshot.update(documents={}),
    "account": lambda snapshot: snapshot["documents"][0]["body"].pop("faults"),
    "account fault": lambda snapshot: snapshot["documents"][0]["body"].update(
        faults=[{"id": "x"}]
    ),
    "account fault count": lambda snapshot: snapshot["documents"][0]["body"].update(
        faults=[{"id": "x", "operation": "*", "kind": "reset", "seen": "1", "met": 0}]
    ),
    "account clock": lambda snapshot: snapshot["documents"][0]["body"].update(
        offsetMs="x"
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_snapshot_changes_nothing(api: Any, damage: Damage) -> None:
    """It is restored completely or not at all."""
    api.order()
    snapshot = api.control("GET", "/snapshots")
    assert snapshot["documents"][0]["kind"] == "account"
    before = api.held()
    damage(snapshot)

    reply = api.admin("PUT", "/snapshots", snapshot)

    assert reply.status == 400
    assert api.held() == before


def _member(kind: str, name: str, value: Any) -> tuple[str, str, str, Any]:
    return kind, "body", name, value


WRONG = [
    _member("order", "amount", "x"),
    _member("order", "amount", 2500.5),
    _member("order", "status", "gone"),
    _member("order", "lineItems", [{"id": "li_test_1"}]),
    _member("order", "lineItems", "x"),
    _member("order", "payments", ["payment_test_0000000000000000000000"]),
    _member("order", "_captured", -1),
    _member("order", "_consumer", "consumer_test_gone"),
    _member("payment", "order", "order_test_0000000000000000000000"),
    _member("payment", "_refunded", "0"),
    _member("refund", "payment", "payment_test_0000000000000000000000"),
    _member("checkout_session", "successUrl", "javascript:alert(1)"),
    _member("checkout_session", "url", "javascript:alert(1)"),
    _member("checkout_session", "order", "order_test_0000000000000000000000"),
    _member("webhook_endpoint", "url", "file:///etc/passwd"),
    _member("promotion_code", "coupon", "coupon_test_0000000000000000000000"),
    _member("promotion_code", "code", "OTHER"),
    _member("consumer", "emailAddress", 1),
    _member("token", "status", "gone"),
    _member("delivery", "id", "delivery_test_0000000000000000000000"),
    _member("delivery", "state", "delivered"),
    _member("delivery", "nextAttemptAt", 1),
    _member("delivery", "_tries", 1.5),
    _member("event", "eventData", {}),
    _member("request", "trace", ["x"]),
    _member("request", "bodyBytes", -1),
    _member("idempotency", "status", 999),
    _member(FAULTS_KIND, "duplicate", 10**12),
    _member("account", "frozenAtMs", 2**60),
    ("timer", "", "id", "order_test_0000000000000000000000"),
    ("timer", "", "due", None),
    ("order", "", "kind", "payment"),
    ("order", "", "kind", "gone"),
    ("order", "", "owner", "consumer_test_0000000000000000000000"),
    ("order", "", "seq", 1.5),
    ("order", "", "id", "a\0b"),
    ("idempotency", "", "attachment", None),
    ("redemption", "", "attachment", "eA=="),
    ("account", "", "kind", "timer"),
]


@pytest.fixture(scope="module")
def full_snapshot(shared_app: Any, new_account: Any, order_payload: Any) -> Any:
    """Return a snapshot with a document of each kind except notes and line items."""
    return fill_account(new_account(shared_app), order_payload)


def test_a_snapshot_of_an_earlier_version_is_restored(
    emulate: Any, full_snapshot: Any
) -> None:
    """There, payments have an owner too."""
    snapshot = copy.deepcopy(full_snapshot)
    row = next(row for row in snapshot["documents"] if row["kind"] == "payment")
    row["owner"] = row["body"]["order"]

    assert emulate().admin("PUT", "/snapshots", snapshot).status == 204


@pytest.mark.parametrize("state", ["memory:", "sqlite:///{}/state.db"])
def test_a_wrong_document_in_a_snapshot_is_refused(
    emulate: Any, full_snapshot: Any, tmp_path: Path, state: str
) -> None:
    """The message names the kind, and nothing of the account changes."""
    api = emulate(state=state.format(tmp_path))
    api.control("PUT", "/snapshots", full_snapshot)
    before = api.held()

    for kind, part, name, value in WRONG:
        snapshot = copy.deepcopy(full_snapshot)
        row = next(row for row in snapshot["documents"] if row["kind"] == kind)
        (row[part] if part else row)[name] = value
        reply = api.admin("PUT", "/snapshots", snapshot)
        assert reply.status == 400, (kind, name, value)

    assert api.held() == before


@pytest.mark.parametrize("kind", ["order", "payment", "token", "delivery", "request"])
def test_a_document_without_one_of_its_members_is_refused(
    api: Any, full_snapshot: Any, kind: str
) -> None:
    """Each list and page needs them; optional members may be missing."""
    optional = {"description", "locale", "reference", "discountAmount", "expiresAt"}
    optional |= {"_consumer", "_session", "_decision", "tokenId", "result"}
    row = next(row for row in full_snapshot["documents"] if row["kind"] == kind)
    optional |= {"lineItems"} if kind == "payment" else set()
    for name in set(row["body"]) - optional:
        snapshot = copy.deepcopy(full_snapshot)
        changed = next(r for r in snapshot["documents"] if r["id"] == row["id"])
        del changed["body"][name]
        assert api.admin("PUT", "/snapshots", snapshot).status == 400, name


def test_whole_floats_in_a_snapshot_are_integers(api: Any, full_snapshot: Any) -> None:
    """JSON has one type of number; the restored account stores integers."""
    snapshot = copy.deepcopy(full_snapshot)
    for row in snapshot["documents"]:
        row["seq"] = float(row["seq"])
        row["body"].update(
            {name: float(v) for name, v in row["body"].items() if type(v) is int}
        )

    assert api.admin("PUT", "/snapshots", snapshot).status == 204

    assert ".0," not in json.dumps(api.held())


def test_an_account_at_the_end_of_time_can_be_restored(api: Any, other: Any) -> None:
    """What is due after the year 9999 is in its snapshot."""
    api.endpoint()
    api.freeze(LAST_MS)
    api.control("PUT", "/webhooks/faults", {"delay_ms": 1000})
    api.manual()
    api.control("POST", "/webhooks/drain")

    reply = other.admin("PUT", "/snapshots", api.control("GET", "/snapshots"))

    assert reply.status == 204
    assert other.held()[1:] == api.held()[1:]


def test_an_empty_snapshot_restores_the_seed_data(api: Any) -> None:
    """As in a new account."""
    api.order()

    api.control("PUT", "/snapshots", {"version": 1, "documents": []})

    assert api.ok("list_orders")["data"] == []
    assert len(api.ok("list_tokens")["data"]) == 5
