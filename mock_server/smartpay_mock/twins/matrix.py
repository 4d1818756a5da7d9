"""Verdicts for people: the matrix of clauses and twins, and who survived."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from smartpay_mock.twins.verdict import Verdict
from smartpay_schemas import CLAUSES

WIDTH = 80
_LABEL = 36
_COLUMNS = WIDTH - _LABEL
_KILLED, _MISSED, _NOTHING = "x", "o", "."
LEGEND = (
    f"{_KILLED}: a test of the clause failed; {_MISSED}: the clause is broken and "
    "no test failed."
)

# Clauses that no twin can break, and why.
UNBREAKABLE = {
    "auth.unknown-key": "the emulator opens an account for every well-formed test key",
}


def progress(verdict: Verdict, number: int, total: int) -> str:
    """Return one line on how a twin fared."""
    told = "killed  " if verdict.is_killed else "SURVIVED"
    counts = ""
    if verdict.killers:
        clauses = verdict.mutant.clauses
        counts = f"  {len(clauses) - len(verdict.missed)} of {len(clauses)}"
    note = f"  ({verdict.note})" if verdict.note else ""
    width = len(str(total))
    return (
        f"{number:{width}}/{total} {told} {verdict.mutant.name:36}"
        f"{verdict.seconds:5.1f} s{counts}{note}"
    )


def matrix(verdicts: Sequence[Verdict]) -> str:
    """Return the matrix clauses x twins, one block per area of clauses."""
    areas = dict.fromkeys(CLAUSES[id_].area for id_ in _claimed(verdicts))
    return "\n\n".join(block for area in areas for block in _blocks(area, verdicts))


def _claimed(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the clauses that any of the twins breaks, in the contract's order."""
    claimed = {id_ for verdict in verdicts for id_ in verdict.mutant.clauses}
    return [id_ for id_ in CLAUSES if id_ in claimed]


def _blocks(area: str, verdicts: Sequence[Verdict]) -> Iterator[str]:
    clauses = [id_ for id_ in _claimed(verdicts) if CLAUSES[id_].area == area]
    mine = [v for v in verdicts if not set(clauses).isdisjoint(v.mutant.clauses)]
    for start in range(0, len(mine), _COLUMNS):
        yield "\n".join(_block(area, clauses, mine[start : start + _COLUMNS]))


def _block(
    area: str, clauses: Sequence[str], columns: Sequence[Verdict]
) -> Iterator[str]:
    yield f"{area}: {_many(clauses, 'clause')}, {_many(columns, 'twin')}"
    for number, verdict in enumerate(columns, start=1):
        yield f"  {number:2} {verdict.mutant.name}"
    numbers = [f"{number:2}" for number in range(1, len(columns) + 1)]
    for digit in (0, 1):
        line = f"{'':{_LABEL}}{''.join(number[digit] for number in numbers)}"
        if line.strip():
            yield line
    for id_ in clauses:
        cells = "".join(_cell(id_, verdict) for verdict in columns)
        if cells.strip(_NOTHING):
            yield f"{id_[: _LABEL - 1]:{_LABEL}}{cells}"


def _many(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'s' if len(things) != 1 else ''}"


def _cell(id_: str, verdict: Verdict) -> str:
    if id_ not in verdict.mutant.clauses:
        return _NOTHING
    return _KILLED if id_ in verdict.killers else _MISSED


def survivors(verdicts: Sequence[Verdict]) -> list[str]:
    """Return a paragraph for each twin that was not noticed."""
    return [
        textwrap.fill(
            f"{verdict.mutant.name}: {verdict.mutant.bug}",
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
        )
        for verdict in verdicts
        if not verdict.is_killed
    ]


def unproven(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the documented and observed clauses that never failed for any twin."""
    proven = {id_ for verdict in verdicts for id_ in verdict.killers}
    return [
        row.id
        for row in CLAUSES.values()
        if row.checkable
        and row.confidence != "assumed"
        and row.id not in proven
        and row.id not in UNBREAKABLE
    ]
