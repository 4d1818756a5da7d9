"""Scenarios of the control plane: named states, reached through API calls."""

from __future__ import annotations

from typing import Any

import pytest

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


def test_a_refused_operation_stops_the_scenario(api: Any) -> None:
    """The message names the operation and what to do."""
    api.control("POST", "/faults", {"operation": "create_order", "kind": "status"})

    reply = api.admin("POST", "/scenarios/approved-order")

    assert reply.status == 400
    assert "create_order was refused: 503" in reply.detail
    assert "remove its fault plans" in reply.detail
