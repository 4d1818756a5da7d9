"""Identifiers: shaped as the SDKs insist, unique, repeatable with a seed."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from smartpay_mock.kernel.ids import (
    PREFIXES,
    Ids,
    account_id,
    is_secret_key,
    new_password,
    new_secret_key,
)

SDK_PATTERN = re.compile(r"[a-z]+_(test|live)_[0-9a-zA-Z]+")


@pytest.mark.parametrize("kind", PREFIXES)
@pytest.mark.parametrize("seed", [None, 0, -5])
def test_an_id_has_its_prefix_and_22_characters(kind: str, seed: int | None) -> None:
    """The SDKs refuse anything else."""
    id_ = Ids(seed, "acct_x").new(kind)

    assert SDK_PATTERN.fullmatch(id_)
    prefix, mode, suffix = id_.split("_")
    assert (prefix, mode, len(suffix)) == (PREFIXES[kind], "test", 22)


def test_no_two_kinds_share_a_prefix() -> None:
    """The prefix depends on the kind."""
    assert len(set(PREFIXES.values())) == len(PREFIXES)


def test_ids_of_chance_do_not_repeat() -> None:
    """Ten thousand of them are ten thousand."""
    ids = Ids()

    assert len({ids.new("order") for _ in range(10_000)}) == 10_000
    assert ids.drawn == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_does_not_repeat_its_parents_ids() -> None:
    """Both draw after the fork."""
    program = (
        "import os\n"
        "from smartpay_mock.kernel.ids import Ids\n"
        "pid = os.fork()\n"
        "os.write(1, (Ids().new('order') + ' ').encode())\n"
        "pid and os.waitpid(pid, 0)\n"
    )

    outcome = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    ids = outcome.stdout.split()
    assert len(set(ids)) == len(ids) == 2


def test_a_seed_repeats_its_ids_in_order() -> None:
    """And goes on from where it was."""
    first, second = Ids(7, "acct_x"), Ids(7, "acct_x")

    made = [first.new("order") for _ in range(50)]

    assert [second.new("order") for _ in range(50)] == made
    assert len(set(made)) == 50
    assert Ids(7, "acct_x", drawn=49).new("order") == made[49]
    assert first.drawn == 50


@pytest.mark.parametrize("other", [Ids(8, "acct_x"), Ids(7, "acct_y"), Ids()])
def test_another_seed_or_account_draws_other_ids(other: Ids) -> None:
    """Two seeded accounts do not meet."""
    assert other.new("order") != Ids(7, "acct_x").new("order")


def test_keys_and_passwords_are_made_of_chance() -> None:
    """And are what they claim to be."""
    assert is_secret_key(new_secret_key())
    assert new_secret_key() != new_secret_key()
    assert len(new_password()) == 32
    assert new_password(8) != new_password(8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sk_test_a", True),
        ("sk_test_", False),
        ("sk_live_a", False),
        ("pk_test_a", False),
        ("sk_test_a\n", False),
        ("sk_test_a-b", False),
        ("sk_test_é", False),
        ("xsk_test_a", False),
    ],
)
def test_a_secret_key_is_one_of_the_test_mode(text: str, expected: bool) -> None:
    """Letters and digits after the prefix, nothing more."""
    assert is_secret_key(text) is expected


def test_an_account_is_named_by_a_digest_of_its_key() -> None:
    """Always the same one, which gives nothing of the key away."""
    name = account_id("sk_test_abcdef")

    assert name == account_id("sk_test_abcdef") != account_id("sk_test_abcdeg")
    assert re.fullmatch("acct_[0-9A-Za-z]{22}", name)
    assert "abcdef" not in name
