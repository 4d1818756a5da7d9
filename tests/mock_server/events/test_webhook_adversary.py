"""What can go wrong on purpose, option by option and together."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from smartpay_mock.events.faults import (
    NO_FAULTS,
    OPTIONS,
    WebhookFaults,
    parse_faults,
    read_faults,
    save_faults,
)
from smartpay_mock.events.signing import verify
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError

ACCOUNT = "acct_one"
SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"


def set_faults(account: Any, **options: Any) -> None:
    """Have the account's webhooks misbehave."""
    with account.store.write(ACCOUNT) as unit:
        save_faults(unit, parse_faults(options))


def is_signed(post: Any, secret: str = SECRET) -> bool:
    """Return whether a post is signed with a secret."""
    timestamp_ms = int(post.headers["Smartpay-Signature-Timestamp"])
    signature = post.headers["Smartpay-Signature"]
    return verify(secret, timestamp_ms, post.body, signature=signature)


def test_a_duplicate_is_sent_after_a_success_and_never_instead_of_a_retry(
    account: Any,
) -> None:
    """Two copies after the 200, byte for byte; a failure is simply tried again."""
    account.endpoint()
    account.publish()
    set_faults(account, duplicate=2)
    account.sender.answers = [500]

    outcomes = account.deliverer().drain(ACCOUNT, until=account.now + 90_000)

    assert [len(outcome["attempts"]) for outcome in outcomes] == [1, 3]
    assert account.sender.posts[1] == account.sender.posts[2] == account.sender.posts[3]
    assert account.deliveries()[0]["state"] == "delivered"


def test_a_failing_duplicate_does_not_undo_the_delivery(account: Any) -> None:
    """The sender had its 200."""
    account.endpoint()
    account.publish()
    set_faults(account, duplicate=1)
    account.sender.answers = [200, 500]

    account.deliverer().drain(ACCOUNT)

    (delivery,) = account.deliveries()
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200, 500]
    assert delivery["attempts"][1]["adversary"] == ["duplicate"]


def test_reordering_sends_the_youngest_of_what_is_due_first(account: Any) -> None:
    """Events of one change arrive back to front."""
    account.endpoint()
    ids = [account.publish()["id"] for _ in range(3)]
    set_faults(account, reorder=True)

    account.deliverer().drain(ACCOUNT)

    assert account.sender.event_ids() == ids[::-1]


def test_reordering_does_not_turn_the_clock_back(account: Any) -> None:
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


def test_a_delay_lets_an_attempt_arrive_long_after_it_was_signed(account: Any) -> None:
    """On the account's clock: nothing is sent before, and nothing sleeps."""
    account.endpoint()
    account.publish()
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


def test_a_bad_signature_comes_so_often_and_then_the_right_one(account: Any) -> None:
    """A receiver that refuses it gets a good one on the retry."""
    account.endpoint()
    account.publish()
    set_faults(account, bad_signature=1)
    account.sender.answers = [400]

    account.deliverer().drain(ACCOUNT, until=account.now + 90_000)

    assert [is_signed(post) for post in account.sender.posts] == [False, True]
    assert all(len(p.headers["Smartpay-Signature"]) == 64 for p in account.sender.posts)


def test_every_signature_can_be_bad(account: Any) -> None:
    """Until the adversary is taken away."""
    account.endpoint()
    account.publish()
    set_faults(account, bad_signature=True)
    account.sender.answers = [400] * 10

    account.deliverer().drain(ACCOUNT, until=account.now + 10**12)

    assert [is_signed(post) for post in account.sender.posts] == [False] * 10


def test_a_rotated_secret_signs_in_place_of_the_endpoints(account: Any) -> None:
    """A receiver with the old secret must refuse, one with the new accept."""
    account.endpoint()
    account.publish()
    set_faults(account, rotated_secret="BrandNewSecret")

    account.deliverer().drain(ACCOUNT)

    (post,) = account.sender.posts
    assert not is_signed(post)
    assert is_signed(post, "BrandNewSecret")


def test_options_compose(account: Any) -> None:
    """Delayed, reordered, duplicated, and signed with a secret that is spoilt."""
    account.endpoint()
    ids = [account.publish()["id"] for _ in range(2)]
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
    assert first["adversary"] == [
        "bad_signature",
        "rotated_secret",
        "delay_ms",
        "duplicate",
    ]


def test_a_plain_adversary_is_no_document(account: Any) -> None:
    """Taking every option back leaves nothing behind."""
    set_faults(account, duplicate=1)

    set_faults(account)

    with account.store.read(ACCOUNT) as unit:
        assert unit.count("adversary") == 0
        assert read_faults(unit) == NO_FAULTS


def test_the_table_of_options_is_the_adversary() -> None:
    """Each option is described, and each description is an option."""
    assert list(OPTIONS) == list(asdict(NO_FAULTS))


def test_booleans_mean_every_signature_or_none() -> None:
    """As JSON has it."""
    assert parse_faults({"bad_signature": True}) == WebhookFaults(bad_signature=-1)
    assert parse_faults({"bad_signature": False}) == NO_FAULTS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("duplicate", -1),
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
def test_a_value_that_cannot_be_used_is_refused_with_what_to_send(
    name: str, value: object
) -> None:
    """The error ends in what the option takes."""
    with pytest.raises(SandboxUsageError) as refusal:
        parse_faults({name: value})

    assert str(refusal.value).endswith(f"send {OPTIONS[name].expected}.")


def test_an_unknown_option_is_refused_and_names_those_there_are() -> None:
    """A misspelt option would misbehave nowhere."""
    with pytest.raises(NotFoundError, match=r"'duplicates'.*duplicate"):
        parse_faults({"duplicates": 1})
