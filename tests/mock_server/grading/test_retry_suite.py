"""The published suite fits the emulator that plays it, and the rule that judges."""

from __future__ import annotations

import ast
import inspect

import pytest

from smartpay_fixtures import sandbox_values
from smartpay_fixtures.retries import RetryRow, retry_suite
from smartpay_mock.kernel.faults import check_fault
from smartpay_mock.testing import grading
from smartpay_schemas import ERRORS, OPERATIONS, accepts

SUITE = retry_suite()
ROWS = pytest.mark.parametrize("row", SUITE.scenarios.values(), ids=lambda row: row.id)


@ROWS
def test_the_emulator_takes_the_faults_of_a_scenario(row: RetryRow) -> None:
    """Faults are written as the control plane takes them."""
    plans = [
        check_fault("fault_test_1", **{"operation": row.operation, **fault})
        for fault in row.faults
    ]

    assert all(plan.operation == row.operation for plan in plans)


@ROWS
def test_a_scenario_uses_known_names_and_says_why(row: RetryRow) -> None:
    """Operation, token, severity and criteria are in their tables."""
    assert row.operation in OPERATIONS
    assert row.token in sandbox_values().tokens
    assert row.severity in SUITE.weights
    assert set(row.expect) <= set(SUITE.criteria)
    assert row.title.endswith(".")
    assert row.why.endswith(".")


@ROWS
def test_a_refusal_is_one_that_the_api_gives(row: RetryRow) -> None:
    """Bodies of refusals have the code, the status and the shape of the API."""
    bodies = [fault["body"] for fault in row.faults if "body" in fault]

    for body in bodies:
        if body["statusCode"] == 401:
            assert accepts("common/unauthorized", body)
            continue
        assert accepts("common/error", body)
        assert ERRORS[body["errorCode"]].status == body["statusCode"]


def test_every_criterion_of_the_suite_can_be_judged_and_is_used() -> None:
    """The published words and the functions that judge are the same set."""
    used = {name for row in SUITE.scenarios.values() for name in row.expect}

    assert set(SUITE.criteria) == set(grading.CRITERIA) == used


def test_every_bug_of_the_suite_is_one_that_a_criterion_finds() -> None:
    """No bug is described that is never found, and none found that is not described."""
    tree = ast.parse(inspect.getsource(grading))
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert set(SUITE.bugs) <= texts
    assert SUITE.fatal <= set(SUITE.bugs)


def test_letters_are_given_from_the_best_to_one_for_everybody() -> None:
    """Every percent has its letter."""
    limits = list(SUITE.letters.values())

    assert limits == sorted(limits, reverse=True)
    assert limits[-1] == 0
