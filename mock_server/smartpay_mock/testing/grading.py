"""The report card of a client: criteria, grades, and their text at 80 columns.

The rules are published in ``retries.json``. The score of a scenario is the share of its
checked criteria that passed. The total is the mean of all scores, weighted by severity.
A bug that costs money makes the letter an F.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from smartpay_fixtures.retries import RetryRow, retry_suite
from smartpay_mock.testing.journal import RecordedRequest
from smartpay_mock.testing.text import columns, counted, fill, wrap

Outcome = Literal["success", "failure", "unfinished"]

# Timers of two processes differ slightly, so a pause may be this much too short.
_TOLERANCE_MS = 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts about a client in one scenario.

    Attributes:
        attempts: Its calls of the scenario's operation, oldest first.
        charges: Number of orders that reserve or take money.
        outcome: The outcome that the client reports; ``unfinished`` if it was stopped.
    """

    attempts: tuple[RecordedRequest, ...]
    charges: int
    outcome: Outcome

    @property
    def pauses(self) -> list[int]:
        """The time between each two attempts, in milliseconds."""
        return [later.at - sooner.at for sooner, later in pairwise(self.attempts)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one criterion.

    Attributes:
        criterion: Name of the criterion, such as ``same-key``.
        passed: Whether the client passed; ``None`` if there was nothing to check.
        found: The finding, in words.
        bug: The bug that a failure shows, such as ``double-charge``; else empty.
    """

    criterion: str
    passed: bool | None
    found: str
    bug: str = ""


@dataclass(frozen=True, slots=True)
class ScenarioGrade:
    """The grade of a client in one scenario.

    Attributes:
        row: The scenario.
        evidence: The facts.
        verdicts: One per criterion of the scenario.
    """

    row: RetryRow
    evidence: Evidence
    verdicts: tuple[Verdict, ...]

    @property
    def checked(self) -> int:
        """Number of criteria that could be checked."""
        return sum(verdict.passed is not None for verdict in self.verdicts)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The criteria that the client failed."""
        return tuple(v for v in self.verdicts if v.passed is False)

    @property
    def passed(self) -> bool:
        """Whether the client failed no criterion."""
        return not self.failed

    @property
    def score(self) -> Fraction:
        """The share of checked criteria that passed, from 0 to 1."""
        return 1 - Fraction(len(self.failed), self.checked)


@dataclass(frozen=True, slots=True)
class ReportCard:
    """The grades of a client in all scenarios.

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
        total = sum((w * s for w, s in zip(weights, scores, strict=True)), Fraction())
        return int(100 * total / sum(weights))

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
    """Return the grade of a client in a scenario.

    Args:
        row: The scenario.
        evidence: The facts about the client.
    """
    verdicts = [check(name, value, evidence) for name, value in row.expect.items()]
    return ScenarioGrade(row, evidence, tuple(verdicts))


def check(criterion: str, expected: Any, evidence: Evidence) -> Verdict:
    """Return the result of one criterion.

    Args:
        criterion: Its name.
        expected: The value that the scenario expects.
        evidence: The facts about the client.
    """
    attempts = len(evidence.attempts)
    least, function = CRITERIA[criterion]
    if attempts < least:
        found = f"not checked after {counted(attempts, 'attempt')}"
        return Verdict(criterion, None, found)
    passed, found, bug = function(expected, evidence)
    return Verdict(criterion, passed, found, "" if passed else bug)


# -- criteria; ``retries.json`` describes each of them -------------------------------

Result = tuple[bool, str, str]
"""Whether a criterion passed, the finding, and the bug that a failure shows."""


def _retries(expected: bool, evidence: Evidence) -> Result:
    number = len(evidence.attempts)
    passed = number > 1 if expected else number == 1
    found = counted(number, "attempt")
    if not passed:
        found += f", not {'more' if expected else '1'}"
    bug = "no-retry" if expected else "needless-retry"
    return passed, found, bug if number else "never-called"


def _gives_up(most: int, evidence: Evidence) -> Result:
    number = len(evidence.attempts)
    found = f"{counted(number, 'attempt')}, at most {most} allowed"
    return number <= most, found, "endless-retry"


def _same_key(_expected: bool, evidence: Evidence) -> Result:
    keys = {attempt.idempotency_key for attempt in evidence.attempts}
    attempts = counted(len(evidence.attempts), "attempt")
    if None in keys:
        return False, f"no key in some of {attempts}", "no-key"
    return len(keys) == 1, f"{counted(len(keys), 'key')} in {attempts}", "new-key"


def _same_body(_expected: bool, evidence: Evidence) -> Result:
    bodies: list[Any] = []
    for attempt in evidence.attempts:
        body = attempt.body if attempt.json is None else attempt.json
        bodies += [] if body in bodies else [body]
    attempts = counted(len(evidence.attempts), "attempt")
    noun = "body" if len(bodies) == 1 else "bodies"
    return len(bodies) == 1, f"{len(bodies)} {noun} in {attempts}", "changed-body"


def _pauses(least_ms: int, evidence: Evidence) -> Result:
    shortest = min(evidence.pauses)
    found = f"a pause of {shortest:,} ms, at least {least_ms:,} ms expected"
    return shortest >= least_ms, found, "no-pause"


def _slows_down(least_ms: int, evidence: Evidence) -> Result:
    first, last = evidence.pauses[0], evidence.pauses[-1]
    found = f"first pause {first:,} ms, last pause {last:,} ms"
    return last - first >= least_ms, found, "steady-pace"


def _heeds_retry_after(least_ms: int, evidence: Evidence) -> Result:
    pause = evidence.pauses[0]
    found = f"retried after {pause:,} ms; Retry-After was {least_ms:,} ms"
    return pause >= least_ms - _TOLERANCE_MS, found, "impatient"


def _charges(expected: int, evidence: Evidence) -> Result:
    number = evidence.charges
    found = counted(number, "charge")
    if number != expected:
        found += f", not {expected}"
    return (
        number == expected,
        found,
        ("double-charge" if number > expected else "lost-sale"),
    )


def _ends(most_ms: int, evidence: Evidence) -> Result:
    longest = max(evidence.pauses, default=0)
    if evidence.outcome == "unfinished":
        return False, "still waiting when it was stopped", "hangs"
    found = f"waited {longest:,} ms, at most {most_ms:,} ms allowed"
    return longest <= most_ms, found, "hangs"


def _reports(expected: str, evidence: Evidence) -> Result:
    outcome = evidence.outcome
    if outcome == expected:
        return True, f"reported {outcome}", ""
    if outcome == "unfinished":
        return False, "reported nothing before it was stopped", "hangs"
    found = f"reported {outcome}, not {expected}"
    if outcome == "success":
        return False, found, "sold-unpaid"
    return False, found, "charged-untold" if evidence.charges else "lost-sale"


# criterion -> the attempts it needs, and the function that checks it
CRITERIA: Mapping[str, tuple[int, Callable[[Any, Evidence], Result]]] = {
    "retries": (0, _retries),
    "gives-up": (0, _gives_up),
    "same-key": (2, _same_key),
    "same-body": (2, _same_body),
    "pauses": (2, _pauses),
    "slows-down": (3, _slows_down),
    "heeds-retry-after": (2, _heeds_retry_after),
    "charges": (0, _charges),
    "ends": (0, _ends),
    "reports": (0, _reports),
}


# -- text ------------------------------------------------------------------------------

_SHOWN = 12
_KEY_LENGTH = 22
_LONG_MS = 9_995
_HEADERS = ("scenario", "attempts", "same key", "pause", "charges", "verdict")
# fault -> the result for the client, if it is not a status
_FAULTS = {
    "reset": "reset",
    "timeout": "no answer",
    "empty": "closed",
    "half": "half an answer",
    "broken_json": "broken JSON",
    "latency": "late",
}


def overview(grades: Iterable[ScenarioGrade]) -> str:
    """Return the table of a report card, one line per scenario."""
    return columns([_HEADERS, *(_row(grade) for grade in grades)])


def marks(card: ReportCard) -> dict[str, str]:
    """Return ``pass`` or the failed criteria by scenario, and the ``total``."""
    cells = {
        grade.row.id: ", ".join(verdict.criterion for verdict in grade.failed) or "pass"
        for grade in card.grades
    }
    return {**cells, "total": f"{card.letter}, {card.percent} %"}


def total(card: ReportCard) -> str:
    """Return letter, percent and the number of passed scenarios, as a sentence."""
    passed = sum(grade.passed for grade in card.grades)
    line = (
        f"Grade {card.letter}: {card.percent} %, {passed} of "
        f"{len(card.grades)} scenarios passed."
    )
    if card.fatal:
        bugs = ", ".join(card.fatal)
        line += f" These bugs always give {card.letter}: {bugs}."
    return fill(line)


def describe(grade: ScenarioGrade) -> str:
    """Return the failures in a scenario, their meaning, and the attempts."""
    row = grade.row
    lines = wrap(f"{row.id} ({row.severity}): {row.title}", "", "  ")
    bugs = dict.fromkeys(verdict.bug for verdict in grade.failed)
    for bug in sorted(bugs, key=lambda bug: bug not in retry_suite().fatal):
        lines += wrap(f"{bug}: {retry_suite().bugs[bug]}", "  ", "    ")
        for verdict in grade.failed:
            if verdict.bug == bug:
                text = f"{verdict.criterion}: {verdict.found}"
                lines += wrap(text, " " * 6, " " * 8)
    lines += wrap(f"why: {row.why}", "  ", "    ")
    return "\n".join([*lines, *_attempts(grade.evidence)])


def _attempts(evidence: Evidence) -> list[str]:
    """Return one line per attempt: time, key, body and answer."""
    if not evidence.attempts:
        return ["  The emulator received no attempt."]
    start = evidence.attempts[0].at
    keys: list[str] = []
    bodies: list[str] = []
    rows: list[Sequence[str]] = [("attempt", "at", "key", "", "body", "answer")]
    for number, attempt in enumerate(evidence.attempts[:_SHOWN], start=1):
        key = attempt.idempotency_key
        rows.append(
            (
                f"#{number}",
                f"+{attempt.at - start:,} ms",
                _letter(keys, key) if key is not None else "-",
                _shortened(key) if key is not None else "none",
                _letter(bodies, attempt.body),
                _answer(attempt),
            )
        )
    more = len(evidence.attempts) - _SHOWN
    lines = textwrap.indent(columns(rows, ruler=False), "  ").splitlines()
    return [*lines, f"  and {more:,} more"] if more > 0 else lines


def _letter(seen: list[str], value: str) -> str:
    """Return a letter that is the same for the same value, and remember it."""
    if value not in seen:
        seen.append(value)
    return chr(ord("A") + seen.index(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _KEY_LENGTH else text[: _KEY_LENGTH - 1] + "…"


def _answer(attempt: RecordedRequest) -> str:
    """Return the status that the client got, or what a fault did to the answer."""
    faults = [_FAULTS.get(fault.split()[0], "") for fault in attempt.faults]
    lost = [words for words in faults if words]
    status = f"{attempt.status}, replayed" if attempt.replayed else str(attempt.status)
    if lost:
        moment = "after" if "after_commit" in attempt.faults[0] else "before"
        return f"{', '.join(lost)} {moment} commit"
    if attempt.faults and "after_commit, status=" in attempt.faults[0]:
        return f"{attempt.faults[0].rpartition('=')[2]} after commit"
    return status


def _row(grade: ScenarioGrade) -> Sequence[str]:
    evidence = grade.evidence
    failed = len(grade.failed)
    return (
        grade.row.id,
        str(len(evidence.attempts)),
        {None: "-", True: "yes", False: "NO"}[check("same-key", True, evidence).passed],
        _pause_range(evidence.pauses),
        str(evidence.charges),
        f"FAIL {failed} of {grade.checked}" if failed else "pass",
    )


def _pause_range(pauses: Sequence[int]) -> str:
    """Return the shortest and the longest pause, in seconds."""
    if not pauses:
        return "-"
    shortest, longest = (_seconds(end(pauses)) for end in (min, max))
    return f"{shortest} s" if shortest == longest else f"{shortest}-{longest} s"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.{2 if milliseconds < _LONG_MS else 0}f}"
