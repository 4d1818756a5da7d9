"""Scenarios of the control plane: named states, reached through API calls."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_fixtures import order_payload
from smartpay_fixtures.scenarios import scenarios


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_can_be_run(api: Any, name: str) -> None:
    """Its ids are shown, and its orders can be retrieved with the API."""
    ids = api.control("POST", f"/scenarios/{name}")

    for id_ in ids.values():
        if id_.startswith("order_"):
            assert api.ok("get_order", id=id_)["id"] == id_


def test_the_calls_of_a_scenario_are_in_the_journal(api: Any) -> None:
    """With the path that a client would call."""
    api.control("POST", "/scenarios/approved-order")

    paths = {row["operation"]: row["path"] for row in api.control("GET", "/requests")}

    assert paths["create_order"] == "/v1/orders"


def test_the_names_are_listed(api: Any) -> None:
    """In the order of the catalogue."""
    assert api.control("GET", "/scenarios") == list(scenarios())


def test_an_unknown_scenario_is_404_with_the_known_ones(api: Any) -> None:
    """Nothing changes."""
    before = api.held()

    reply = api.admin("POST", "/scenarios/no-such-scenario")

    assert reply.status == 404
    assert "There is no scenario 'no-such-scenario'. Known:" in reply.detail
    assert "partly-captured" in reply.detail
    assert api.held() == before


ORDERS = {"operation": "list_orders"}
BAD_STEPS = [
    ({}, "steps[1]: is empty"),
    ({"operation": "pay"}, "step 2 (pay): There is no operation 'pay'. Known:"),
    ({"operation": "get_order"}, "step 2 (get_order): params lacks id"),
    ({"operation": "get_order", "params": {"id": "order_test_x"}}, "order.not-found"),
    ({"operation": "get_order", "params": {"id": "{order}"}}, "save it in an earlier"),
    ({"operation": "create_order", "body": "@cart"}, "Step 2 has no body '@cart'"),
    ({"operation": "create_order", "body": {}}, "amount: is missing"),
    ({"operation": "create_order", "advance": 1}, "one of operation and advance"),
    ({"advance": -1}, "steps[1].advance"),
    ({**ORDERS, "consumer": "nobody"}, "There is no consumer 'nobody'"),
    ({**ORDERS, "expect": {"object": "list"}}, "instead of 'list'"),
    ({**ORDERS, "expect": {"object": {"$is": 1}}}, "There is no matcher '$is'"),
    ({**ORDERS, "expect": {"object": {"$matches": "("}}}, "can't be used"),
    ({**ORDERS, "expect": {"object": {"$least": "a"}}}, "can't be used"),
    ({**ORDERS, "save": {"first": "data.0.id"}}, "no data.0.id to save"),
]


@pytest.mark.parametrize(("step", "message"), BAD_STEPS, ids=str)
def test_a_failing_step_is_named(api: Any, step: dict[str, Any], message: str) -> None:
    """With 400 and the reason; what the scenario says wrong is no defect."""
    reply = api.admin("POST", "/scenarios", {"steps": [ORDERS, step]})

    assert reply.status == 400
    assert message in reply.detail


def test_a_scenario_can_be_sent(api: Any) -> None:
    """Steps refer to earlier results; its calls don't count as those of a test."""
    steps = [
        {"operation": "create_order", "body": "@cart", "save": {"order": "id"}},
        {"advance": 60_000},
        {"operation": "get_order", "params": {"id": "{order}"}, "save": {"same": "id"}},
    ]

    bodies = {"cart": order_payload(faker=None, token="paytok_test_approved")}
    ids = api.control("POST", "/scenarios", {"bodies": bodies, "steps": steps})

    assert ids["order"] == ids["same"]
    assert api.ok("get_order", id=ids["order"])["status"] == "succeeded"
    requests = api.control("GET", "/requests")
    assert requests[0]["headers"]["smartpay-sandbox-origin"] == "scenario"


def test_a_refused_operation_stops_the_scenario(api: Any) -> None:
    """The message names the operation and what to do."""
    api.control("POST", "/faults", {"operation": "create_order", "kind": "status"})

    reply = api.admin("POST", "/scenarios/approved-order")

    assert reply.status == 400
    assert "step 1 (create_order): refused: 503" in reply.detail
    assert "remove its fault plans" in reply.detail
