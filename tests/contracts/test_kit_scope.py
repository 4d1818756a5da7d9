"""A server that has only a part of the API gets a short verdict about that part."""

from __future__ import annotations

from typing import Any

import pytest
from tests.mutants.current import only_when_asked

from smartpay_mock.app import create_app
from smartpay_mock.server import Sandbox

KEY, OTHER = "sk_test_part1", "sk_test_part2"
PART = ("--only", "orders", "--only", "tokens")
ONLY_KEYS = ("--only-key", KEY, "--only-key", OTHER)
LINES = 60
"""Most lines that a verdict on an honest part of the API has."""


@pytest.mark.timeout(300)
def test_a_server_of_orders_and_tokens_gets_a_short_verdict(
    third_party_server: Any, run_every_test: Any, options: Any
) -> None:
    """What --smartpay-operations names is checked, the rest is not called."""
    given = options(KEY, second_key=OTHER)[:3]

    with third_party_server(*PART, *ONLY_KEYS) as url:
        run = run_every_test(url, *given, "--smartpay-operations=orders,tokens")

    assert run.code == 0, run.output[-3_000:]
    assert (run.broken(), run.report["notServed"]) == (set(), [])
    assert len(run.output.splitlines()) <= LINES
    verdicts = {row["id"]: row["verdict"] for row in run.report["clauses"]}
    assert verdicts["orders.create.succeeded"] == "holds"
    assert verdicts["payments.create.excessive"] in {"not run", "skipped"}


@pytest.mark.timeout(300)
def test_an_operation_that_is_not_served_breaks_no_clause(
    third_party_server: Any, run_kit: Any, options: Any
) -> None:
    """It is counted apart, and the run ends with 1."""
    files = "test_orders.py or test_payments.py or test_coupons.py"

    with third_party_server(*PART, *ONLY_KEYS) as url:
        run = run_kit(url, *options(KEY, second_key=OTHER)[:3], "-k", files)

    assert run.code == 1, run.output[-3_000:]
    assert (run.broken(), run.report["failures"]) == (set(), [])
    assert {"create_payment", "create_coupon"} <= set(run.report["notServed"])
    assert "create_order" not in run.report["notServed"]
    assert not run.report["holds"]
    assert len(run.output.splitlines()) <= LINES


def test_a_run_that_checks_nothing_does_not_pass(
    third_party_server: Any, run_kit: Any, options: Any
) -> None:
    """If every test is skipped, nothing is known of the server."""
    with third_party_server(*ONLY_KEYS) as url:
        run = run_kit(url, *options(KEY)[:1], "-k", "test_a_hard_decline_is_final")

    assert run.code == 2, run.output
    assert "no clause was checked" in run.output


def test_a_run_that_only_lists_tests_does_not_pass(run_kit: Any) -> None:
    """Otherwise an option such as --collect-only would hide a broken server."""
    run = run_kit("http://127.0.0.1:9", "--collect-only", "-k", "test_coupons.py")

    assert run.code == 2
    assert "no clause was checked" in run.output


@pytest.mark.parametrize("names", ["ordres", "orders,create_ordr", " "])
def test_an_unknown_name_of_an_operation_is_refused(names: str, run_kit: Any) -> None:
    """The message names it and lists those that exist."""
    run = run_kit("http://127.0.0.1:9", f"--smartpay-operations={names}")

    assert run.code == 2
    assert repr(names.rsplit(",", maxsplit=1)[-1]) in run.output
    assert "promotion-codes" in run.output


def test_a_server_that_delivers_only_when_asked_is_broken(run_kit: Any) -> None:
    """Its worker never runs, so webhooks do not arrive by themselves."""
    with Sandbox(app=create_app(patch=only_when_asked)) as sandbox:
        run = run_kit(sandbox.url, "-k", "by_themselves or an_event_is_posted")

    assert run.code == 1, run.output
    assert [row["test"] for row in run.report["failures"]] == [
        "test_webhooks.py::test_events_arrive_by_themselves"
    ]
