"""What a run found: a verdict for every clause, and the report made of them.

The report is a document of JSON values, as ``report.schema.json`` describes it. The
HTML page and the Markdown summary show the same document.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

from smartpay_contracts.redact import SECRETS
from smartpay_contracts.target import ABSENT
from smartpay_contracts.values import now_ms
from smartpay_schemas import CLAUSES, Clause

SCHEMA = "https://smartpay-sandbox.invalid/schemas/contract-report.json"
DISTRIBUTION = "smartpay-sandbox"

Outcome = Literal[
    "holds",
    "broken",
    "discovery",
    "not served",
    "skipped",
    "not run",
    "not checkable",
]

OUTCOMES: dict[Outcome, str] = {
    "holds": "every test of it passed",
    "broken": "a test of it failed",
    "discovery": "assumed, and this server does it differently",
    "not served": "it needs an operation that this server does not have",
    "skipped": "this server does not let it be checked",
    "not run": "no test of it was chosen",
    "not checkable": "cannot be seen from outside",
}

PLURALS = {"holds": "hold", "discovery": "discoveries"}
"""How an outcome reads behind a number."""

_WEIGHT: tuple[tuple[str, Outcome], ...] = (
    ("failed", "broken"),
    ("discovery", "discovery"),
    ("passed", "holds"),
    ("not served", "not served"),
    ("skipped", "skipped"),
)
"""The heaviest outcome of its tests decides about a clause."""

CONFIDENCES = ("documented", "observed", "assumed")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one clause in this run.

    Attributes:
        clause: The promise.
        outcome: A key of ``OUTCOMES``.
        records: What its tests said.
    """

    clause: Clause
    outcome: Outcome
    records: tuple[dict[str, Any], ...]

    @property
    def reasons(self) -> list[str]:
        """Why it was not checked, where it was not."""
        reasons = {record["reason"] for record in self.records if record["reason"]}
        return sorted(reasons) or [self.clause.reason] * bool(self.clause.reason)

    @property
    def fingerprint(self) -> str:
        """What the calls of its tests looked like, in 16 hexadecimal characters."""
        lines = sorted(
            f"{record['test']} {record['fingerprint']}"
            for record in self.records
            if record["outcome"] != "skipped"
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    @property
    def needs(self) -> list[str]:
        """What every test of it needs of a server beyond a key and a token."""
        each = [set(record["needs"]) for record in self.records]
        return sorted(set.intersection(*each)) if each else []


def verdicts(records: Iterable[dict[str, Any]]) -> list[Verdict]:
    """Return a verdict for every clause of the contract, in the contract's order."""
    by_clause: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        for name in record["clauses"]:
            by_clause.setdefault(name, []).append(record)
    return [_verdict(row, by_clause.get(row.id, [])) for row in CLAUSES.values()]


def _verdict(clause: Clause, records: list[dict[str, Any]]) -> Verdict:
    outcomes = {record["outcome"] for record in records}
    for test_outcome, outcome in _WEIGHT:
        if test_outcome in outcomes:
            return Verdict(clause, outcome, tuple(records))
    if not clause.checkable:
        return Verdict(clause, "not checkable", ())
    return Verdict(clause, "not run", ())


def not_served(records: list[dict[str, Any]]) -> list[str]:
    """Return the operations that a third-party server does not have.

    No call of such an operation was answered with anything but ``ABSENT``, and a test
    failed because of that. The emulator has every operation.
    """
    answers = [pair for record in records for pair in record["answers"]]
    served = {operation for operation, status in answers if status not in ABSENT}
    exchanges = [r["failure"]["exchange"] for r in records if r["failure"]]
    absent = {
        exchange["operation"]
        for exchange in exchanges
        if exchange and exchange["response"]["status"] in ABSENT
    }
    is_foreign = any(r["target"]["kind"] == "foreign" for r in records)
    return sorted(absent - served - {None}) if is_foreign else []


def without_absent(
    records: list[dict[str, Any]], absent: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the records; those of tests that called an absent operation say so."""
    missing = set(absent)
    return [_served(r, missing & {name for name, _ in r["answers"]}) for r in records]


def _served(record: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    if not missing or record["outcome"] == "skipped":
        return record
    reason = f"needs {', '.join(sorted(missing))}, which the server does not have"
    return {**record, "outcome": "not served", "reason": reason}


def causes(
    failures: list[dict[str, Any]],
) -> list[list[dict[str, Any]]]:
    """Return failures by what they have in common, the most frequent first.

    Failures belong together if the same operation was last called and the same was
    expected of it, whatever the ids and numbers.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for failure in failures:
        exchange = failure["exchange"] or {}
        expected = _VARYING.sub("*", failure["expected"])
        key = str(exchange.get("operation")), expected
        groups.setdefault(key, []).append(failure)
    return sorted(groups.values(), key=len, reverse=True)


_VARYING = re.compile(r"\w+_(?:test|live)_\w+|\d{4,}|'[^']*'")


def count(found: Iterable[Verdict]) -> dict[str, int]:
    """Return how many clauses have each outcome."""
    counts = Counter(verdict.outcome for verdict in found)
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def in_words(counts: dict[str, int]) -> str:
    """Return counts of outcomes in words, those that are not zero."""
    return ", ".join(
        f"{number} {PLURALS.get(name, name)}"
        for name, number in counts.items()
        if number
    )


def skip_reasons(records: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return why tests were skipped, the most frequent reason first."""
    reasons = (
        r["reason"] for r in records if r["outcome"] == "skipped" and r["reason"]
    )
    return Counter(reasons).most_common()


def build_report(
    found: list[Verdict], records: list[dict[str, Any]], *, lost: str = ""
) -> dict[str, Any]:
    """Return the report as a document of JSON values, without secrets.

    Args:
        found: The verdicts.
        records: What the tests said.
        lost: The message about a server that was lost during the run, or empty.
    """
    absent = not_served(records)
    records = without_absent(records, absent)
    bad = {"broken", "not served"}
    is_bad = any(verdict.outcome in bad for verdict in found)
    document = {
        "$schema": SCHEMA,
        "version": 1,
        "kit": _kit_version(),
        "finishedAt": timestamp(now_ms()),
        "target": records[0]["target"],
        "holds": not is_bad and not lost,
        "lost": lost or None,
        "summary": _summary(found, records),
        "notServed": absent,
        "clauses": [_clause(verdict) for verdict in found],
        "failures": [_without_text(row) for row in failures(records, "failed")],
        "discoveries": [_without_text(row) for row in failures(records, "discovery")],
        "skipped": [
            {"reason": reason, "tests": number}
            for reason, number in skip_reasons(records)
        ],
    }
    clean: dict[str, Any] = SECRETS.clean_document(document)
    return clean


def _summary(found: list[Verdict], records: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "clauses": count(found),
        "byConfidence": {
            name: count(v for v in found if v.clause.confidence == name)
            for name in CONFIDENCES
        },
        "tests": dict(Counter(record["outcome"] for record in records)),
        "seconds": round(sum(record["seconds"] for record in records), 3),
        "calls": sum(record["calls"] for record in records),
    }


def render_json(document: dict[str, Any]) -> str:
    """Return the report as text."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def timestamp(at_ms: int) -> str:
    """Return a time in milliseconds since the epoch as ISO 8601, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def _clause(verdict: Verdict) -> dict[str, Any]:
    clause = verdict.clause
    return {
        "id": clause.id,
        "area": clause.area,
        "operations": list(clause.operations),
        "statement": clause.statement,
        "source": clause.source,
        "confidence": clause.confidence,
        "verdict": verdict.outcome,
        "reasons": verdict.reasons if verdict.outcome != "holds" else [],
        "tests": [
            {"name": record["test"], "outcome": record["outcome"]}
            for record in verdict.records
        ],
    }


def failures(records: list[dict[str, Any]], outcome: str) -> list[dict[str, Any]]:
    """Return the failures of the tests with an outcome."""
    members = ("expected", "found", "where", "exchange", "text")
    return [
        {
            "test": record["test"],
            "clauses": record["clauses"],
            **{name: record["failure"][name] for name in members},
        }
        for record in records
        if record["outcome"] == outcome
    ]


def _without_text(failure: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in failure.items() if name != "text"}


def _kit_version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def headline(document: dict[str, Any]) -> str:
    """Return the verdict in one phrase."""
    counts = document["summary"]["clauses"]
    if counts["broken"]:
        noun = "promise is" if counts["broken"] == 1 else "promises are"
        text = f"{counts['broken']} {noun} broken"
        return f"{text}, and the server was lost" if document["lost"] else text
    if document["lost"]:
        return "the server was lost"
    if document["notServed"]:
        number = len(document["notServed"])
        noun = "operation is" if number == 1 else "operations are"
        return f"what is served of it holds, but {number} {noun} not served"
    holds = "what was run of it holds" if counts["not run"] else "it holds"
    if counts["discovery"]:
        noun = "discovery" if counts["discovery"] == 1 else "discoveries"
        return f"{holds}, with {counts['discovery']} {noun}"
    return holds


def by_clauses(
    failures: list[dict[str, Any]],
) -> list[tuple[tuple[str, ...], list[dict[str, Any]]]]:
    """Return failures by the clauses they are about, in order of appearance."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for failure in failures:
        groups.setdefault(tuple(failure["clauses"]), []).append(failure)
    return list(groups.items())
