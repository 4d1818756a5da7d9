"""Delivery on the account's clock, with a sender in place of the network."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from smartpay_mock.events.adversary import Adversary, write_adversary
from smartpay_mock.events.delivery import FOREVER
from smartpay_mock.events.schedule import RETRY_AFTER_MS
from smartpay_mock.events.signing import verify
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError

ACCOUNT = "acct_one"
SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"


def times_of(delivery: dict[str, Any], start: int) -> list[int]:
    """Return when a delivery was attempted, from its start, in milliseconds."""
    return [attempt["at"] - start for attempt in delivery["attempts"]]


def test_the_first_attempt_is_made_at_once(world: Any) -> None:
    """What is recorded now is due now."""
    world.endpoint()
    event = world.emit()

    (outcome,) = world.deliverer().drain(ACCOUNT)

    assert (outcome.event, outcome.state) == (event["id"], "delivered")
    assert outcome.attempts == ({"at": world.now, "status": 200, "ms": 0},)
    (delivery,) = world.deliveries()
    assert delivery["attempts"] == list(outcome.attempts)
    assert (delivery["state"], delivery["nextAttemptAt"]) == ("delivered", None)


def test_an_outcome_speaks_like_the_delivery_it_is_about(world: Any) -> None:
    """Whoever reads one can read the other."""
    world.endpoint()
    world.emit()

    (outcome,) = world.deliverer().drain(ACCOUNT)

    told = outcome.to_document()
    (delivery,) = world.deliveries()
    assert told.pop("delivery") == delivery["id"]
    assert told == {name: delivery[name] for name in told}


def test_three_failures_then_200_follow_the_schedule_exactly(world: Any) -> None:
    """Drained as time goes by: never early, always when due."""
    world.endpoint()
    world.emit()
    world.sender.answers = [500, 404, ConnectionResetError("gone")]
    deliverer, start = world.deliverer(), world.now

    deliverer.drain(ACCOUNT)
    for pause in RETRY_AFTER_MS[:3]:
        world.now += pause - 1
        assert deliverer.drain(ACCOUNT) == []
        world.now += 1
        assert len(deliverer.drain(ACCOUNT)) == 1

    (delivery,) = world.deliveries()
    assert times_of(delivery, start) == [0, 90_000, 390_000, 1_290_000]
    assert delivery["state"] == "delivered"
    assert delivery["attempts"][2]["error"] == "ConnectionResetError: gone"


def test_draining_ahead_makes_each_attempt_at_its_own_time(world: Any) -> None:
    """Three days of retries in one call; the account's clock stays where it is."""
    world.endpoint()
    world.emit()
    world.sender.answers = [503] * 20
    start = world.now

    outcomes = world.deliverer().drain(ACCOUNT, until=start + sum(RETRY_AFTER_MS))

    (delivery,) = world.deliveries()
    expected = [0, *itertools.accumulate(RETRY_AFTER_MS)]
    assert times_of(delivery, start) == expected
    assert [outcome.state for outcome in outcomes] == ["pending"] * 9 + ["failed"]
    assert [outcome.next_attempt_at for outcome in outcomes[:2]] == [
        start + expected[1],
        start + expected[2],
    ]
    assert delivery["reason"] == (
        "10 attempts, none answered with 200; mend it and replay"
    )
    assert world.deliverer().next_due(ACCOUNT) is None


def test_draining_ahead_stops_at_the_time_given(world: Any) -> None:
    """One millisecond before the second retry there was one."""
    world.endpoint()
    world.emit()
    world.sender.answers = [503] * 20

    outcomes = world.deliverer().drain(ACCOUNT, until=world.now + 389_999)

    assert len(outcomes) == 2


@pytest.mark.parametrize("status", [199, 201, 204, 301, 302, 400, 500])
def test_only_exactly_200_acknowledges(world: Any, status: int) -> None:
    """Any other status is tried again."""
    world.endpoint()
    world.emit()
    world.sender.answers = [status]

    (outcome,) = world.deliverer().drain(ACCOUNT)

    assert outcome.state == "pending"
    assert outcome.next_attempt_at == world.now + 90_000


def test_events_are_sent_in_the_order_they_were_recorded(world: Any) -> None:
    """The same instant does not shuffle them."""
    world.endpoint()
    ids = [world.emit()["id"] for _ in range(12)]

    world.deliverer().drain(ACCOUNT)

    assert world.sender.event_ids() == ids


def test_a_retry_does_not_hold_up_what_came_after_it(world: Any) -> None:
    """Due time counts, not age."""
    world.endpoint()
    first, second = world.emit()["id"], world.emit()["id"]
    world.sender.answers = [500]

    world.deliverer().drain(ACCOUNT, until=world.now + 90_000)

    assert world.sender.event_ids() == [first, second, first]


def test_each_attempt_is_signed_afresh_over_the_same_bytes(world: Any) -> None:
    """The timestamp is the attempt's, as the published sample shows."""
    world.endpoint()
    world.emit()
    world.sender.answers = [500]

    world.deliverer().drain(ACCOUNT, until=world.now + 90_000)

    first, second = world.sender.posts
    stamps = [
        int(post.headers["Smartpay-Signature-Timestamp"]) for post in (first, second)
    ]
    assert stamps == [world.now, world.now + 90_000]
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


def test_a_crash_between_sending_and_recording_sends_again(world: Any) -> None:
    """At least once: the receiver may see an event twice, never not at all."""
    world.endpoint()
    event = world.emit()

    def crash(post: Any) -> int:
        world.sender(post)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        world.deliverer(send=crash).drain(ACCOUNT)
    world.deliverer(holder="after the restart").drain(ACCOUNT)

    assert world.sender.event_ids() == [event["id"], event["id"]]
    assert len(world.deliveries()[0]["attempts"]) == 1


def test_no_unit_is_open_while_the_network_is_waited_for(world: Any) -> None:
    """The receiver may call the API about the same account meanwhile."""
    world.endpoint()
    world.emit()
    seen: list[str] = []

    def call_back(_post: Any) -> int:
        seen.append(world.deliveries()[0]["state"])
        if len(seen) == 1:
            world.emit("payment.created")
        return 200

    outcomes = world.deliverer(send=call_back).drain(ACCOUNT)

    assert seen == ["pending", "delivered"]
    assert [outcome.type for outcome in outcomes] == [
        "order.authorized",
        "payment.created",
    ]


def test_what_leads_elsewhere_is_blocked_with_the_remedy_and_not_sent(
    world: Any,
) -> None:
    """It stays on record, and can be replayed once it is allowed."""
    world.endpoint(url="https://example.com/hook")
    world.emit()

    (outcome,) = world.deliverer().drain(ACCOUNT)

    assert world.sender.posts == []
    assert (outcome.state, outcome.attempts) == ("blocked", ())
    (delivery,) = world.deliveries()
    assert delivery["reason"].startswith("example.com is not this machine")
    assert "--webhooks-anywhere" in delivery["reason"]
    assert delivery["nextAttemptAt"] is None


def test_anywhere_sends_elsewhere(world: Any) -> None:
    """When somebody said so."""
    world.endpoint(url="https://192.0.2.7/hook")
    world.emit()

    (outcome,) = world.deliverer(anywhere=True).drain(ACCOUNT)

    assert outcome.state == "delivered"
    assert world.sender.posts[0].destination.addresses == ("192.0.2.7",)


def test_a_name_without_an_address_is_tried_again(world: Any) -> None:
    """A name server may be down for a while."""
    world.endpoint(url="https://mystore.invalid/hook")
    world.emit()

    (outcome,) = world.deliverer(anywhere=True).drain(ACCOUNT)

    assert outcome.state == "pending"
    assert outcome.attempts[0]["error"].startswith("no address: ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("delete", "was deleted"),
        ("deactivate", "is not active; activate it and replay"),
    ],
)
def test_an_endpoint_gone_before_the_delivery_drops_it_with_the_reason(
    world: Any, change: str, reason: str
) -> None:
    """Nothing is sent to it any more."""
    endpoint = world.endpoint()
    world.emit()
    if change == "delete":
        with world.store.write(ACCOUNT) as unit:
            unit.delete("webhook_endpoint", endpoint["id"])
    else:
        world.save_endpoint({**endpoint, "active": False})

    (outcome,) = world.deliverer().drain(ACCOUNT)

    assert world.sender.posts == []
    assert outcome.state == "dropped"
    assert outcome.reason is not None
    assert outcome.reason.endswith(reason)


def test_a_retry_goes_where_the_endpoint_is_now(world: Any) -> None:
    """A mended URL and secret count for what is still on its way."""
    endpoint = world.endpoint()
    world.emit()
    world.sender.answers = [500]
    deliverer = world.deliverer()
    deliverer.drain(ACCOUNT)
    world.save_endpoint({**endpoint, "url": "http://127.0.0.1:10/new"})

    deliverer.drain(ACCOUNT, until=FOREVER)

    assert [post.destination.port for post in world.sender.posts] == [9, 10]
    assert world.deliveries()[0]["url"] == "http://127.0.0.1:10/new"


def test_a_forgotten_account_stays_forgotten(world: Any) -> None:
    """A reset while an attempt is under way is not undone by its result."""
    world.endpoint()
    world.emit()

    def reset(_post: Any) -> int:
        with world.store.write(ACCOUNT) as unit:
            unit.clear()
        return 200

    world.deliverer(send=reset).drain(ACCOUNT)

    assert world.deliveries() == []
    assert world.store.accounts() == []


def test_a_replay_sends_again_from_the_start_of_the_schedule(world: Any) -> None:
    """The earlier attempts stay on record."""
    world.endpoint()
    world.emit()
    world.sender.answers = [500] * 10
    deliverer = world.deliverer()
    deliverer.drain(ACCOUNT, until=FOREVER)
    (failed,) = world.deliveries()
    world.sender.answers = [500]

    shown = deliverer.replay(ACCOUNT, failed["id"])
    deliverer.drain(ACCOUNT, until=world.now + 90_000)

    assert (shown["state"], shown["reason"]) == ("pending", None)
    (delivery,) = world.deliveries()
    assert delivery["state"] == "delivered"
    assert len(delivery["attempts"]) == 12


def test_a_replay_during_an_attempt_is_not_swallowed_by_its_result(world: Any) -> None:
    """The running attempt ends the old run; the new one still happens."""
    world.endpoint()
    world.emit()
    deliverers: list[Any] = []

    def replay_once(_post: Any) -> int:
        if len(world.sender.posts) == 0:
            deliverers[0].replay(ACCOUNT, world.deliveries()[0]["id"])
        return int(world.sender(_post))

    deliverers.append(world.deliverer(send=replay_once))
    outcomes = deliverers[0].drain(ACCOUNT)

    assert [outcome.state for outcome in outcomes] == ["pending", "delivered"]
    assert len(world.deliveries()[0]["attempts"]) == 2


def test_all_can_be_replayed_or_those_in_one_state(world: Any) -> None:
    """In the order they were first made."""
    world.endpoint()
    ids = [world.emit()["id"] for _ in range(3)]
    world.sender.answers = [200, 500, 200]
    deliverer = world.deliverer()
    deliverer.drain(ACCOUNT)

    waiting = deliverer.replay_all(ACCOUNT, state="pending")
    everything = deliverer.replay_all(ACCOUNT)

    assert [delivery["event"] for delivery in waiting] == [ids[1]]
    assert [delivery["event"] for delivery in everything] == ids
    assert len(deliverer.drain(ACCOUNT)) == 3


def test_a_replay_of_what_is_not_there_is_refused_with_the_remedy(world: Any) -> None:
    """An id, a state, or an account without any delivery."""
    deliverer = world.deliverer()

    with pytest.raises(NotFoundError, match=r"'delivery_x'.*list its deliveries"):
        deliverer.replay(ACCOUNT, "delivery_x")
    with pytest.raises(NotFoundError, match=r"'lost'.*blocked, delivered, dropped"):
        deliverer.replay_all(ACCOUNT, state="lost")
    with pytest.raises(SandboxUsageError, match="create a webhook endpoint"):
        deliverer.replay_all(ACCOUNT, state="failed")


def test_a_schedule_of_ones_own_replaces_the_table(world: Any) -> None:
    """No pause at all means one attempt."""
    world.endpoint()
    world.emit()
    world.sender.answers = [500]

    (outcome,) = world.deliverer(retry_after_ms=()).drain(ACCOUNT, until=FOREVER)

    assert outcome.state == "failed"


def test_due_accounts_are_those_with_anything_pending(world: Any) -> None:
    """Due now or later, by whatever clock."""
    world.endpoint()
    deliverer = world.deliverer()
    assert deliverer.due_accounts() == []

    world.emit()
    world.sender.answers = [500]
    deliverer.drain(ACCOUNT)

    assert deliverer.due_accounts() == [ACCOUNT]
    assert not deliverer.is_due(ACCOUNT)
    deliverer.drain(ACCOUNT, until=FOREVER)
    assert deliverer.due_accounts() == []


def test_the_same_run_leaves_the_same_record(world: Any) -> None:
    """Nothing of the wall clock is in it."""
    world.endpoint()
    world.emit()
    with world.store.write(ACCOUNT) as unit:
        write_adversary(unit, Adversary(duplicate=1))
    world.sender.answers = [500, TimeoutError()]

    world.deliverer(wall=lambda: 0).drain(ACCOUNT, until=world.now + 390_000)

    assert world.deliveries()[0]["attempts"] == [
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
