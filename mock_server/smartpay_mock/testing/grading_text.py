"""Report cards for people to read at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from smartpay_fixtures.retries import retry_suite
from smartpay_mock.testing.explaining import WIDTH
from smartpay_mock.testing.grading import ReportCard, ScenarioGrade
from smartpay_mock.testing.grading_evidence import Evidence
from smartpay_mock.testing.journal import RecordedRequest

_SHOWN = 12
_KEY_LENGTH = 22
_LONG_MS = 9_995
_HEADERS = ("scenario", "attempts", "same key", "pause", "charges", "verdict")


def overview(grades: Iterable[ScenarioGrade]) -> str:
    """Return the table of a report card, a line per scenario."""
    return _columns([_HEADERS, *(_row(grade) for grade in grades)])


def marks(card: ReportCard) -> dict[str, str]:
    """Return per scenario ``pass`` or the criteria failed, and the ``total``."""
    cells = {
        grade.row.id: ", ".join(verdict.criterion for verdict in grade.failed) or "pass"
        for grade in card.grades
    }
    return {**cells, "total": f"{card.letter}, {card.percent} %"}


def total(card: ReportCard) -> str:
    """Return letter, percent and how many scenarios passed, in a sentence."""
    passed = sum(grade.passed for grade in card.grades)
    line = (
        f"Grade {card.letter}: {card.percent} %, {passed} of "
        f"{len(card.grades)} scenarios passed."
    )
    if card.fatal:
        line += f" An {card.letter} whatever the rest: {', '.join(card.fatal)}."
    return textwrap.fill(line, WIDTH, break_on_hyphens=False)


def describe(grade: ScenarioGrade) -> str:
    """Return what a client failed in a scenario, why it matters, and its attempts."""
    row = grade.row
    lines = _wrapped(f"{row.id} ({row.severity}): {row.title}", indent=0)
    bugs = dict.fromkeys(verdict.bug for verdict in grade.failed)
    for bug in sorted(bugs, key=lambda bug: bug not in retry_suite().fatal):
        lines += _wrapped(f"{bug}: {retry_suite().bugs[bug]}", indent=2)
        for verdict in grade.failed:
            if verdict.bug == bug:
                lines += _wrapped(f"{verdict.criterion}: {verdict.found}", indent=6)
    lines += _wrapped(f"why: {row.why}", indent=2)
    return "\n".join([*lines, *_attempts(grade.evidence)])


def _wrapped(text: str, *, indent: int) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
    )


def _attempts(evidence: Evidence) -> list[str]:
    """Return one line per attempt: when, under which key and body, what came."""
    if not evidence.attempts:
        return ["  No attempt came."]
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
                _label(keys, key) if key is not None else "-",
                _shortened(key) if key is not None else "none",
                _label(bodies, attempt.body),
                _answer(attempt),
            )
        )
    more = len(evidence.attempts) - _SHOWN
    lines = textwrap.indent(_columns(rows, ruler=False), "  ").splitlines()
    return [*lines, f"  and {more:,} more"] if more > 0 else lines


def _label(seen: list[str], value: str) -> str:
    """Return a letter that is the same for the same value, and remember it."""
    if value not in seen:
        seen.append(value)
    return chr(ord("A") + seen.index(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _KEY_LENGTH else text[: _KEY_LENGTH - 1] + "…"


def _answer(attempt: RecordedRequest) -> str:
    """Return what the client got: a status, or what became of the answer."""
    faults = [_FAULTS.get(fault.split()[0], "") for fault in attempt.faults]
    lost = [words for words in faults if words]
    status = f"{attempt.status}, replayed" if attempt.replayed else str(attempt.status)
    if lost:
        moment = "after" if "after_commit" in attempt.faults[0] else "before"
        return f"{', '.join(lost)} {moment} commit"
    if attempt.faults and "after_commit, status=" in attempt.faults[0]:
        return f"{attempt.faults[0].rpartition('=')[2]} after commit"
    return status


# fault -> what the client saw, where that is no status
_FAULTS = {
    "reset": "reset",
    "timeout": "no answer",
    "empty": "closed",
    "half": "half an answer",
    "broken_json": "broken JSON",
    "latency": "late",
}


def _row(grade: ScenarioGrade) -> Sequence[str]:
    evidence = grade.evidence
    failed = len(grade.failed)
    return (
        grade.row.id,
        str(len(evidence.attempts)),
        _same_key(evidence),
        _pause(evidence.pauses),
        str(evidence.charges),
        f"FAIL {failed} of {grade.judged}" if failed else "pass",
    )


def _same_key(evidence: Evidence) -> str:
    if len(evidence.attempts) < 2:  # noqa: PLR2004 - a pair
        return "-"
    keys = {attempt.idempotency_key for attempt in evidence.attempts}
    return "yes" if len(keys) == 1 and None not in keys else "NO"


def _pause(pauses: Sequence[int]) -> str:
    """Return the shortest and the longest pause, in seconds."""
    if not pauses:
        return "-"
    shortest, longest = (_seconds(end(pauses)) for end in (min, max))
    return f"{shortest} s" if shortest == longest else f"{shortest}-{longest} s"


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.{2 if milliseconds < _LONG_MS else 0}f}"


def _columns(rows: Sequence[Sequence[str]], *, ruler: bool = True) -> str:
    """Return rows as a table, columns two spaces apart, headers first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [("-" * width for width in widths)] if ruler else []
    lines = [rows[0], *ruled, *rows[1:]]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
