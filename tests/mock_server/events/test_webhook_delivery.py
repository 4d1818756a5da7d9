"""Delivery on the account's clock, with a sender in place of the network."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from smartpay_mock.events.delivery import FOREVER
from smartpay_mock.events.faults import KIND, WebhookFaults, save_faults
from smartpay_mock.events.schedule import RETRY_AFTER_MS
from smartpay_mock.events.signing import SIGNATURE_HEADER
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError

ACCOUNT = "acct_one"


def times_of(delivery: dict[str, Any], start: int) -> list[int]:
    """Return when the attempts were made, in milliseconds after the start."""
    return [attempt["at"] - start for attempt in delivery["attempts"]]


def test_the_first_attempt_is_made_at_once(account: Any) -> None:
    """A new event is due now."""
    (event,) = account.make_due()

    (outcome,) = account.deliverer().drain(ACCOUNT)

    (delivery,) = account.deliveries()
    assert outcome.pop("delivery") == delivery["id"]
    assert outcome == {name: delivery[name] for name in outcome}
    assert (outcome["event"], outcome["state"]) == (event["id"], "delivered")
    (attempt,) = outcome["attempts"]
    assert attempt["signature"] == account.sender.posts[0].headers[SIGNATURE_HEADER]
    assert attempt | {"at": account.now, "status": 200, "ms": 0} == attempt
    assert outcome["nextAttemptAt"] is None


def test_three_failures_then_200_follow_the_schedule_exactly(account: Any) -> None:
    """Drained as time passes: never early, always when due."""
    account.make_due()
    account.sender.answers = [500, 404, ConnectionResetError("gone")]
    deliverer, start = account.deliverer(), account.now

    deliverer.drain(ACCOUNT)
    for pause in RETRY_AFTER_MS[:3]:
        account.now += pause - 1
        assert deliverer.drain(ACCOUNT) == []
        account.now += 1
        assert len(deliverer.drain(ACCOUNT)) == 1

    (delivery,) = account.deliveries()
    assert times_of(delivery, start) == [0, 90_000, 390_000, 1_290_000]
    assert delivery["state"] == "delivered"
    assert delivery["attempts"][2]["error"] == "ConnectionResetError: gone"


def test_draining_ahead_makes_each_attempt_at_its_own_time(account: Any) -> None:
    """Days of retries in two calls; the account's clock does not move."""
    account.make_due()
    account.sender.answers = [503] * 20
    start, days = account.now, sum(RETRY_AFTER_MS)

    outcomes = account.deliverer().drain(ACCOUNT, until=start + days - 1)
    outcomes += account.deliverer().drain(ACCOUNT, until=start + days)

    (delivery,) = account.deliveries()
    expected = [0, *itertools.accumulate(RETRY_AFTER_MS)]
    assert times_of(delivery, start) == expected
    assert [outcome["state"] for outcome in outcomes] == ["pending"] * 9 + ["failed"]
    due = [outcome["nextAttemptAt"] for outcome in outcomes]
    assert due == [*(start + pause for pause in expected[1:]), None]
    assert delivery["reason"] == (
        "none of 10 attempts was answered with 200; fix the receiver and replay"
    )
    assert account.deliverer().next_due(ACCOUNT) is None


def test_events_are_sent_in_the_order_they_were_recorded(account: Any) -> None:
    """Also events of the same instant."""
    ids = [event["id"] for event in account.make_due(12)]

    account.deliverer().drain(ACCOUNT)

    assert account.sender.event_ids() == ids


def test_a_retry_does_not_delay_later_events(account: Any) -> None:
    """The due time decides, not the age."""
    account.endpoint()
    first, second = account.publish()["id"], account.publish()["id"]
    account.sender.answers = [500]

    account.deliverer().drain(ACCOUNT, until=account.now + 90_000)

    assert account.sender.event_ids() == [first, second, first]


def test_a_crash_between_sending_and_recording_sends_again(account: Any) -> None:
    """At least once: a receiver may see an event twice."""
    (event,) = account.make_due()

    def crash(post: Any) -> int:
        account.sender(post)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        account.deliverer(send=crash).drain(ACCOUNT)
    account.deliverer(holder="after the restart").drain(ACCOUNT)

    assert account.sender.event_ids() == [event["id"], event["id"]]
    assert len(account.deliveries()[0]["attempts"]) == 1


def test_no_unit_is_open_while_sending(account: Any) -> None:
    """The receiver may call the API for the same account."""
    account.make_due()
    seen: list[str] = []

    def call_back(_post: Any) -> int:
        seen.append(account.deliveries()[0]["state"])
        if len(seen) == 1:
            account.publish("payment.created")
        return 200

    outcomes = account.deliverer(send=call_back).drain(ACCOUNT)

    assert seen == ["pending", "delivered"]
    assert [outcome["type"] for outcome in outcomes] == [
        "order.authorized",
        "payment.created",
    ]


def test_a_delivery_to_another_machine_is_blocked(
    account: Any,
) -> None:
    """It stays recorded, and the reason says how to allow it."""
    account.endpoint(url="https://example.com/hook")
    account.publish()

    (outcome,) = account.deliverer().drain(ACCOUNT)

    assert account.sender.posts == []
    assert (outcome["state"], outcome["attempts"]) == ("blocked", [])
    (delivery,) = account.deliveries()
    assert delivery["reason"].startswith("example.com is not this machine")
    assert "--webhooks-anywhere" in delivery["reason"]
    assert delivery["nextAttemptAt"] is None


def test_other_machines_can_be_allowed(account: Any) -> None:
    """By the setting `webhooks_anywhere`."""
    account.endpoint(url="https://192.0.2.7/hook")
    account.publish()

    (outcome,) = account.deliverer(anywhere=True).drain(ACCOUNT)

    assert outcome["state"] == "delivered"
    assert account.sender.posts[0].destination.addresses == ("192.0.2.7",)


def test_a_name_without_an_address_is_retried(account: Any) -> None:
    """The name server may be down."""
    account.endpoint(url="https://mystore.invalid/hook")
    account.publish()

    (outcome,) = account.deliverer(anywhere=True).drain(ACCOUNT)

    assert outcome["state"] == "pending"
    assert outcome["attempts"][0]["error"].startswith("no address: ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("delete", "was deleted"),
        ("deactivate", "is not active; activate it and replay"),
    ],
)
def test_a_delivery_to_a_deleted_or_inactive_endpoint_is_dropped(
    account: Any, change: str, reason: str
) -> None:
    """With the reason; nothing is sent."""
    endpoint = account.endpoint()
    account.publish()
    if change == "delete":
        with account.store.write(ACCOUNT) as unit:
            unit.delete("webhook_endpoint", endpoint["id"])
    else:
        account.save_endpoint({**endpoint, "active": False})

    (outcome,) = account.deliverer().drain(ACCOUNT)

    assert account.sender.posts == []
    assert outcome["state"] == "dropped"
    assert outcome["reason"] is not None
    assert outcome["reason"].endswith(reason)


def test_a_retry_uses_the_current_endpoint(account: Any) -> None:
    """A corrected URL applies to pending deliveries."""
    endpoint = account.endpoint()
    account.publish()
    account.sender.answers = [500]
    deliverer = account.deliverer()
    deliverer.drain(ACCOUNT)
    account.save_endpoint({**endpoint, "url": "http://127.0.0.1:10/new"})

    deliverer.drain(ACCOUNT, until=FOREVER)

    assert [post.destination.port for post in account.sender.posts] == [9, 10]
    assert account.deliveries()[0]["url"] == "http://127.0.0.1:10/new"


def test_an_attempt_does_not_undo_a_reset(account: Any) -> None:
    """Its result is discarded."""
    account.make_due()

    def reset(_post: Any) -> int:
        with account.store.write(ACCOUNT) as unit:
            unit.clear()
        return 200

    account.deliverer(send=reset).drain(ACCOUNT)

    assert account.deliveries() == []
    assert account.store.accounts() == []


def test_a_replay_sends_again_from_the_start_of_the_schedule(account: Any) -> None:
    """Earlier attempts stay recorded."""
    account.make_due()
    account.sender.answers = [500] * 10
    deliverer = account.deliverer()
    deliverer.drain(ACCOUNT, until=FOREVER)
    (failed,) = account.deliveries()
    account.sender.answers = [500]

    shown = account.replay(failed["id"])
    deliverer.drain(ACCOUNT, until=account.now + 90_000)

    assert (shown["state"], shown["reason"]) == ("pending", None)
    (delivery,) = account.deliveries()
    assert delivery["state"] == "delivered"
    assert len(delivery["attempts"]) == 12


def test_a_replay_during_an_attempt_is_still_sent(
    account: Any,
) -> None:
    """The current attempt belongs to the earlier run."""
    account.make_due()
    deliverers: list[Any] = []

    def replay_once(_post: Any) -> int:
        if len(account.sender.posts) == 0:
            account.replay(account.deliveries()[0]["id"])
        return int(account.sender(_post))

    deliverers.append(account.deliverer(send=replay_once))
    outcomes = deliverers[0].drain(ACCOUNT)

    assert [outcome["state"] for outcome in outcomes] == ["pending", "delivered"]
    assert len(account.deliveries()[0]["attempts"]) == 2


def test_all_deliveries_or_those_in_a_state_can_be_replayed(account: Any) -> None:
    """In the order of their creation."""
    ids = [event["id"] for event in account.make_due(3)]
    account.sender.answers = [200, 500, 200]
    deliverer = account.deliverer()
    deliverer.drain(ACCOUNT)

    waiting = account.replay_all("pending")
    everything = account.replay_all()

    assert [delivery["event"] for delivery in waiting] == [ids[1]]
    assert [delivery["event"] for delivery in everything] == ids
    assert len(deliverer.drain(ACCOUNT)) == 3


def test_a_replay_of_an_unknown_delivery_is_refused(account: Any) -> None:
    """An id, a state, or an account without deliveries."""
    with pytest.raises(NotFoundError, match=r"'delivery_x'.*list its deliveries"):
        account.replay("delivery_x")
    with pytest.raises(NotFoundError, match=r"'lost'.*blocked, delivered, dropped"):
        account.replay_all("lost")
    with pytest.raises(SandboxUsageError, match="create a webhook endpoint"):
        account.replay_all("failed")


def test_the_schedule_can_be_set(account: Any) -> None:
    """Without pauses there is one attempt."""
    account.make_due()
    account.sender.answers = [500]

    (outcome,) = account.deliverer(retry_after_ms=()).drain(ACCOUNT, until=FOREVER)

    assert outcome["state"] == "failed"


def test_due_accounts_have_a_pending_delivery(account: Any) -> None:
    """Due now or later."""
    account.endpoint()
    deliverer = account.deliverer()
    assert deliverer.due_accounts() == []

    account.publish()
    account.sender.answers = [500]
    deliverer.drain(ACCOUNT)

    assert deliverer.due_accounts() == [ACCOUNT]
    assert not deliverer.is_due(ACCOUNT)
    deliverer.drain(ACCOUNT, until=FOREVER)
    assert deliverer.due_accounts() == []


def test_the_same_run_records_the_same_attempts(account: Any) -> None:
    """Nothing depends on the wall clock."""
    account.make_due()
    with account.store.write(ACCOUNT) as unit:
        save_faults(unit, WebhookFaults(duplicate=1))
    account.sender.answers = [500, TimeoutError()]

    account.deliverer(wall=lambda: 0).drain(ACCOUNT, until=account.now + 390_000)

    attempts = account.deliveries()[0]["attempts"]
    assert all(attempt.pop("signature") for attempt in attempts)
    assert attempts == [
        {"at": 1_700_000_000_000, "status": 500, "ms": 0},
        {
            "at": 1_700_000_090_000,
            "error": "no complete answer within 10000 ms from 127.0.0.1:9",
            "ms": 0,
        },
        {"at": 1_700_000_390_000, "status": 200, "ms": 0},
        {
            "at": 1_700_000_390_000,
            "status": 200,
            "ms": 0,
            KIND: ["duplicate"],
        },
    ]
