"""Settings of an account are stored in its document, so every process applies them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from smartpay_fixtures import order_payload
from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store

KEY = {"Authorization": "Basic sk_test_everywhere"}
PAYLOAD = order_payload(seed=1)
DAY_MS = 86_400_000

_schemas = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store that processes can share."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}?synchronous=off"
    server = request.getfixturevalue("postgresql_server")
    return f"{server}&schema=everywhere_{next(_schemas)}"


@pytest.fixture
def here_and_there(state: str) -> Iterator[tuple[FlaskClient, FlaskClient]]:
    """Return clients of two emulators on one store, each with its own connections."""
    with open_store(state) as here, open_store(state) as there:
        apps = [create_app(Settings(), store=store) for store in (here, there)]
        yield apps[0].test_client(), apps[1].test_client()


def call(client: FlaskClient, path: str, body: Any = None, method: str = "") -> Any:
    """Call and return the document of a success."""
    how = method or ("GET" if body is None else "POST")
    reply = client.open(path, method=how, json=body, headers=KEY)
    assert reply.status_code in (200, 204), reply.data
    return reply.json


def test_a_clock_that_is_turned_here_shows_the_same_there(
    here_and_there: tuple[FlaskClient, FlaskClient],
) -> None:
    """Frozen, advanced, and what falls due by it has happened for both."""
    here, there = here_and_there
    order = call(here, "/v1/orders", {**PAYLOAD, "captureMethod": "manual"})["id"]
    frozen = call(here, "/__admin/clock", {"freeze": True})["now"]

    assert call(there, "/__admin/clock")["now"] == frozen
    call(there, "/__admin/clock", {"advance": {"days": 8}})

    assert call(here, "/__admin/clock")["now"] == frozen + 8 * DAY_MS
    assert call(here, f"/v1/orders/{order}")["status"] == "canceled"


def test_a_fault_that_is_planned_here_is_met_once_everywhere(
    here_and_there: tuple[FlaskClient, FlaskClient],
) -> None:
    """Two calls at two emulators: one of them meets the plan for one."""
    here, there = here_and_there
    plan = {"operation": "create_order", "kind": "status", "status": 503, "times": 1}
    call(here, "/__admin/faults", plan)

    met = there.post("/v1/orders", json=PAYLOAD, headers=KEY)
    next_ = here.post("/v1/orders", json=PAYLOAD, headers=KEY)

    assert (met.status_code, next_.status_code) == (503, 200)
    assert call(here, "/__admin/faults/unmet") == []


def test_ids_of_a_seed_go_on_where_the_other_one_stopped(
    here_and_there: tuple[FlaskClient, FlaskClient],
) -> None:
    """Drawn in turns or by one emulator alone, the ids are the same."""
    here, there = here_and_there
    call(here, "/__admin/seed", {"seed": 7})
    in_turns = [call(one, "/v1/orders", PAYLOAD)["id"] for one in (here, there) * 2]

    alone = create_app(Settings()).test_client()
    call(alone, "/__admin/seed", {"seed": 7})

    assert in_turns == [call(alone, "/v1/orders", PAYLOAD)["id"] for _ in range(4)]
