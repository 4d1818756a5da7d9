"""Webhook routes of the control plane."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from smartpay_mock.kernel import clock


@pytest.fixture
def dead_url() -> str:
    """Return a URL on loopback where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/hook"


def test_events_are_listed_oldest_first(api: Any) -> None:
    """Also without any endpoint."""
    order = api.manual()["id"]
    api.ok("cancel_order", id=order)

    shown = api.control("GET", "/events")

    assert [event["type"] for event in shown] == [
        "token.used",
        "order.authorized",
        "order.canceled",
    ]
    assert shown[-1]["objectId"] == order
    assert shown[-1]["id"].startswith("evt_test_")


def test_each_subscription_gets_a_delivery(api: Any, dead_url: str) -> None:
    """Pending until attempted; listed by state and endpoint."""
    every = api.endpoint(dead_url)["id"]
    some = api.endpoint(dead_url, "order.authorized")["id"]
    api.manual()

    shown = api.control("GET", "/webhooks/deliveries")

    assert [(row["endpoint"], row["type"]) for row in shown] == [
        (every, "token.used"),
        (every, "order.authorized"),
        (some, "order.authorized"),
    ]
    assert {row["state"] for row in shown} == {"pending"}
    own = api.control("GET", f"/webhooks/deliveries?endpoint={some}")
    assert own == [shown[2]]
    assert api.control("GET", "/webhooks/deliveries?state=delivered") == []
    one = api.control("GET", f"/webhooks/deliveries/{own[0]['id']}")
    assert one == own[0]
    assert not any(name.startswith("_") for name in one)
    assert json.loads(one["body"])["id"] == one["event"]


def test_draining_attempts_due_deliveries_once(api: Any, dead_url: str) -> None:
    """A failure is recorded and due again later, by the account's clock."""
    now = api.freeze()
    api.endpoint(dead_url, "order.authorized")
    api.manual()

    (outcome,) = api.control("POST", "/webhooks/drain", {})
    idle = api.control("POST", "/webhooks/drain", {})

    (shown,) = api.control("GET", "/webhooks/deliveries")
    assert idle == []
    assert (outcome["delivery"], outcome["state"]) == (shown["id"], "pending")
    assert [attempt["at"] for attempt in shown["attempts"]] == [now]
    assert "connection refused" in shown["attempts"][0]["error"]
    assert shown["nextAttemptAt"] > now


def test_advancing_the_clock_attempts_what_falls_due(api: Any, dead_url: str) -> None:
    """Each attempt at its own time."""
    api.freeze()
    api.endpoint(dead_url, "order.authorized")
    api.manual()
    api.control("POST", "/webhooks/drain", {})
    (first,) = api.control("GET", "/webhooks/deliveries")

    api.freeze(first["nextAttemptAt"] - 1)
    (early,) = api.control("GET", "/webhooks/deliveries")
    api.advance(milliseconds=1)
    (then,) = api.control("GET", "/webhooks/deliveries")

    assert len(early["attempts"]) == 1
    assert [row["at"] for row in then["attempts"]][1:] == [first["nextAttemptAt"]]


def test_draining_applies_expiries_first(api: Any, dead_url: str) -> None:
    """Their webhooks are delivered too."""
    api.freeze()
    api.endpoint(dead_url, "order.canceled")
    api.manual()
    api.advance(days=8)

    (outcome,) = api.control("POST", "/webhooks/drain", {})

    assert outcome["type"] == "order.canceled"


def test_a_delivery_or_all_in_a_state_can_be_replayed(api: Any, dead_url: str) -> None:
    """Due at once; earlier attempts stay recorded."""
    api.freeze()
    api.endpoint(dead_url, "order.authorized")
    api.manual()
    api.manual()
    api.control("POST", "/webhooks/drain", {})
    first, second = api.control("GET", "/webhooks/deliveries")

    one = api.control("POST", f"/webhooks/deliveries/{first['id']}/replay")
    again = api.control("POST", "/webhooks/drain", {})
    all_ = api.control("POST", "/webhooks/replay?state=pending")

    assert (one["id"], one["state"]) == (first["id"], "pending")
    assert [outcome["delivery"] for outcome in again] == [first["id"]]
    assert [row["id"] for row in all_] == [first["id"], second["id"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/webhooks/deliveries?state=lost"),
        ("POST", "/webhooks/replay?state=lost"),
    ],
)
def test_an_unknown_state_is_404_with_the_known_ones(
    api: Any, method: str, path: str
) -> None:
    """A misspelt filter is no empty list."""
    reply = api.admin(method, path)

    assert reply.status == 404
    assert "delivered" in reply.detail


def test_webhook_faults_can_be_set_and_removed(api: Any) -> None:
    """An invalid value changes nothing."""
    plain = api.control("GET", "/webhooks/faults")

    changed = api.control("PUT", "/webhooks/faults", {"duplicate": 2})
    refused = api.admin("PUT", "/webhooks/faults", {"duplicate": "twice"})
    shown = api.control("GET", "/webhooks/faults")

    assert changed == shown == {**plain, "duplicate": 2}
    assert refused.status == 400
    assert "duplicate" in refused.detail
    assert api.control("PUT", "/webhooks/faults", {}) == plain


def test_an_expiry_wakes_the_worker(
    emulate: Any, dead_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any call that opens the account finds the expiry."""
    api = emulate()
    api.endpoint(dead_url, "order.canceled")
    api.manual()
    woken: list[str] = []
    api.application.wake = woken.append
    later = clock.wall_ms() + 7 * clock.DAY_MS
    monkeypatch.setattr(clock, "wall_ms", lambda: later)

    api.ok("list_tokens")

    assert len(woken) == 1
    assert api.control("GET", "/webhooks/deliveries")[0]["type"] == "order.canceled"
