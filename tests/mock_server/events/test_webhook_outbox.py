"""The outbox: one event per change, one delivery per subscribed endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.events import outbox
from smartpay_mock.events.outbox import summarize_event
from smartpay_mock.kernel.errors import NotFoundError

ACCOUNT = "acct_one"


def test_without_an_endpoint_an_event_is_stored_short(account: Any) -> None:
    """Its body is not rendered."""

    def render(_data: Any) -> Any:
        pytest.fail("the object was rendered")

    event = account.publish(render=render)

    assert event == {
        "id": "event_test_0001",
        "type": "order.authorized",
        "createdAt": account.now,
        "objectId": "order_test_1",
    }
    assert account.deliveries() == []


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ({"eventSubscriptions": []}, 1),
        ({"eventSubscriptions": ["order.authorized"]}, 1),
        ({"eventSubscriptions": ["order.canceled"]}, 0),
        ({"active": False}, 0),
    ],
    ids=["no list is every type", "this type", "another type", "inactive"],
)
def test_an_endpoint_gets_the_events_it_subscribed_to(
    account: Any, settings: dict[str, Any], count: int
) -> None:
    """While it is active; else there is not even a delivery that is dropped later."""
    account.endpoint(**settings)

    account.publish("order.authorized")

    assert len(account.deliveries()) == count


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
