"""Outcomes made on purpose: customers, events, settings of an account."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_fixtures import order_payload
from smartpay_schemas import EVENTS, problems

DEAD_URL = "http://127.0.0.1:9/hook"


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


@pytest.mark.parametrize("type_", EVENTS)
def test_every_type_of_event_can_be_caused(api: Any, type_: str) -> None:
    """Its body is valid and shown later; each endpoint that subscribes gets it."""
    subscribed = api.endpoint(DEAD_URL, type_)["id"]
    api.endpoint(DEAD_URL, *[other for other in EVENTS if other != type_][:1])

    made = api.control("POST", "/events", {"type": type_})

    event = made["event"]
    assert problems("resources/event", event) == []
    assert event["eventData"]["data"]["object"] == EVENTS[type_].object
    assert api.control("GET", f"/events/{event['id']}") == event
    shown = api.control("GET", "/webhooks/deliveries")
    assert [(row["id"], row["endpoint"]) for row in shown] == [
        (made["deliveries"][0], subscribed)
    ]
    assert api.control("GET", "/events")[-1]["type"] == type_


@pytest.mark.parametrize(
    ("type_", "status"),
    [
        ("order.rejected", "rejected"),
        ("order.canceled", "canceled"),
        ("token.disabled", "disabled"),
        ("token.created", "requires_authorization"),
    ],
)
def test_a_caused_event_has_the_status_of_its_type(
    api: Any, type_: str, status: str
) -> None:
    """Unless data says otherwise."""
    event = api.control("POST", "/events", {"type": type_})["event"]

    assert event["eventData"]["data"]["status"] == status


def test_an_event_can_be_about_an_object_of_the_account(api: Any) -> None:
    """With members replaced."""
    order = api.order()["id"]
    body = {"type": "order.canceled", "objectId": order, "data": {"status": "canceled"}}

    data = api.control("POST", "/events", body)["event"]["eventData"]["data"]

    assert (data["id"], data["status"]) == (order, "canceled")
    assert api.ok("get_order", id=order)["status"] == "succeeded"


def test_an_event_that_nobody_got_has_the_same_members(api: Any) -> None:
    """A payment in an event has no lists, whether it is delivered or only shown."""

    def newest() -> Any:
        row = next(
            row
            for row in api.control("GET", "/events")
            if row["type"] == "payment.created"
        )
        return api.control("GET", f"/events/{row['id']}")["eventData"]["data"]

    api.order()
    shown = newest()
    api.endpoint(DEAD_URL, "payment.created")
    api.order()

    assert "lineItems" not in shown
    assert shown.keys() - newest().keys() == set()


def test_events_are_listed_whether_an_endpoint_gets_them_or_not(api: Any) -> None:
    """All of a charge, in their order."""
    api.endpoint(DEAD_URL, "order.authorized")

    api.order()

    types = [type_ for type_, _ in api.events()]
    assert types == ["token.used", "order.authorized", "payment.created"]


def test_an_event_reaches_an_endpoint_that_came_later(api: Any) -> None:
    """The event of a call, with its id and its time; also to a named endpoint."""
    order = api.order()["id"]
    event = next(
        row for row in api.control("GET", "/events") if row["objectId"] == order
    )
    path = f"/events/{event['id']}/deliver"
    assert "Create one" in api.admin("POST", path).detail
    endpoint = api.endpoint(DEAD_URL)["id"]
    other = api.endpoint(DEAD_URL, "coupon.created")["id"]

    made = api.control("POST", path)
    named = api.control("POST", path, {"endpoint": other})

    assert made["event"]["id"] == event["id"]
    assert made["event"]["createdAt"] == event["createdAt"]
    assert problems("resources/event", made["event"]) == []
    shown = api.control("GET", "/webhooks/deliveries")
    assert [(row["event"], row["endpoint"]) for row in shown] == [
        (event["id"], endpoint),
        (event["id"], other),
    ]
    assert [row["id"] for row in shown] == made["deliveries"] + named["deliveries"]
    assert [row["id"] for row in api.control("GET", "/events")].count(event["id"]) == 1


def test_a_token_that_is_made_active_can_be_charged(api: Any) -> None:
    """Although no consumer has approved it."""
    token = api.token_session()["token"]["id"]

    api.control("PATCH", f"/tokens/{token}", {"status": "active"})

    assert api.order(token=token)["status"] == "succeeded"


def test_refunds_fail_on_purpose(api: Any) -> None:
    """Nothing is given back; with the setting restored, all of it can be refunded."""
    payment = api.order()["payments"][0]
    id_ = payment if isinstance(payment, str) else payment["id"]
    api.control("PATCH", "/settings", {"refunds": "failed"})

    failed = api.refund(id_, 2500).json
    api.control("PATCH", "/settings", {"refunds": None})
    refund = api.refund(id_, 2500).json

    assert (failed["status"], refund["status"]) == ("failed", "succeeded")
    assert api.ok("get_payment", id=id_)["status"] == "refunded"
    assert api.events()[-2:] == [
        ("refund.created", failed["id"]),
        ("refund.created", refund["id"]),
    ]


def test_captures_fail_on_purpose(api: Any) -> None:
    """Nothing is taken or can be refunded; the order can still be captured."""
    order = api.manual()["id"]
    api.control("PATCH", "/settings", {"captures": "failed"})

    failed = api.capture(order, 2500).json
    assert api.refund(failed["id"], 1).code == "amount.insufficient"
    assert api.ok("get_order", id=order)["status"] == "requires_capture"
    api.control("PATCH", "/settings", {"captures": "processed"})
    payment = api.capture(order, 2500).json

    assert (failed["status"], payment["status"]) == ("failed", "processed")
    assert api.ok("get_order", id=order)["status"] == "succeeded"
    assert api.events()[-2:] == [
        ("payment.created", failed["id"]),
        ("payment.created", payment["id"]),
    ]


def test_settings_of_an_account_change_at_run_time(emulate: Any) -> None:
    """They are shown, apply at once, and only to this account."""
    api, other = emulate(key="sk_test_one"), emulate(key="sk_test_two")
    token = "paytok_test_disabled"

    shown = api.control("PATCH", "/settings", {"inactive_token": "error"})

    assert shown == api.control("GET", "/settings")
    assert shown["inactive_token"] == "error"
    assert other.control("GET", "/settings")["inactive_token"] == "rejected"
    body = order_payload(token=token)
    assert api.do("create_order", body).code == "token.invalid"
    assert other.do("create_order", body).json["status"] == "rejected"
    api.control("PATCH", "/settings", {"inactive_token": None})
    assert api.do("create_order", body).json["status"] == "rejected"


def test_the_retry_schedule_of_an_account_can_change(api: Any) -> None:
    """The pauses of the next failure follow it."""
    api.freeze()
    api.endpoint(DEAD_URL)
    api.control("PATCH", "/settings", {"webhook_schedule": "7s"})
    made = api.control("POST", "/events", {"type": "payout.paid"})

    api.control("POST", "/webhooks/drain")

    shown = api.control("GET", f"/webhooks/deliveries/{made['deliveries'][0]}")
    assert shown["nextAttemptAt"] - shown["createdAt"] == 7_000


@pytest.mark.parametrize("events", [(), ("payout.paid",)])
def test_an_account_has_the_webhook_of_the_settings(
    emulate: Any, tmp_path: Any, events: tuple[str, ...]
) -> None:
    """Also after a reset, and with the same id and secret after a restart."""
    options = {
        "key": "sk_test_one",
        "state": f"sqlite:///{tmp_path / 'state.db'}",
        "webhook": DEAD_URL,
        "events": events,
    }
    api = emulate(**options)
    first = api.ok("list_webhook_endpoints")["data"]

    api.control("POST", "/reset")

    assert api.ok("list_webhook_endpoints")["data"] == first
    assert emulate(**options).ok("list_webhook_endpoints")["data"] == first
    assert (first[0]["url"], first[0]["eventSubscriptions"]) == (DEAD_URL, [*events])
    given = emulate(**options, webhook_secret="B2345678")
    assert given.ok("list_webhook_endpoints")["data"][0]["signingSecret"] == "B2345678"
