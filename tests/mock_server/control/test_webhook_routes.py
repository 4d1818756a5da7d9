"""Webhooks as the control plane shows and drives them."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from smartpay_mock.kernel import clock


@pytest.fixture
def dead_url() -> str:
    """Return a URL on loopback where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/hook"


def endpoint(api: Any, url: str, *types: str) -> str:
    """Make a webhook endpoint and return its id."""
    body: dict[str, Any] = {"url": url}
    if types:
        body["eventSubscriptions"] = list(types)
    return str(api.ok("create_webhook_endpoint", body)["id"])


def test_events_are_listed_oldest_first(api: Any) -> None:
    """Whether anybody gets them or not."""
    order = api.manual()["id"]
    api.ok("cancel_order", id=order)

    shown = api.steer("GET", "/events")

    assert [event["type"] for event in shown] == [
        "token.used",
        "order.authorized",
        "order.canceled",
    ]
    assert shown[-1]["objectId"] == order
    assert shown[-1]["id"].startswith("evt_test_")


def test_each_subscription_gets_a_delivery(api: Any, dead_url: str) -> None:
    """Pending until it is attempted; listed by state and by endpoint."""
    every = endpoint(api, dead_url)
    some = endpoint(api, dead_url, "order.authorized")
    api.manual()

    shown = api.steer("GET", "/webhooks/deliveries")

    assert [(row["endpoint"], row["type"]) for row in shown] == [
        (every, "token.used"),
        (every, "order.authorized"),
        (some, "order.authorized"),
    ]
    assert {row["state"] for row in shown} == {"pending"}
    own = api.steer("GET", f"/webhooks/deliveries?endpoint={some}")
    assert own == [shown[2]]
    assert api.steer("GET", "/webhooks/deliveries?state=delivered") == []
    one = api.steer("GET", f"/webhooks/deliveries/{own[0]['id']}")
    assert one == own[0]
    assert not any(name.startswith("_") for name in one)


def test_draining_attempts_what_is_due_without_sleeping(
    api: Any, dead_url: str
) -> None:
    """Once: a failure is on record, and due again later by the account's clock."""
    now = api.freeze()
    endpoint(api, dead_url, "order.authorized")
    api.manual()

    (outcome,) = api.steer("POST", "/webhooks/drain", {})
    idle = api.steer("POST", "/webhooks/drain", {})

    (shown,) = api.steer("GET", "/webhooks/deliveries")
    assert idle == []
    assert (outcome["delivery"], outcome["state"]) == (shown["id"], "pending")
    assert [attempt["at"] for attempt in shown["attempts"]] == [now]
    assert "connection refused" in shown["attempts"][0]["error"]
    assert shown["nextAttemptAt"] > now


def test_a_clock_that_advances_attempts_what_falls_due_on_the_way(
    api: Any, dead_url: str
) -> None:
    """Each attempt at its own time, as if time had passed slowly."""
    api.freeze()
    endpoint(api, dead_url, "order.authorized")
    api.manual()
    api.steer("POST", "/webhooks/drain", {})
    (first,) = api.steer("GET", "/webhooks/deliveries")

    api.freeze(first["nextAttemptAt"] - 1)
    (early,) = api.steer("GET", "/webhooks/deliveries")
    api.advance(milliseconds=1)
    (then,) = api.steer("GET", "/webhooks/deliveries")

    assert len(early["attempts"]) == 1
    assert [row["at"] for row in then["attempts"]][1:] == [first["nextAttemptAt"]]


def test_draining_until_a_time_attempts_what_falls_due_by_then(
    api: Any, dead_url: str
) -> None:
    """The whole schedule at once, if asked."""
    now = api.freeze()
    endpoint(api, dead_url, "order.authorized")
    api.manual()

    until = now + 30 * 86_400_000
    outcomes = api.steer("POST", "/webhooks/drain", {"until": until})

    assert outcomes[-1]["state"] == "failed"
    (shown,) = api.steer("GET", "/webhooks/deliveries?state=failed")
    assert len(shown["attempts"]) > 3


def test_an_expiry_that_draining_finds_is_delivered_too(
    api: Any, dead_url: str
) -> None:
    """What time alone changes happens first."""
    api.freeze()
    endpoint(api, dead_url, "order.canceled")
    api.manual()
    api.advance(days=8)

    (outcome,) = api.steer("POST", "/webhooks/drain", {})

    assert outcome["type"] == "order.canceled"


def test_a_delivery_beyond_loopback_is_blocked_with_its_reason(api: Any) -> None:
    """Nothing is sent, and what would allow it is named."""
    endpoint(api, "https://example.com/hook", "order.authorized")
    api.manual()

    (outcome,) = api.steer("POST", "/webhooks/drain", {})

    assert outcome["state"] == "blocked"
    (shown,) = api.steer("GET", "/webhooks/deliveries?state=blocked")
    assert "SMARTPAY_SANDBOX_WEBHOOKS_ANYWHERE" in shown["reason"]


def test_one_delivery_or_all_of_a_state_are_attempted_again(
    api: Any, dead_url: str
) -> None:
    """Due at once; earlier attempts stay on record."""
    api.freeze()
    endpoint(api, dead_url, "order.authorized")
    api.manual()
    api.manual()
    api.steer("POST", "/webhooks/drain", {})
    first, second = api.steer("GET", "/webhooks/deliveries")

    one = api.steer("POST", f"/webhooks/deliveries/{first['id']}/replay")
    again = api.steer("POST", "/webhooks/drain", {})
    all_ = api.steer("POST", "/webhooks/replay?state=pending")

    assert (one["id"], one["state"]) == (first["id"], "pending")
    assert [outcome["delivery"] for outcome in again] == [first["id"]]
    assert [row["id"] for row in all_] == [first["id"], second["id"]]


def test_replaying_nothing_says_so(api: Any) -> None:
    """With what to do first."""
    reply = api.admin("POST", "/webhooks/replay")

    assert reply.status == 400
    assert "create a webhook endpoint" in reply.detail


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/webhooks/deliveries?state=lost"),
        ("POST", "/webhooks/replay?state=lost"),
    ],
)
def test_a_state_that_is_none_is_404_with_those_there_are(
    api: Any, method: str, path: str
) -> None:
    """A slip of the pen is no empty list."""
    reply = api.admin(method, path)

    assert reply.status == 404
    assert "delivered" in reply.detail


def test_webhooks_misbehave_when_told_and_behave_again(api: Any) -> None:
    """What cannot be is refused and changes nothing; no options behave again."""
    plain = api.steer("GET", "/webhooks/faults")

    told = api.steer("PUT", "/webhooks/faults", {"duplicate": 2})
    refused = api.admin("PUT", "/webhooks/faults", {"duplicate": "twice"})
    shown = api.steer("GET", "/webhooks/faults")

    assert told == shown == {**plain, "duplicate": 2}
    assert refused.status == 400
    assert "duplicate" in refused.detail
    assert api.steer("PUT", "/webhooks/faults", {}) == plain


def test_a_refused_call_posts_nothing(
    emulate: Any, order_payload: Any, dead_url: str
) -> None:
    """What is rolled back is never told, nor is the worker woken for it."""
    api = emulate(strict=True)
    woken: list[str] = []
    api.engine.wake = woken.append
    endpoint(api, dead_url)
    woken.clear()

    refused = api.do("create_order", order_payload(amount=1))
    silent = (list(woken), api.steer("GET", "/webhooks/deliveries"))
    woken.clear()
    api.order()

    assert refused.status == 400
    assert silent == ([], [])
    assert len(woken) == 1


def test_the_worker_is_woken_for_what_time_did(
    emulate: Any, dead_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at the account finds an expiry; its webhook goes out at once."""
    api = emulate()
    endpoint(api, dead_url, "order.canceled")
    api.manual()
    woken: list[str] = []
    api.engine.wake = woken.append
    later = clock.wall_ms() + 7 * clock.DAY_MS
    monkeypatch.setattr(clock, "wall_ms", lambda: later)

    api.ok("list_tokens")

    assert len(woken) == 1
    assert api.steer("GET", "/webhooks/deliveries")[0]["type"] == "order.canceled"
