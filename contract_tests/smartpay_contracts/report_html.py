"""The report as one HTML page, which loads no script, font or other file."""

from __future__ import annotations

import json
from collections import Counter
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from smartpay_contracts.report import (
    CONFIDENCES,
    OUTCOMES,
    PLURALS,
    by_clauses,
    headline,
    in_words,
)

STYLE = Path(__file__).with_name("report.css")

_SHOWN_FIRST = 3
"""Failures that are unfolded when the page is opened."""


def render(document: dict[str, Any]) -> str:
    """Return the report as a page."""
    parts = [
        _head(document),
        _summary(document),
        _failures("Broken promises", "broken", document["failures"], document),
        _failures("Discoveries", "discovery", document["discoveries"], document),
        _skipped(document["skipped"]),
        _clauses(document["clauses"]),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Smartpay contract: {escape(headline(document))}</title>\n"
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f"<main>\n{''.join(parts)}</main>\n</body>\n</html>\n"
    )


def _head(document: dict[str, Any]) -> str:
    target = document["target"]
    verdict = "holds" if document["holds"] else "broken"
    summary = document["summary"]
    return (
        f'<header class="{verdict}">\n<p class="over">Smartpay contract</p>\n'
        f"<h1>{escape(headline(document).capitalize())}</h1>\n<dl>\n"
        + _fact("Server", f"{target['url']} ({target['kind']})")
        + _fact("When", document["finishedAt"])
        + _fact("Work", f"{summary['calls']} calls in {summary['seconds']} s")
        + _fact("Kit", document["kit"])
        + (
            _fact("Not available", ", ".join(target["lacks"]))
            if target["lacks"]
            else ""
        )
        + (_fact("Lost", document["lost"]) if document["lost"] else "")
        + "</dl>\n</header>\n"
    )


def _fact(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>\n"


def _summary(document: dict[str, Any]) -> str:
    """Return the tiles and, per confidence, a bar whose lengths are true."""
    counts = document["summary"]["clauses"]
    tiles = "".join(
        f'<div class="tile {_class(name)}"><b>{counts[name]}</b>'
        f"{escape(PLURALS.get(name, name))}<small>{escape(meaning)}</small></div>\n"
        for name, meaning in OUTCOMES.items()
        if counts[name]
    )
    bars = "".join(
        _bar(name, document["summary"]["byConfidence"][name]) for name in CONFIDENCES
    )
    return f'<section>\n<div class="tiles">{tiles}</div>\n{bars}</section>\n'


def _bar(name: str, counts: dict[str, int]) -> str:
    pieces = "".join(
        f'<i class="{_class(outcome)}" style="flex:{number}" '
        f'title="{number} {escape(outcome)}"></i>'
        for outcome, number in counts.items()
        if number
    )
    return (
        f'<div class="row"><span>{escape(name)}</span><div class="bar">{pieces}</div>'
        f"<span>{escape(in_words(counts))}</span></div>\n"
    )


def _failures(
    title: str, kind: str, failures: list[dict[str, Any]], document: dict[str, Any]
) -> str:
    if not failures:
        return ""
    rows = {row["id"]: row for row in document["clauses"]}
    groups = by_clauses(failures)
    cards = "".join(
        _card(group, kind, rows, is_open=number < _SHOWN_FIRST and kind == "broken")
        for number, (_, group) in enumerate(groups)
    )
    seen = f"{len(groups)} in {len(failures)} tests"
    return f"<section>\n<h2>{title} <small>{seen}</small></h2>\n{cards}</section>\n"


def _card(
    group: list[dict[str, Any]], kind: str, rows: dict[str, Any], *, is_open: bool
) -> str:
    """Return one card: the first failure in full, the other tests by name."""
    failure = group[0]
    tests = [f"{failure['test']}, {failure['where']}"]
    tests += [other["test"] for other in group[1:]]
    clauses = [rows[name] for name in failure["clauses"]]
    promises = "".join(
        f"<p><b>{escape(row['statement'])}</b><br><small>{escape(row['confidence'])}: "
        f"{escape(row['source'])}</small></p>\n"
        for row in clauses
    )
    return (
        f'<details class="card {kind}"{" open" if is_open else ""}>\n'
        f"<summary><code>{escape(', '.join(failure['clauses']))}</code> "
        f"{escape(_first_line(failure['found']))}</summary>\n{promises}"
        f'<dl class="pair"><div><dt>Expected</dt><dd>{escape(failure["expected"])}</dd>'
        f"</div><div><dt>Found</dt><dd>{escape(failure['found'])}</dd></div></dl>\n"
        f"{_exchange(failure['exchange'])}"
        f"<p><small>{'<br>'.join(map(escape, tests))}</small></p>\n</details>\n"
    )


def _exchange(exchange: dict[str, Any] | None) -> str:
    if exchange is None:
        return ""
    asked, answered = exchange["request"], exchange["response"]
    return (
        f"<h3>{escape(asked['method'])} {escape(asked['url'])}</h3>\n"
        f"{_body('Sent', asked)}"
        f"<h3>Answered {answered['status']}</h3>\n{_body('Got', answered)}"
        f'<h3>Again</h3>\n<pre class="curl">{escape(exchange["curl"])}</pre>\n'
    )


def _body(title: str, message: dict[str, Any]) -> str:
    headers = "".join(
        f"{escape(name)}: {escape(value)}\n"
        for name, value in message["headers"].items()
    )
    body = escape(_pretty(message["body"])) or "(no body)"
    return (
        f"<details><summary>{title}: headers</summary><pre>{headers}</pre></details>\n"
        f"<pre>{body}</pre>\n"
    )


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        return body


def _skipped(reasons: list[dict[str, Any]]) -> str:
    if not reasons:
        return ""
    rows = "".join(
        f"<tr><td>{row['tests']}</td><td>{escape(row['reason'])}</td></tr>\n"
        for row in reasons
    )
    return (
        "<section>\n<h2>Not checked on this server</h2>\n<table class='why'><thead><tr>"
        f"<th>tests</th><th>why</th></tr></thead><tbody>{rows}</tbody></table>\n"
        "</section>\n"
    )


def _clauses(clauses: list[dict[str, Any]]) -> str:
    areas = []
    for area, group in groupby(clauses, key=lambda row: row["area"]):
        rows = list(group)
        is_wrong = any(row["verdict"] == "broken" for row in rows)
        counts = Counter(row["verdict"] for row in rows)
        seen = in_words({outcome: counts[outcome] for outcome in OUTCOMES})
        areas.append(
            f"<details{' open' if is_wrong else ''}>\n<summary>"
            f"{escape(area.replace('-', ' ').capitalize())} "
            f"<small>{escape(seen)}</small></summary>\n"
            f"<table><thead><tr><th>verdict</th><th>promise</th><th>how sure</th></tr>"
            f"</thead><tbody>{''.join(map(_clause, rows))}</tbody></table>\n"
            "</details>\n"
        )
    return f"<section>\n<h2>Every clause</h2>\n{''.join(areas)}</section>\n"


def _clause(row: dict[str, Any]) -> str:
    why = "".join(f"<br><small>{escape(reason)}</small>" for reason in row["reasons"])
    return (
        f'<tr><td><span class="chip {_class(row["verdict"])}">'
        f"{escape(row['verdict'])}</span></td>"
        f"<td>{escape(row['statement'])}<br><code>{escape(row['id'])}</code>{why}</td>"
        f"<td>{escape(row['confidence'])}<br><small>{escape(row['source'])}</small>"
        "</td></tr>\n"
    )


def _class(outcome: str) -> str:
    return outcome.replace(" ", "-")


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= 120 else f"{line[:120]}..."
