"""The report as Markdown, for the summary page of a CI run."""

from __future__ import annotations

from typing import Any

from smartpay_contracts.report import CONFIDENCES, OUTCOMES, by_clauses, headline

MOST_SHOWN = 20
"""Groups of failures shown; a broken server breaks hundreds of tests the same way."""


def render(document: dict[str, Any]) -> str:
    """Return the report as Markdown."""
    target = document["target"]
    parts = [
        f"## Smartpay contract: {headline(document)}",
        f"{target['url']} ({target['kind']}), {document['finishedAt']}",
        document["lost"] or "",
        _table(document),
        *_failures("Broken", document["failures"]),
        *_failures("Discoveries", document["discoveries"]),
        _skipped(document["skipped"]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(document: dict[str, Any]) -> str:
    rows = ["| | " + " | ".join(OUTCOMES) + " |", "|---|" + "---:|" * len(OUTCOMES)]
    for name in CONFIDENCES:
        counts = document["summary"]["byConfidence"][name]
        numbers = " | ".join(str(counts[outcome] or "") for outcome in OUTCOMES)
        rows.append(f"| {name} | {numbers} |")
    return "\n".join(rows)


def _failures(title: str, failures: list[dict[str, Any]]) -> list[str]:
    if not failures:
        return []
    groups = by_clauses(failures)
    lines = []
    for clauses, group in groups[:MOST_SHOWN]:
        first, more = group[0], len(group) - 1
        lines.append(
            f"- {', '.join(f'`{name}`' for name in clauses)}: "
            f"expected {_line(first['expected'])}; found {_line(first['found'])} "
            f"({first['where']}{f', and {more} more' if more else ''})"
        )
    if len(groups) > MOST_SHOWN:
        lines.append(f"- and {len(groups) - MOST_SHOWN} more")
    return [f"### {title}", "\n".join(lines)]


def _skipped(reasons: list[dict[str, Any]]) -> str:
    if not reasons:
        return ""
    lines = [f"- {row['tests']} x {row['reason']}" for row in reasons]
    return "\n".join(["### Not checked", "", *lines])


def _line(text: str) -> str:
    """Return text on one line, without what Markdown would read as its own."""
    flat = " ".join(text.split()).replace("`", "'").replace("|", "\\|")
    return flat if len(flat) <= 240 else f"{flat[:240]}..."
