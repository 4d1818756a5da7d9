"""The known payment paths, and those that a journal shows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import requests

from smartpay_mock.testing import Smartpay
from smartpay_mock.testing.coverage import (
    Coverage,
    Path,
    as_json,
    as_text,
    count_paths,
    known_paths,
)
from smartpay_schemas import LIFECYCLES, OPERATIONS

Send = Callable[..., requests.Response]


def seen_in(account: Smartpay) -> dict[str, int]:
    """Return the counts of an account by ``area/subject/name``."""
    seen = count_paths(account.journal, account.orders)
    return {"/".join(path): times for path, times in seen.items() if times}


def test_every_step_of_a_lifecycle_names_its_operations() -> None:
    """Otherwise coverage would not list the step."""
    steps = [step for row in LIFECYCLES.values() for step in row.transitions]

    assert all(step.operations for step in steps)
    assert {name for step in steps for name in step.operations} <= set(OPERATIONS)


def test_the_paths_of_an_operation_come_from_the_tables() -> None:
    """They are outcomes, errors, a replay, steps, and every fault."""
    paths = known_paths({"create_order"})

    assert [path.name for path in paths if path.area == "operation"] == [
        "succeeded",
        "requires_capture",
        "rejected",
        "request.malformed",
        "request.invalid",
        "token.invalid",
        "token.not-found",
        "replayed",
    ]
    assert [path.name for path in paths if path.area == "lifecycle"] == [
        "new -charge-> succeeded",
        "new -reserve-> requires_capture",
        "new -decline-> rejected",
        "new -capture-> processed",
    ]
    assert len([path for path in paths if path.area == "fault"]) == 14
    assert known_paths(()) == []


def test_expiries_are_steps_without_a_call(
    account: Smartpay, pay: Send, send: Send
) -> None:
    """A cancelled order does not count as expired."""
    orders = [pay(captureMethod="manual", amount=100).json() for _ in range(3)]
    send("PUT", f"/orders/{orders[0]['id']}/cancellation")
    send("PUT", f"/orders/{orders[0]['id']}/cancellation")
    send(
        "POST",
        "/payments",
        {
            "order": orders[1]["id"],
            "amount": 40,
            "currency": "JPY",
            "cancelRemainder": "manual",
        },
    )
    account.clock.advance(days=7)

    seen = seen_in(account)

    assert {name: times for name, times in seen.items() if "e/order/req" in name} == {
        "lifecycle/order/requires_capture -cancel-> canceled": 1,
        "lifecycle/order/requires_capture -capture_part-> requires_capture": 1,
        "lifecycle/order/requires_capture -expire-> canceled": 1,
        "lifecycle/order/requires_capture -expire_captured-> succeeded": 1,
    }
    assert seen["lifecycle/order/canceled -cancel-> canceled"] == 1


def test_calls_of_the_fixture_do_not_count(account: Smartpay) -> None:
    """A scenario is set-up; its later expiry counts."""
    account.scenario("partly-captured")
    before = seen_in(account)

    account.clock.advance(days=8)

    assert before == {}
    assert seen_in(account) == {
        "lifecycle/order/requires_capture -expire_captured-> succeeded": 1
    }


def test_called_operations_count_unless_others_are_named() -> None:
    """Without any call the share is 100 percent."""
    seen = Counter({Path("operation", "list_orders", "answered"): 3})

    called = Coverage(seen)
    asked = Coverage(seen, frozenset({"create_order"}))

    assert Coverage(Counter()).percent == 100
    assert (called.covered, len(called.paths)) == (1, 16)
    assert (asked.covered, len(asked.paths)) == (0, 26)
    assert "create_order" in called.not_called


def test_a_path_outside_the_tables_counts_when_taken(
    account: Smartpay, pay: Send
) -> None:
    """Any operation can get some refusals, and time takes some steps."""
    account.faults.add("create_order", "status", after=2)
    pay(key="k1", captureMethod="manual")
    refused = pay(key="k1").json()["errorCode"]
    pay()
    account.clock.advance(days=7)
    seen = count_paths(account.journal, account.orders)

    beside = Coverage(seen).paths[len(known_paths({"create_order"})) :]

    assert refused == "idempotency.key-reused"
    assert [path.name for path in beside] == [
        "requires_capture -expire-> canceled",
        refused,
    ]
    assert Coverage(seen, {"list_orders"}).covered == 1  # the fault


def test_an_unknown_url_path_is_no_payment_path(account: Smartpay, send: Send) -> None:
    """A call of it does not count."""
    send("GET", "/order")

    coverage = Coverage(count_paths(account.journal, account.orders))

    assert coverage.paths == []


def test_the_table_fits_into_80_columns() -> None:
    """It has the counts, and each name is on one line."""
    seen = Counter(dict.fromkeys(known_paths({"create_order"})[::2], 12))

    text = as_text(Coverage(seen))
    document: dict[str, Any] = json.loads(as_json(Coverage(seen)))

    assert max(map(len, text.splitlines())) <= 80
    assert "succeeded (12)" in text
    assert "new -reserve-> requires_capture" in text
    assert document["covered"] == len(seen)
    assert document["seen"][0] == {
        "area": "operation",
        "subject": "create_order",
        "name": "succeeded",
        "times": 12,
    }
