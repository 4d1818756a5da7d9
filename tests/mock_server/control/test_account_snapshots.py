"""Snapshots: everything of an account as one JSON document."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def fill_account(api: Any, order_payload: Any) -> Any:
    """Create objects of every kind and return a snapshot."""
    api.freeze(1_700_000_000_000)
    api.endpoint()
    order = api.manual(reference="snap", metadata={"名": "東京"})["id"]
    payment = api.capture(order, 1000).json["id"]
    api.refund(payment, 10)
    api.do("create_order", order_payload(), idem="k")
    api.session()
    percentage = {"discountType": "percentage", "discountPercentage": 12.5}
    coupon = api.coupon(**percentage, discountAmount=None, currency=None)
    api.promotion_code(coupon=coupon["id"])
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


def test_an_empty_snapshot_restores_the_seed_data(api: Any) -> None:
    """As in a new account."""
    api.order()

    api.control("PUT", "/snapshots", {"version": 1, "documents": []})

    assert api.ok("list_orders")["data"] == []
    assert len(api.ok("list_tokens")["data"]) == 5
