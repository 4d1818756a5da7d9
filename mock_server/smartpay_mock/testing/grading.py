"""The report card of a client: what came of its attempts, held against the suite.

Pure: evidence in, verdicts out. The rule is published in ``retries.json``: a
scenario's score is the share of its judged criteria that passed, the total is the mean
of all scores weighted by severity, and bugs that cost money make it an F.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from smartpay_fixtures.retries import RetryRow, retry_suite
from smartpay_mock.testing.grading_criteria import CRITERIA
from smartpay_mock.testing.grading_evidence import Evidence, Verdict


@dataclass(frozen=True, slots=True)
class ScenarioGrade:
    """What one scenario says of a client.

    Attributes:
        row: The scenario.
        evidence: What was judged.
        verdicts: One per criterion of the scenario.
    """

    row: RetryRow
    evidence: Evidence
    verdicts: tuple[Verdict, ...]

    @property
    def judged(self) -> int:
        """How many criteria there was something to judge for."""
        return sum(verdict.passed is not None for verdict in self.verdicts)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The criteria that the client failed."""
        return tuple(v for v in self.verdicts if v.passed is False)

    @property
    def passed(self) -> bool:
        """Whether the client failed none."""
        return not self.failed

    @property
    def score(self) -> Fraction:
        """The share of judged criteria that passed, from 0 to 1."""
        return 1 - Fraction(len(self.failed), self.judged)


@dataclass(frozen=True, slots=True)
class ReportCard:
    """What all scenarios say of a client.

    Attributes:
        grades: One per scenario.
    """

    grades: tuple[ScenarioGrade, ...]

    @property
    def passed(self) -> bool:
        """Whether the client failed no criterion of any scenario."""
        return all(grade.passed for grade in self.grades)

    @property
    def percent(self) -> int:
        """The mean of the scores, weighted by severity, rounded down."""
        weights = [retry_suite().weights[grade.row.severity] for grade in self.grades]
        scores = [grade.score for grade in self.grades]
        weighed = sum((w * s for w, s in zip(weights, scores, strict=True)), Fraction())
        return int(100 * weighed / sum(weights))

    @property
    def fatal(self) -> tuple[str, ...]:
        """The bugs found that make the letter an F by themselves."""
        bugs = {verdict.bug for grade in self.grades for verdict in grade.failed}
        return tuple(sorted(bugs & retry_suite().fatal))

    @property
    def letter(self) -> str:
        """The letter, from A to F."""
        letters = retry_suite().letters
        earned = (name for name, least in letters.items() if self.percent >= least)
        return list(letters)[-1] if self.fatal else next(earned)


def grade(row: RetryRow, evidence: Evidence) -> ScenarioGrade:
    """Return what a scenario says of a client.

    Args:
        row: The scenario that was played.
        evidence: What came of it.
    """
    verdicts = [
        CRITERIA[criterion](criterion, expected, evidence)
        for criterion, expected in row.expect.items()
    ]
    return ScenarioGrade(row, evidence, tuple(verdicts))
