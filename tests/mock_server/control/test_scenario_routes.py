"""Scenarios over the control plane: reachable worlds, made by operations."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_fixtures.scenarios import scenarios


@pytest.mark.parametrize("name", scenarios())
def test_every_scenario_can_be_played(api: Any, name: str) -> None:
    """Its ids are answered, and what it made can be retrieved through the API."""
    ids = api.steer("POST", f"/scenarios/{name}")

    for id_ in ids.values():
        if id_.startswith("order_"):
            assert api.ok("get_order", id=id_)["id"] == id_


def test_the_names_are_listed(api: Any) -> None:
    """A person sees what there is."""
    assert api.steer("GET", "/scenarios") == list(scenarios())


def test_an_unknown_scenario_lists_the_known_ones(api: Any) -> None:
    """404 with every name, and nothing changes."""
    before = api.held()

    reply = api.admin("POST", "/scenarios/no-such-world")

    assert reply.status == 404
    assert "There is no scenario 'no-such-world'. Known:" in reply.detail
    assert "partly-captured" in reply.detail
    assert api.held() == before


def test_a_fault_in_the_way_is_said(api: Any) -> None:
    """A scenario that cannot go on says which operation was refused, and the remedy."""
    api.steer("POST", "/faults", {"operation": "create_order", "kind": "status"})

    reply = api.admin("POST", "/scenarios/approved-order")

    assert reply.status == 400
    assert "create_order was refused: 503" in reply.detail
    assert "remove its fault plans" in reply.detail
