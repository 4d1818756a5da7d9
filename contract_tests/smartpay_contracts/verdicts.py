"""From what tests say to what is known of each clause."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from smartpay_schemas import CLAUSES, Clause

Outcome = Literal["holds", "broken", "discovery", "skipped", "not run", "not checkable"]

OUTCOMES: dict[Outcome, str] = {
    "holds": "every test of it passed",
    "broken": "a test of it failed",
    "discovery": "assumed, and this server does it differently",
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
    ("skipped", "skipped"),
)
"""The heaviest outcome of its tests decides about a clause."""

CONFIDENCES = ("documented", "observed", "assumed")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What this run says of one clause.

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
        told = {record["reason"] for record in self.records if record["reason"]}
        return sorted(told) or [self.clause.reason] * bool(self.clause.reason)

    @property
    def fingerprint(self) -> str:
        """What the calls of its tests looked like, in 16 hexadecimal characters."""
        told = sorted(
            f"{record['test']} {record['fingerprint']}"
            for record in self.records
            if record["outcome"] != "skipped"
        )
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]

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
    for told, outcome in _WEIGHT:
        if told in outcomes:
            return Verdict(clause, outcome, tuple(records))
    if not clause.checkable:
        return Verdict(clause, "not checkable", ())
    return Verdict(clause, "not run", ())


def count(found: Iterable[Verdict]) -> dict[str, int]:
    """Return how many clauses have each outcome."""
    counts = Counter(verdict.outcome for verdict in found)
    return {outcome: counts[outcome] for outcome in OUTCOMES}


def told(counts: dict[str, int]) -> str:
    """Return counts of outcomes in words, those that are not zero."""
    return ", ".join(
        f"{number} {PLURALS.get(name, name)}"
        for name, number in counts.items()
        if number
    )


def skip_reasons(records: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """Return why tests were skipped, the most frequent reason first."""
    told = (r["reason"] for r in records if r["outcome"] == "skipped" and r["reason"])
    return Counter(told).most_common()
