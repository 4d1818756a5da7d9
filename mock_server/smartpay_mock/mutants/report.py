"""Print results: progress, the matrix of clauses and mutants, undetected mutants."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from smartpay_mock.mutants.results import Result
from smartpay_schemas import CLAUSES

WIDTH = 80
_LABEL = 36
_COLUMNS = WIDTH - _LABEL
_FAILED, _MISSED, _NOTHING = "x", "o", "."
LEGEND = (
    f"{_FAILED}: a test of the clause failed; {_MISSED}: the clause is broken and "
    "no test failed."
)


def progress(result: Result, number: int, total: int) -> str:
    """Return one line about a result."""
    outcome = "detected    " if result.is_detected else "NOT DETECTED"
    counts = ""
    if result.failed:
        clauses = result.mutant.clauses
        counts = f"  {len(clauses) - len(result.missed)} of {len(clauses)}"
    note = f"  ({result.note})" if result.note else ""
    width = len(str(total))
    return (
        f"{number:{width}}/{total} {outcome} {result.mutant.name:34}"
        f"{result.seconds:5.1f} s{counts}{note}"
    )


def matrix(results: Sequence[Result]) -> str:
    """Return the matrix of clauses and mutants, one block per area of clauses."""
    areas = dict.fromkeys(CLAUSES[id_].area for id_ in _broken(results))
    return "\n\n".join(block for area in areas for block in _blocks(area, results))


def _broken(results: Sequence[Result]) -> list[str]:
    """Return the clauses that any of the mutants breaks, in the contract's order."""
    broken = {id_ for result in results for id_ in result.mutant.clauses}
    return [id_ for id_ in CLAUSES if id_ in broken]


def _blocks(area: str, results: Sequence[Result]) -> Iterator[str]:
    clauses = [id_ for id_ in _broken(results) if CLAUSES[id_].area == area]
    mine = [one for one in results if not set(clauses).isdisjoint(one.mutant.clauses)]
    for start in range(0, len(mine), _COLUMNS):
        yield "\n".join(_block(area, clauses, mine[start : start + _COLUMNS]))


def _block(
    area: str, clauses: Sequence[str], columns: Sequence[Result]
) -> Iterator[str]:
    yield f"{area}: {_many(clauses, 'clause')}, {_many(columns, 'mutant')}"
    for number, result in enumerate(columns, start=1):
        yield f"  {number:2} {result.mutant.name}"
    numbers = [f"{number:2}" for number in range(1, len(columns) + 1)]
    for digit in (0, 1):
        line = f"{'':{_LABEL}}{''.join(number[digit] for number in numbers)}"
        if line.strip():
            yield line
    for id_ in clauses:
        cells = "".join(_cell(id_, result) for result in columns)
        if cells.strip(_NOTHING):
            yield f"{id_[: _LABEL - 1]:{_LABEL}}{cells}"


def _many(things: Sequence[object], word: str) -> str:
    return f"{len(things)} {word}{'s' if len(things) != 1 else ''}"


def _cell(id_: str, result: Result) -> str:
    if id_ not in result.mutant.clauses:
        return _NOTHING
    return _FAILED if id_ in result.failed else _MISSED


def undetected(results: Sequence[Result]) -> list[str]:
    """Return a paragraph for each mutant that was not detected."""
    return [
        textwrap.fill(
            f"{result.mutant.name}: {result.mutant.cost}".rstrip(" :"),
            WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
        )
        for result in results
        if not result.is_detected
    ]
