"""The outbox: one event per change, one delivery per subscribed endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.events import outbox
from smartpay_mock.events.outbox import is_delivered, record, summarize_event
from smartpay_mock.kernel.errors import NotFoundError

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


def test_an_empty_list_of_types_means_every_type(account: Any) -> None:
    """Like no list."""
    account.endpoint(eventSubscriptions=[])

    account.publish("order.authorized")

    assert len(account.deliveries()) == 1


def test_an_inactive_endpoint_gets_no_delivery(account: Any) -> None:
    """Not even one that is dropped later."""
    account.endpoint(active=False)

    account.publish("order.authorized")

    assert account.deliveries() == []


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
