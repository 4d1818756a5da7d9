"""The kit relies on what is published: it holds on a server that shares no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.contracts.conftest import IS_LONG

import smartpay_contracts
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.server import Sandbox

FILES = sorted(Path(smartpay_contracts.__file__).parent.glob("test_*.py"))
GROUPS = 6 if IS_LONG else 2
OTHER = "sk_test_another1"

BREAKS = {
    "no-token-id": ("an_order_names_its_token", "orders.create.token-id"),
    "automatic-stays-open": ("an_approved_order_succeeds", "orders.create.succeeded"),
    "delete-200": ("a_deletion_is_answered", "service.delete-204"),
    "idempotency-ignored": ("a_repeated_creation", "idempotency.replay-post"),
    "replay-unmarked": ("a_replay_is_recognizable", "idempotency.recognisable"),
    "capture-unbounded": ("a_capture_over_the_amount", "payments.create.excessive"),
    "refund-409": ("a_refund_over_the_payment", "refunds.create.insufficient"),
    "webhook-signed-wrong": ("signed_with_the_endpoints", "events.signature"),
    "webhook-never-sent": ("an_event_is_posted", "events.post"),
    "other-accounts-visible": ("accounts_object_is_not", "auth.account-isolation"),
    "cancel-once": ("can_be_canceled_again", "orders.cancel.again"),
    "deleted-token-stays": ("a_deleted_token_is_gone", "tokens.delete"),
    "payment-expanded": ("a_payment_names_its_order", "payments.create.echo"),
    "no-details": ("refusal_has_every_documented", "errors.shape"),
    "last-page-endless": ("pages_of_one_follow", "pagination.limit"),
}
"""Deviation -> a test that must detect it, and the clause that it must name."""


def modules(*names: str) -> list[str]:
    """Return the arguments that choose files of the kit."""
    return ["-k", " or ".join(f"test_{name}.py" for name in names)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("group", range(GROUPS))
def test_the_kit_finds_nothing_wrong_with_the_third_party_server(
    group: int, third_party_server: Any, run_every_test: Any, options: Any
) -> None:
    """No failure, only discoveries; what it cannot check it says."""
    mine = [path.stem.removeprefix("test_") for path in FILES[group::GROUPS]]
    key = f"sk_test_group{group}"

    with third_party_server("--only-key", key, "--only-key", OTHER) as url:
        run = run_every_test(url, *options(key, second_key=OTHER), *modules(*mine))

    assert run.code == 0, run.output[-3_000:]
    assert run.broken() == set()
    assert run.report["target"]["kind"] == "foreign"
    assert run.report["target"]["lacks"] == ["control", "own accounts"]


@pytest.mark.timeout(300)
def test_a_key_and_a_token_are_enough(
    third_party_server: Any, run_kit: Any, options: Any
) -> None:
    """The rest is skipped, each with what it needs."""
    with third_party_server("--only-key", "sk_test_alone1") as url:
        run = run_kit(
            url,
            *options("sk_test_alone1")[:2],
            *modules("orders", "tokens"),
        )

    assert run.code == 0, run.output[-3_000:]
    lacks = {row["reason"] for row in run.report["skipped"]}
    assert any("--smartpay-consumer-email" in reason for reason in lacks)
    verdicts = {row["id"]: row["verdict"] for row in run.report["clauses"]}
    assert verdicts["orders.create.succeeded"] == "holds"
    assert verdicts["consumer.login"] == "skipped"


def test_an_account_that_was_used_before_is_no_discovery(
    emulator_without_control: str, run_kit: Any
) -> None:
    """An account may have orders; a refused key adds none to them."""
    given = [
        "--smartpay-secret-key=sk_test_used1",
        "--smartpay-token=paytok_test_approved",
    ]
    run_kit(emulator_without_control, *given, "-k", "an_approved_order_succeeds")

    run = run_kit(emulator_without_control, *given, "-k", "1_to_255_printable")

    assert run.code == 0, run.output[-3_000:]
    assert run.report["target"]["kind"] == "foreign"
    assert run.report["discoveries"] == []


@pytest.mark.parametrize(("choice", "skips"), [("rejected", False), ("error", True)])
def test_an_emulator_may_refuse_a_disabled_token(
    choice: str, skips: bool, run_kit: Any
) -> None:
    """``inactive_token`` chooses one of two readings; the kit accepts either."""
    with Sandbox(Settings(inactive_token=choice)) as sandbox:
        run = run_kit(sandbox.url, "-k", "of_a_disabled or a_disabled_token")

    assert run.code == 0, run.output[-3_000:]
    reasons = [row["reason"] for row in run.report["skipped"]]
    assert any("inactive_token=error" in reason for reason in reasons) == skips
    verdicts = {row["id"]: row["verdict"] for row in run.report["clauses"]}
    assert verdicts["orders.create.token-disabled"] == "holds"


TOGETHER = [
    ("no-token-id", "delete-200", "cancel-once", "webhook-signed-wrong"),
    ("automatic-stays-open", "idempotency-ignored", "capture-unbounded"),
    ("deleted-token-stays", "other-accounts-visible", "refund-409"),
    ("replay-unmarked", "payment-expanded", "last-page-endless"),
    ("no-details",),
    ("webhook-never-sent",),
]
"""Deviations that do not hide one another, so that one run checks several."""

RUNS = TOGETHER if IS_LONG else TOGETHER[:5]
"""The last one waits for a time-out."""

EVERYWHERE = {
    "created-201": ["service.success-200"],
    "labelled-text": ["service.json-content-type"],
    "json-spaced": ["service.compact-json"],
    "amount-text": ["data.shape"],
    "time-text": ["data.shape", "data.milliseconds"],
}
"""Deviation of every answer -> the clauses about it."""


def test_every_deviation_is_checked() -> None:
    """None is left out of the runs."""
    assert sorted(name for group in TOGETHER for name in group) == sorted(BREAKS)


def test_a_defect_of_every_answer_breaks_the_clause_about_it_only(
    third_party_server: Any, run_kit: Any, options: Any
) -> None:
    """Other clauses hold, although their tests find it as well."""
    defects = [part for name in EVERYWHERE for part in ("--deviation", name)]
    tests = "test_coupons.py or every_time_in_an_answer or compact_json or follow"

    with third_party_server("--only-key", "sk_test_blamed1", *defects) as url:
        run = run_kit(url, *options("sk_test_blamed1"), "-k", tests)

    assert run.broken() == {clause for named in EVERYWHERE.values() for clause in named}
    texts = [row["expected"] for row in run.report["failures"]]
    assert any("JSON answers are compact" in text for text in texts)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("deviations", RUNS, ids=" ".join)
def test_the_kit_detects_deviations(
    deviations: tuple[str, ...], third_party_server: Any, run_kit: Any, options: Any
) -> None:
    """It ends with 1 and names the clauses that are broken."""
    tests = " or ".join(BREAKS[name][0] for name in deviations)
    clauses = {BREAKS[name][1] for name in deviations}
    server = ["--only-key", "sk_test_broken1", "--only-key", OTHER]
    server += [part for name in deviations for part in ("--deviation", name)]

    with third_party_server(*server) as url:
        given = options("sk_test_broken1", second_key=OTHER)
        run = run_kit(url, *given, "-k", tests)

    assert run.code == 1, run.output[-3_000:]
    assert clauses <= run.broken()
