"""Delivery on the account's clock, with a sender in place of the network."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from smartpay_mock.events.delivery import FOREVER
from smartpay_mock.events.faults import WebhookFaults, save_faults
from smartpay_mock.events.schedule import RETRY_AFTER_MS
from smartpay_mock.events.signing import verify
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError

ACCOUNT = "acct_one"
SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"


def times_of(delivery: dict[str, Any], start: int) -> list[int]:
    """Return when a delivery was attempted, from its start, in milliseconds."""
    return [attempt["at"] - start for attempt in delivery["attempts"]]


def test_the_first_attempt_is_made_at_once(account: Any) -> None:
    """What is recorded now is due now."""
    account.endpoint()
    event = account.publish()

    (outcome,) = account.deliverer().drain(ACCOUNT)

    assert (outcome["event"], outcome["state"]) == (event["id"], "delivered")
    assert outcome["attempts"] == [{"at": account.now, "status": 200, "ms": 0}]
    (delivery,) = account.deliveries()
    assert delivery["attempts"] == outcome["attempts"]
    assert (delivery["state"], delivery["nextAttemptAt"]) == ("delivered", None)


def test_an_outcome_speaks_like_the_delivery_it_is_about(account: Any) -> None:
    """Whoever reads one can read the other."""
    account.endpoint()
    account.publish()

    (outcome,) = account.deliverer().drain(ACCOUNT)

    told = outcome
    (delivery,) = account.deliveries()
    assert told.pop("delivery") == delivery["id"]
    assert told == {name: delivery[name] for name in told}


def test_three_failures_then_200_follow_the_schedule_exactly(account: Any) -> None:
    """Drained as time goes by: never early, always when due."""
    account.endpoint()
    account.publish()
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
    """Three days of retries in one call; the account's clock stays where it is."""
    account.endpoint()
    account.publish()
    account.sender.answers = [503] * 20
    start = account.now

    outcomes = account.deliverer().drain(ACCOUNT, until=start + sum(RETRY_AFTER_MS))

    (delivery,) = account.deliveries()
    expected = [0, *itertools.accumulate(RETRY_AFTER_MS)]
    assert times_of(delivery, start) == expected
    assert [outcome["state"] for outcome in outcomes] == ["pending"] * 9 + ["failed"]
    assert [outcome["nextAttemptAt"] for outcome in outcomes[:2]] == [
        start + expected[1],
        start + expected[2],
    ]
    assert delivery["reason"] == (
        "none of 10 attempts was answered with 200; fix the receiver and replay"
    )
    assert account.deliverer().next_due(ACCOUNT) is None


def test_draining_ahead_stops_at_the_time_given(account: Any) -> None:
    """One millisecond before the second retry there was one."""
    account.endpoint()
    account.publish()
    account.sender.answers = [503] * 20

    outcomes = account.deliverer().drain(ACCOUNT, until=account.now + 389_999)

    assert len(outcomes) == 2


@pytest.mark.parametrize("status", [199, 201, 204, 301, 302, 400, 500])
def test_only_exactly_200_acknowledges(account: Any, status: int) -> None:
    """Any other status is tried again."""
    account.endpoint()
    account.publish()
    account.sender.answers = [status]

    (outcome,) = account.deliverer().drain(ACCOUNT)

    assert outcome["state"] == "pending"
    assert outcome["nextAttemptAt"] == account.now + 90_000


def test_events_are_sent_in_the_order_they_were_recorded(account: Any) -> None:
    """The same instant does not shuffle them."""
    account.endpoint()
    ids = [account.publish()["id"] for _ in range(12)]

    account.deliverer().drain(ACCOUNT)

    assert account.sender.event_ids() == ids


def test_a_retry_does_not_hold_up_what_came_after_it(account: Any) -> None:
    """Due time counts, not age."""
    account.endpoint()
    first, second = account.publish()["id"], account.publish()["id"]
    account.sender.answers = [500]

    account.deliverer().drain(ACCOUNT, until=account.now + 90_000)

    assert account.sender.event_ids() == [first, second, first]


def test_each_attempt_is_signed_afresh_over_the_same_bytes(account: Any) -> None:
    """The timestamp is the attempt's, as the published sample shows."""
    account.endpoint()
    account.publish()
    account.sender.answers = [500]

    account.deliverer().drain(ACCOUNT, until=account.now + 90_000)

    first, second = account.sender.posts
    stamps = [
        int(post.headers["Smartpay-Signature-Timestamp"]) for post in (first, second)
    ]
    assert stamps == [account.now, account.now + 90_000]
    assert first.body == second.body
    assert all(
        verify(
            SECRET,
            stamp,
            post.body,
            signature=post.headers["Smartpay-Signature"],
        )
        for stamp, post in zip(stamps, (first, second), strict=True)
    )


def test_a_crash_between_sending_and_recording_sends_again(account: Any) -> None:
    """At least once: the receiver may see an event twice, never not at all."""
    account.endpoint()
    event = account.publish()

    def crash(post: Any) -> int:
        account.sender(post)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        account.deliverer(send=crash).drain(ACCOUNT)
    account.deliverer(holder="after the restart").drain(ACCOUNT)

    assert account.sender.event_ids() == [event["id"], event["id"]]
    assert len(account.deliveries()[0]["attempts"]) == 1


def test_no_unit_is_open_while_the_network_is_waited_for(account: Any) -> None:
    """The receiver may call the API about the same account meanwhile."""
    account.endpoint()
    account.publish()
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


def test_what_leads_elsewhere_is_blocked_with_the_remedy_and_not_sent(
    account: Any,
) -> None:
    """It stays on record, and can be replayed once it is allowed."""
    account.endpoint(url="https://example.com/hook")
    account.publish()

    (outcome,) = account.deliverer().drain(ACCOUNT)

    assert account.sender.posts == []
    assert (outcome["state"], outcome["attempts"]) == ("blocked", [])
    (delivery,) = account.deliveries()
    assert delivery["reason"].startswith("example.com is not this machine")
    assert "--webhooks-anywhere" in delivery["reason"]
    assert delivery["nextAttemptAt"] is None


def test_anywhere_sends_elsewhere(account: Any) -> None:
    """When somebody said so."""
    account.endpoint(url="https://192.0.2.7/hook")
    account.publish()

    (outcome,) = account.deliverer(anywhere=True).drain(ACCOUNT)

    assert outcome["state"] == "delivered"
    assert account.sender.posts[0].destination.addresses == ("192.0.2.7",)


def test_a_name_without_an_address_is_tried_again(account: Any) -> None:
    """A name server may be down for a while."""
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
def test_an_endpoint_gone_before_the_delivery_drops_it_with_the_reason(
    account: Any, change: str, reason: str
) -> None:
    """Nothing is sent to it any more."""
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


def test_a_retry_goes_where_the_endpoint_is_now(account: Any) -> None:
    """A mended URL and secret count for what is still on its way."""
    endpoint = account.endpoint()
    account.publish()
    account.sender.answers = [500]
    deliverer = account.deliverer()
    deliverer.drain(ACCOUNT)
    account.save_endpoint({**endpoint, "url": "http://127.0.0.1:10/new"})

    deliverer.drain(ACCOUNT, until=FOREVER)

    assert [post.destination.port for post in account.sender.posts] == [9, 10]
    assert account.deliveries()[0]["url"] == "http://127.0.0.1:10/new"


def test_a_forgotten_account_stays_forgotten(account: Any) -> None:
    """A reset while an attempt is under way is not undone by its result."""
    account.endpoint()
    account.publish()

    def reset(_post: Any) -> int:
        with account.store.write(ACCOUNT) as unit:
            unit.clear()
        return 200

    account.deliverer(send=reset).drain(ACCOUNT)

    assert account.deliveries() == []
    assert account.store.accounts() == []


def test_a_replay_sends_again_from_the_start_of_the_schedule(account: Any) -> None:
    """The earlier attempts stay on record."""
    account.endpoint()
    account.publish()
    account.sender.answers = [500] * 10
    deliverer = account.deliverer()
    deliverer.drain(ACCOUNT, until=FOREVER)
    (failed,) = account.deliveries()
    account.sender.answers = [500]

    shown = deliverer.replay(ACCOUNT, failed["id"])
    deliverer.drain(ACCOUNT, until=account.now + 90_000)

    assert (shown["state"], shown["reason"]) == ("pending", None)
    (delivery,) = account.deliveries()
    assert delivery["state"] == "delivered"
    assert len(delivery["attempts"]) == 12


def test_a_replay_during_an_attempt_is_not_swallowed_by_its_result(
    account: Any,
) -> None:
    """The running attempt ends the old run; the new one still happens."""
    account.endpoint()
    account.publish()
    deliverers: list[Any] = []

    def replay_once(_post: Any) -> int:
        if len(account.sender.posts) == 0:
            deliverers[0].replay(ACCOUNT, account.deliveries()[0]["id"])
        return int(account.sender(_post))

    deliverers.append(account.deliverer(send=replay_once))
    outcomes = deliverers[0].drain(ACCOUNT)

    assert [outcome["state"] for outcome in outcomes] == ["pending", "delivered"]
    assert len(account.deliveries()[0]["attempts"]) == 2


def test_all_can_be_replayed_or_those_in_one_state(account: Any) -> None:
    """In the order they were first made."""
    account.endpoint()
    ids = [account.publish()["id"] for _ in range(3)]
    account.sender.answers = [200, 500, 200]
    deliverer = account.deliverer()
    deliverer.drain(ACCOUNT)

    waiting = deliverer.replay_all(ACCOUNT, state="pending")
    everything = deliverer.replay_all(ACCOUNT)

    assert [delivery["event"] for delivery in waiting] == [ids[1]]
    assert [delivery["event"] for delivery in everything] == ids
    assert len(deliverer.drain(ACCOUNT)) == 3


def test_a_replay_of_what_is_not_there_is_refused_with_the_remedy(account: Any) -> None:
    """An id, a state, or an account without any delivery."""
    deliverer = account.deliverer()

    with pytest.raises(NotFoundError, match=r"'delivery_x'.*list its deliveries"):
        deliverer.replay(ACCOUNT, "delivery_x")
    with pytest.raises(NotFoundError, match=r"'lost'.*blocked, delivered, dropped"):
        deliverer.replay_all(ACCOUNT, state="lost")
    with pytest.raises(SandboxUsageError, match="create a webhook endpoint"):
        deliverer.replay_all(ACCOUNT, state="failed")


def test_a_schedule_of_ones_own_replaces_the_table(account: Any) -> None:
    """No pause at all means one attempt."""
    account.endpoint()
    account.publish()
    account.sender.answers = [500]

    (outcome,) = account.deliverer(retry_after_ms=()).drain(ACCOUNT, until=FOREVER)

    assert outcome["state"] == "failed"


def test_due_accounts_are_those_with_anything_pending(account: Any) -> None:
    """Due now or later, by whatever clock."""
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


def test_the_same_run_leaves_the_same_record(account: Any) -> None:
    """Nothing of the wall clock is in it."""
    account.endpoint()
    account.publish()
    with account.store.write(ACCOUNT) as unit:
        save_faults(unit, WebhookFaults(duplicate=1))
    account.sender.answers = [500, TimeoutError()]

    account.deliverer(wall=lambda: 0).drain(ACCOUNT, until=account.now + 390_000)

    assert account.deliveries()[0]["attempts"] == [
        {"at": 1_700_000_000_000, "status": 500, "ms": 0},
        {
            "at": 1_700_000_090_000,
            "error": "no answer within 10000 ms from 127.0.0.1:9",
            "ms": 0,
        },
        {"at": 1_700_000_390_000, "status": 200, "ms": 0},
        {
            "at": 1_700_000_390_000,
            "status": 200,
            "ms": 0,
            "adversary": ["duplicate"],
        },
    ]
