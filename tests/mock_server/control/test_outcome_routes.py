"""Outcomes made on purpose: customers, events, settings of an account."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({}, "succeeded"),
        ({"consumer": "consumer_test_active"}, "succeeded"),
        ({"consumer": "consumer_test_inactive"}, "rejected"),
        ({"decision": "declined"}, "rejected"),
        ({"decision": "declined_softly"}, "rejected"),
        ({"status": "disabled"}, "rejected"),
    ],
    ids=str,
)
def test_a_token_is_chargeable_at_once(
    api: Any, members: dict[str, str], status: str
) -> None:
    """It shows its consumer and its decision, and so does a later retrieval."""
    token = api.control("POST", "/tokens", {"reference": "r", **members})

    order = api.order(token=token["id"])

    assert order["status"] == status
    shown = api.control("GET", f"/tokens/{token['id']}")
    assert shown == token
    assert shown["decision"] == members.get("decision", "approved")
    consumer = api.control("GET", f"/consumers/{shown['consumer']}")
    assert consumer["id"] == members.get("consumer", consumer["id"])
    assert "consumer" not in api.ok("get_token", id=token["id"])


def test_a_new_consumer_logs_in_and_approves(api: Any) -> None:
    """The token that waited for its approval belongs to that consumer."""
    consumer = api.control("POST", "/consumers", {})
    waiting = {"status": "requires_authorization", "consumer": consumer["id"]}
    token = api.control("POST", "/tokens", waiting)

    reply = api.approve(token["id"], consumer=consumer["emailAddress"])

    assert reply.json["status"] == "active"
    assert api.order(token=token["id"])["status"] == "succeeded"


def test_created_ids_repeat_with_a_seed(emulate: Any) -> None:
    """Two tokens of one account have different ids all the same."""
    made = [
        [api.control("POST", "/tokens", {})["id"] for _ in range(2)]
        for api in (emulate(key="sk_test_s", seed=1), emulate(key="sk_test_s", seed=1))
    ]

    assert made[0] == made[1]
    assert made[0][0] != made[0][1]
