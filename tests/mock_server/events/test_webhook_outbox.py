"""The outbox: one event per change, one delivery per subscribed endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.events import outbox
from smartpay_mock.events.outbox import is_delivered, record, summarize_event
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.json import encode

ACCOUNT = "acct_one"


def test_without_an_endpoint_an_event_is_stored_short(account: Any) -> None:
    """Its body is not rendered."""
    rendered: list[dict[str, Any]] = []

    def render(data: dict[str, Any]) -> dict[str, Any]:
        rendered.append(data)
        return data

    with account.store.write(ACCOUNT) as unit:
        event = record(
            unit,
            event_type="order.authorized",
            data={"id": "order_test_1", "amount": 5},
            now=account.now,
            new_id=account.new_id,
            render=render,
        )

    assert event == {
        "id": "event_test_0001",
        "type": "order.authorized",
        "createdAt": account.now,
        "objectId": "order_test_1",
    }
    assert account.events() == [event]
    assert not is_delivered(event)
    assert rendered == []
    assert account.deliveries() == []


def test_an_event_for_an_endpoint_is_stored_completely(account: Any) -> None:
    """Its members are in the order of the published sample."""
    account.endpoint()

    event = account.publish("payment.created")

    assert list(event) == ["id", "object", "createdAt", "test", "eventData"]
    assert list(event["eventData"]) == ["type", "version", "data"]
    assert event["eventData"]["type"] == "payment.created"
    assert is_delivered(event)
    assert account.events() == [event]


def test_each_endpoint_gets_its_own_delivery(
    account: Any,
) -> None:
    """Due at once, with the bytes to send."""
    endpoints = [account.endpoint(), account.endpoint()]

    event = account.publish()

    deliveries = account.deliveries()
    assert [each["endpoint"] for each in deliveries] == [
        each["id"] for each in endpoints
    ]
    assert {each["body"] for each in deliveries} == {encode(event).decode()}
    assert {each["state"] for each in deliveries} == {"pending"}
    assert {each["nextAttemptAt"] for each in deliveries} == {account.now}


@pytest.mark.parametrize(
    ("changes", "is_meant"),
    [
        ({}, True),
        ({"eventSubscriptions": ["token.used", "order.authorized"]}, True),
        ({"eventSubscriptions": ["token.used"]}, False),
        ({"eventSubscriptions": []}, True),
        ({"active": False}, False),
    ],
    ids=["to all", "to this", "to another", "to no type in particular", "not active"],
)
def test_only_active_endpoints_that_subscribed_get_an_event(
    account: Any, changes: dict[str, Any], *, is_meant: bool
) -> None:
    """An endpoint without types gets every type."""
    account.endpoint(**changes)

    account.publish("order.authorized")

    assert bool(account.deliveries()) is is_meant


def test_a_rolled_back_change_leaves_neither_event_nor_delivery(account: Any) -> None:
    """They are stored in the unit of the change."""
    account.endpoint()

    def change_and_fail() -> None:
        with account.store.write(ACCOUNT) as unit:
            record(
                unit,
                event_type="order.authorized",
                data={"id": "order_test_1"},
                now=account.now,
                new_id=account.new_id,
            )
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()

    assert account.events() == []
    assert account.deliveries() == []
    assert account.deliverer().drain(ACCOUNT) == []


def test_an_unknown_type_is_refused(account: Any) -> None:
    """The message lists the known types."""
    with pytest.raises(NotFoundError, match=r"'order\.paid'.*order\.authorized"):
        account.publish("order.paid")


def test_trimming_deletes_old_events_but_no_deliveries(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pending deliveries are still sent."""
    monkeypatch.setattr(outbox, "KEPT", 2)
    account.endpoint()
    events = [account.publish() for _ in range(4)]

    with account.store.write(ACCOUNT) as unit:
        outbox.trim(unit)

    assert account.events() == events[2:]
    assert account.deliverer().drain(ACCOUNT)
    assert account.sender.event_ids() == [event["id"] for event in events]


def test_short_and_complete_events_have_the_same_summary(account: Any) -> None:
    """With the same members."""
    note = account.publish()
    account.endpoint()
    whole = account.publish()

    summaries = [summarize_event(event) for event in (note, whole)]

    assert [list(summary) for summary in summaries] == [
        ["id", "type", "createdAt", "objectId"]
    ] * 2
    assert summaries[1] == {**summaries[0], "id": whole["id"]}
