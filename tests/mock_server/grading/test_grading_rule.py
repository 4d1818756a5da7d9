"""The rules of grading: criteria, scores, letters and texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smartpay_fixtures.retries import retry_suite
from smartpay_mock.testing.grading import (
    CRITERIA,
    Evidence,
    ReportCard,
    ScenarioGrade,
    check,
    describe,
    grade,
    overview,
    total,
)

Make = Callable[..., Evidence]
AFTER_RESET = retry_suite().scenarios["reset-after-commit"]
FOR_EVER = retry_suite().scenarios["503-for-ever"]

# criterion, expected, times of attempts, other evidence, passed, bug
VERDICTS: list[tuple[str, Any, tuple[int, ...], dict[str, Any], bool | None, str]] = [
    ("retries", True, (0, 200), {}, True, ""),
    ("retries", True, (0,), {}, False, "no-retry"),
    ("retries", True, (), {}, False, "never-called"),
    ("retries", False, (0,), {}, True, ""),
    ("retries", False, (0, 200), {}, False, "needless-retry"),
    ("retries", False, (), {}, False, "never-called"),
    ("gives-up", 2, (0, 200), {}, True, ""),
    ("gives-up", 2, (0, 200, 400), {}, False, "endless-retry"),
    ("same-key", True, (0, 200), {}, True, ""),
    ("same-key", True, (0,), {}, None, ""),
    ("same-key", True, (0, 200), {"keys": ("a", "b")}, False, "new-key"),
    ("same-key", True, (0, 200), {"keys": (None, None)}, False, "no-key"),
    ("same-key", True, (0, 200), {"keys": ("a", None)}, False, "no-key"),
    ("same-body", True, (0, 9), {"bodies": ('{"a":1}', '{ "a": 1}')}, True, ""),
    ("same-body", True, (0, 9), {"bodies": ("{}", "[]")}, False, "changed-body"),
    ("same-body", True, (0, 9), {"bodies": ("{", "[")}, False, "changed-body"),
    ("same-body", True, (0,), {}, None, ""),
    ("pauses", 150, (0, 150, 300), {}, True, ""),
    ("pauses", 150, (0, 500, 649), {}, False, "no-pause"),
    ("pauses", 150, (0,), {}, None, ""),
    ("slows-down", 150, (0, 200, 550), {}, True, ""),
    ("slows-down", 150, (0, 200, 549), {}, False, "steady-pace"),
    ("slows-down", 150, (0, 200), {}, None, ""),
    ("heeds-retry-after", 1000, (0, 990), {}, True, ""),
    ("heeds-retry-after", 1000, (0, 989), {}, False, "impatient"),
    ("heeds-retry-after", 1000, (0,), {}, None, ""),
    ("charges", 1, (0,), {"charges": 1}, True, ""),
    ("charges", 1, (0,), {"charges": 0}, False, "lost-sale"),
    ("charges", 1, (0,), {"charges": 2}, False, "double-charge"),
    ("ends", 300, (0, 300), {}, True, ""),
    ("ends", 300, (0, 301), {}, False, "hangs"),
    ("ends", 300, (0,), {"outcome": "unfinished"}, False, "hangs"),
    ("reports", "success", (0,), {}, True, ""),
    ("reports", "success", (0,), {"outcome": "failure"}, False, "charged-untold"),
    (
        "reports",
        "success",
        (),
        {"outcome": "failure", "charges": 0},
        False,
        "lost-sale",
    ),
    ("reports", "failure", (0,), {"charges": 0}, False, "sold-unpaid"),
    ("reports", "failure", (0,), {"outcome": "failure"}, True, ""),
    ("reports", "success", (0,), {"outcome": "unfinished"}, False, "hangs"),
]


@pytest.mark.parametrize(
    ("criterion", "expected", "times", "other", "passed", "bug"), VERDICTS
)
def test_a_criterion(
    *,
    evidence: Make,
    criterion: str,
    expected: object,
    times: tuple[int, ...],
    other: dict[str, Any],
    passed: bool | None,
    bug: str,
) -> None:
    """Each criterion is tested on both sides of its limit, with its bug."""
    verdict = check(criterion, expected, evidence(*times, **other))

    assert (verdict.criterion, verdict.passed, verdict.bug) == (criterion, passed, bug)
    assert verdict.found


def test_the_table_of_verdicts_has_every_criterion_pass_and_fail() -> None:
    """The table above is complete."""
    seen = {(row[0], row[4]) for row in VERDICTS if row[4] is not None}

    assert seen == {(name, passed) for name in CRITERIA for passed in (True, False)}


def graded(evidence: Evidence, severity: str = "critical") -> ScenarioGrade:
    """Return the grade for the reset after commit, with a severity."""
    return grade(replace(AFTER_RESET, severity=severity), evidence)


def test_a_score_is_the_share_of_criteria_that_passed(evidence: Make) -> None:
    """A criterion that could not be checked does not count."""
    alone = graded(evidence(0, outcome="failure"))

    assert (alone.checked, len(alone.failed)) == (3, 2)
    assert alone.score.as_integer_ratio() == (1, 3)


def test_the_total_weighs_severities_and_is_rounded_down(evidence: Make) -> None:
    """A third at 4 and all at 1 is 46.67 percent."""
    bad = graded(evidence(0, outcome="failure"))
    good = graded(evidence(0, 200), "minor")

    card = ReportCard((bad, good))

    assert card.percent == 46
    assert not card.passed


@pytest.mark.parametrize(
    ("good", "letter"), [(99, "A"), (5, "B"), (2, "C"), (1, "D"), (0, "F")]
)
def test_a_letter_follows_from_the_percent(
    evidence: Make, good: int, letter: str
) -> None:
    """One scenario has a score of a third, all others pass."""
    bad = graded(evidence(0, outcome="failure"))
    cards = (bad, *[graded(evidence(0, 200))] * good)

    card = ReportCard(cards)

    assert card.letter == letter
    assert not card.fatal


@pytest.mark.parametrize(
    ("bug", "changes"),
    [("double-charge", {"charges": 2}), ("sold-unpaid", {"charges": 0})],
)
def test_a_bug_that_costs_money_always_gives_an_f(
    evidence: Make, bug: str, changes: dict[str, Any]
) -> None:
    """It does so beside ninety-nine good scenarios."""
    row = FOR_EVER if bug == "sold-unpaid" else AFTER_RESET
    bad = grade(row, evidence(0, 200, 550, **changes))

    card = ReportCard((bad, *[graded(evidence(0, 200))] * 99))

    assert (card.letter, card.fatal) == ("F", (bug,))
    assert card.percent > 90
    assert f"These bugs always give F: {bug}." in " ".join(total(card).split())


def test_all_texts_fit_into_80_columns(evidence: Make) -> None:
    """This holds with many attempts, long pauses and long keys."""
    times = [0]
    for number in range(40):
        times.append(times[-1] + 977 * number)
    keys = tuple(f"{number}" * 40 for number in range(41))
    wild = evidence(*times, keys=keys, bodies=keys, charges=12, outcome="unfinished")

    grades = [grade(row, wild) for row in retry_suite().scenarios.values()]
    shown = "\n".join([overview(grades), *map(describe, grades)])

    assert max(map(len, shown.splitlines())) <= 80
    assert "and 29 more" in shown
