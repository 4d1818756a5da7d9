"""The published suite agrees with the emulator and with the criteria."""

from __future__ import annotations

import pytest

from smartpay_fixtures import sandbox_values
from smartpay_fixtures.retries import RetryRow, retry_suite
from smartpay_mock.testing import grading
from smartpay_schemas import ERRORS, OPERATIONS, accepts

SUITE = retry_suite()
ROWS = pytest.mark.parametrize("row", SUITE.scenarios.values(), ids=lambda row: row.id)


@ROWS
def test_a_scenario_uses_known_names(row: RetryRow) -> None:
    """They are operation, token, severity and criteria."""
    assert row.operation in OPERATIONS
    assert row.token in sandbox_values().tokens
    assert row.severity in SUITE.weights
    assert set(row.expect) <= set(SUITE.criteria)
    assert row.title.endswith(".")
    assert row.why.endswith(".")


@ROWS
def test_a_refusal_is_one_of_the_api(row: RetryRow) -> None:
    """Its body has the code, the status and the shape of the API."""
    bodies = [fault["body"] for fault in row.faults if "body" in fault]

    for body in bodies:
        if body["statusCode"] == 401:
            assert accepts("common/unauthorized", body)
            continue
        assert accepts("common/error", body)
        assert ERRORS[body["errorCode"]].status == body["statusCode"]


def test_every_criterion_has_a_function_and_is_used() -> None:
    """The published criteria are the implemented ones."""
    used = {name for row in SUITE.scenarios.values() for name in row.expect}

    assert set(SUITE.criteria) == set(grading.CRITERIA) == used


def test_every_percent_has_a_letter() -> None:
    """The letters go from the best to the one at 0 percent."""
    limits = list(SUITE.letters.values())

    assert limits == sorted(limits, reverse=True)
    assert limits[-1] == 0
