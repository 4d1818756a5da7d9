"""End a run: make the verdicts, write the reports and the ledger, set the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts import parity, report_html, report_markdown
from smartpay_contracts.options import NOTHING_CHECKED, Options, read_options
from smartpay_contracts.report import (
    CONFIDENCES,
    Verdict,
    build_report,
    causes,
    count,
    failures,
    in_words,
    not_served,
    render_json,
    skip_reasons,
    verdicts,
    without_absent,
)
from smartpay_contracts.values import now_ms

STALE = 11
"""Exit code if a clause is older than --smartpay-max-parity-age."""

UNCHECKED = pytest.ExitCode.NO_TESTS_COLLECTED
"""Exit code if every test was skipped; ``verify`` turns it into 2."""

CHECKED = frozenset({"holds", "broken", "discovery", "not served"})
MOST_CAUSES, MOST_CLAUSES, MOST_DETAILS = 12, 6, 2
"""How much the terminal shows; the reports show all."""

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"


def check_files(options: Options) -> None:
    """Check that the reports can be written at the end.

    Raises:
        pytest.UsageError: A report cannot be written, or the ledger is invalid.
    """
    for path, _ in _reports(options):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not path.exists()
            path.open("a", encoding="utf-8").close()
            if is_new:
                path.unlink()
        except OSError as error:
            raise pytest.UsageError(
                f"The report {path} cannot be written: {error.strerror}."
            ) from None
    if options.parity_file:
        parity.read(options.parity_file)


def finish(
    config: pytest.Config, records: list[dict[str, Any]], status: int, *, lost: str
) -> tuple[list[str], int]:
    """Write the reports and the ledger that the options name.

    Args:
        config: Of the run.
        records: The records of the tests.
        status: The exit code so far.
        lost: The message about a lost server, or nothing.

    Returns:
        The lines to show, and the exit code.
    """
    options = read_options(config)
    absent = not_served(records)
    found = verdicts(without_absent(records, absent))
    lines = summary_lines(found, records)
    more, is_stale = _parity(options, found, records[0]["target"])
    lines += more
    document = build_report(found, records, lost=lost)
    lines += _details(config, records)
    lines += _write(options, document)
    if status == 0 and not any(verdict.outcome in CHECKED for verdict in found):
        lines.append(NOTHING_CHECKED)
        status = UNCHECKED
    if is_stale and status == 0:
        status = STALE
    return lines, status


def summary_lines(found: list[Verdict], records: list[dict[str, Any]]) -> list[str]:
    """Return the verdicts in a few lines."""
    lines = []
    for confidence in CONFIDENCES:
        counts = count(v for v in found if v.clause.confidence == confidence)
        lines.append(f"{confidence:11} {in_words(counts)}")
    absent = not_served(records)
    if absent:
        lines.append(
            f"operations not served, {len(absent)}: {', '.join(absent)}. Name those to "
            "check with --smartpay-operations, such as orders,tokens."
        )
    groups = causes(failures(without_absent(records, absent), "failed"))
    lines += _most([_cause(group) for group in groups], MOST_CAUSES, "causes")
    for word, outcome in (("BROKEN", "broken"), ("discovery", "discovery")):
        rows = [_line(v, word) for v in found if v.outcome == outcome]
        lines += _most(rows, MOST_CLAUSES, f"{outcome} clauses")
    for reason, number in skip_reasons(records):
        lines.append(f"{number} skipped: {reason}")
    return lines


def _details(config: pytest.Config, records: list[dict[str, Any]]) -> list[str]:
    """Return one failure of each of the first causes, if pytest shows none."""
    if config.getoption("tbstyle") != "no":
        return []
    rows = failures(without_absent(records, not_served(records)), "failed")
    return [
        line
        for first, *_ in causes(rows)[:MOST_DETAILS]
        for line in ("", first["test"], *first["text"].splitlines())
    ]


def _cause(group: list[dict[str, Any]]) -> str:
    first = group[0]
    noun = "test" if len(group) == 1 else "tests"
    texts = [" ".join(first[name].split())[:200] for name in ("expected", "found")]
    return f"{len(group)} {noun}: expected {texts[0]}; found {texts[1]}"


def _most(lines: list[str], limit: int, noun: str) -> list[str]:
    more = len(lines) - limit
    if more <= 0:
        return lines
    last = f"... and {more} more {noun}; an HTML report shows all"
    return [*lines[:limit], last]


def _line(verdict: Verdict, word: str) -> str:
    clause = verdict.clause
    return f"{word}: {clause.id} ({clause.confidence}) {clause.statement}"


def _parity(
    options: Options, found: list[Verdict], target: dict[str, Any]
) -> tuple[list[str], bool]:
    if options.parity_file is None and options.max_parity_age is None:
        return [], False
    path = options.parity_file or Path(parity.DEFAULT_FILE)
    ledger = parity.read(path)
    lines: list[str] = []
    if target["kind"] == "foreign":
        changed = parity.update(ledger, found, target["url"], now_ms())
        parity.write(path, ledger)
        lines.append(f"parity: {path} updated")
        lines += [
            f"parity: {name}: answers differ from the last run" for name in changed
        ]
    if options.max_parity_age is None:
        return lines, False
    old = parity.stale(ledger, found, now_ms(), options.max_parity_age)
    lines += [f"stale: {name}: {why}" for name, why in old.items()]
    return lines, bool(old)


def _write(options: Options, document: dict[str, Any]) -> list[str]:
    lines = []
    for path, render in _reports(options):
        path.write_text(render(document), encoding="utf-8")
        lines.append(f"report: {path}")
    step_summary = os.environ.get(STEP_SUMMARY)
    if step_summary:
        with Path(step_summary).open("a", encoding="utf-8") as file:
            file.write(report_markdown.render(document))
    return lines


def _reports(options: Options) -> list[tuple[Path, Callable[[dict[str, Any]], str]]]:
    """Return the path and the renderer of each report that the options name."""
    known = (
        (options.report_json, render_json),
        (options.report_html, report_html.render),
        (options.report_markdown, report_markdown.render),
    )
    return [(path, render) for path, render in known if path is not None]
