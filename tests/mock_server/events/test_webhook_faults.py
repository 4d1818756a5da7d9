"""Webhook faults, one by one and combined."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from smartpay_mock.events.faults import (
    KIND,
    NO_FAULTS,
    OPTIONS,
    SCHEMA,
    faults_of,
    read_faults,
    save_faults,
)
from smartpay_mock.events.signing import verify
from smartpay_schemas import problems

ACCOUNT = "acct_one"
SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"


def set_faults(account: Any, **options: Any) -> None:
    """Set the account's webhook faults."""
    with account.store.write(ACCOUNT) as unit:
        save_faults(unit, faults_of(options))


def is_signed(post: Any, secret: str = SECRET) -> bool:
    """Return whether a request is signed with a secret."""
    timestamp_ms = int(post.headers["Smartpay-Signature-Timestamp"])
    signature = post.headers["Smartpay-Signature"]
    return verify(secret, timestamp_ms, post.body, signature=signature)


def test_duplicates_are_sent_after_a_success_only(
    account: Any,
) -> None:
    """Byte for byte the same; a failure is retried as usual."""
    account.make_due()
    set_faults(account, duplicate=2)
    account.sender.answers = [500]

    outcomes = account.deliverer().drain(ACCOUNT, until=account.now + 90_000)

    assert [len(outcome["attempts"]) for outcome in outcomes] == [1, 3]
    assert account.sender.posts[1] == account.sender.posts[2] == account.sender.posts[3]
    assert account.deliveries()[0]["state"] == "delivered"


def test_a_failed_duplicate_leaves_the_delivery_delivered(account: Any) -> None:
    """The first request was answered with 200."""
    account.make_due()
    set_faults(account, duplicate=1)
    account.sender.answers = [200, 500]

    account.deliverer().drain(ACCOUNT)

    (delivery,) = account.deliveries()
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200, 500]
    assert delivery["attempts"][1][KIND] == ["duplicate"]


def test_reordering_sends_the_newest_due_delivery_first(account: Any) -> None:
    """Events of one change arrive in reverse."""
    ids = [event["id"] for event in account.make_due(3)]
    set_faults(account, reorder=True)

    account.deliverer().drain(ACCOUNT)

    assert account.sender.event_ids() == ids[::-1]


def test_reordering_keeps_due_times(account: Any) -> None:
    """What is due later is not sent before what is due now."""
    account.endpoint()
    retried = account.publish()["id"]
    account.sender.answers = [500]
    deliverer = account.deliverer()
    deliverer.drain(ACCOUNT)
    young = account.publish()["id"]
    set_faults(account, reorder=True)

    deliverer.drain(ACCOUNT, until=account.now + 90_000)

    assert account.sender.event_ids() == [retried, young, retried]


def test_a_delay_separates_signing_and_sending(account: Any) -> None:
    """On the account's clock; nothing sleeps."""
    account.make_due()
    set_faults(account, delay_ms=600_000)
    signed_at = account.now
    deliverer = account.deliverer()

    early = deliverer.drain(ACCOUNT)
    account.now += 600_000
    late = deliverer.drain(ACCOUNT)

    assert early == []
    assert [outcome["attempts"][0]["at"] for outcome in late] == [signed_at + 600_000]
    (post,) = account.sender.posts
    assert post.headers["Smartpay-Signature-Timestamp"] == str(signed_at)
    assert is_signed(post)


@pytest.mark.parametrize(
    ("value", "are_good"),
    [(1, [False, True, True]), (True, [False] * 3), (False, [True] * 3)],
)
def test_the_given_number_of_attempts_has_a_bad_signature(
    account: Any, value: object, are_good: list[bool]
) -> None:
    """``true`` means all attempts, ``false`` means none."""
    account.make_due()
    set_faults(account, bad_signature=value)
    account.sender.answers = [400, 400]

    account.deliverer().drain(ACCOUNT, until=account.now + 390_000)

    assert [is_signed(post) for post in account.sender.posts] == are_good
    assert all(len(p.headers["Smartpay-Signature"]) == 64 for p in account.sender.posts)


def test_a_rotated_secret_replaces_the_secret_of_the_endpoint(account: Any) -> None:
    """Only a receiver with the new secret accepts it."""
    account.make_due()
    set_faults(account, rotated_secret="BrandNewSecret")

    account.deliverer().drain(ACCOUNT)

    (post,) = account.sender.posts
    assert not is_signed(post)
    assert is_signed(post, "BrandNewSecret")


def test_faults_combine(account: Any) -> None:
    """All five at once."""
    ids = [event["id"] for event in account.make_due(2)]
    set_faults(
        account,
        duplicate=1,
        reorder=True,
        delay_ms=5,
        bad_signature=1,
        rotated_secret="B",
    )

    account.deliverer().drain(ACCOUNT, until=account.now + 5)

    assert account.sender.event_ids() == [ids[1], ids[1], ids[0], ids[0]]
    first = account.deliveries()[1]["attempts"][1]
    assert first[KIND] == [
        "bad_signature",
        "rotated_secret",
        "delay_ms",
        "duplicate",
    ]


def test_removed_faults_leave_no_document(account: Any) -> None:
    """The account is as before."""
    set_faults(account, duplicate=1)

    set_faults(account)

    with account.store.read(ACCOUNT) as unit:
        assert unit.count(KIND) == 0
        assert read_faults(unit) == NO_FAULTS


def test_every_fault_is_described() -> None:
    """And every description is a fault."""
    assert list(OPTIONS) == list(asdict(NO_FAULTS))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("duplicate", -1),
        ("duplicate", 10**12),
        ("delay_ms", 10**12),
        ("bad_signature", 10**12),
        ("duplicate", True),
        ("duplicate", 1.5),
        ("reorder", 1),
        ("delay_ms", "5"),
        ("bad_signature", -2),
        ("rotated_secret", ""),
        ("rotated_secret", "a-b"),
        ("rotated_secret", 5),
    ],
)
def test_an_invalid_value_is_refused(name: str, value: object) -> None:
    """The message says what to send."""
    [problem] = problems(SCHEMA, {name: value})

    assert problem.message.endswith(OPTIONS[name]["x-expected"])


def test_an_unknown_fault_is_refused() -> None:
    """The message names the one that was meant."""
    [problem] = problems(SCHEMA, {"duplicates": 1})

    assert "duplicates" in problem.message
    assert "duplicate?" in problem.message
