"""The ledger knows what was seen on a real server, and how long ago."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts import parity
from smartpay_contracts.report import Verdict, verdicts

DAY_MS = 86_400_000
DAY_S = 86_400
NOW_MS = 1_800_000_000_000
URL = "https://sandbox.example.com/v1"
CLAUSE, CONTROLLED = "orders.create.succeeded", "orders.expiry.canceled"


def record(clause: str, outcome: str = "passed", **changes: Any) -> dict[str, Any]:
    """Return what a test of a clause said."""
    plain = {
        "test": f"test of {clause}",
        "clauses": [clause],
        "outcome": outcome,
        "reason": None,
        "needs": ["control"] if clause == CONTROLLED else [],
        "fingerprint": "f",
    }
    return {**plain, **changes}


def found(*records: dict[str, Any]) -> list[Verdict]:
    """Return the verdicts of a run."""
    return verdicts(records)


def empty() -> dict[str, Any]:
    """Return a ledger in which nothing is entered."""
    return {"version": 1, "clauses": {}}


def test_a_run_against_a_real_server_is_entered() -> None:
    """Date, target, verdict and fingerprint of what was checked, and no more."""
    ledger = empty()

    parity.update(ledger, found(record(CLAUSE)), URL, NOW_MS)

    assert list(ledger["clauses"]) == [CLAUSE]
    entry = ledger["clauses"][CLAUSE]
    assert (entry["date"], entry["target"]) == ("2027-01-15T08:00:00+00:00", URL)
    assert (entry["verdict"], len(entry["fingerprint"])) == ("holds", 16)


def test_a_changed_fingerprint_is_reported() -> None:
    """Though the clause may hold as before."""
    ledger = empty()
    parity.update(ledger, found(record(CLAUSE)), URL, NOW_MS)

    same = parity.update(ledger, found(record(CLAUSE)), URL, NOW_MS + DAY_MS)
    other = found(record(CLAUSE, fingerprint="g"))
    changed = parity.update(ledger, other, URL, NOW_MS + DAY_MS)

    assert (same, changed) == ([], [CLAUSE])


@pytest.mark.parametrize(("age", "is_stale"), [(29, False), (30, False), (31, True)])
def test_a_clause_that_was_not_seen_lately_is_stale(age: int, is_stale: bool) -> None:
    """Thirty days are not too long, more are."""
    ledger = empty()
    parity.update(ledger, found(record(CLAUSE)), URL, NOW_MS)

    later = NOW_MS + age * DAY_MS
    stale = parity.stale(ledger, found(record(CLAUSE)), later, 30 * DAY_S)

    assert list(stale) == ([CLAUSE] if is_stale else [])


def test_a_clause_that_was_never_seen_is_stale() -> None:
    """Unless a real server does not let it be checked with a key and a token."""
    run = found(record(CLAUSE), record(CONTROLLED))

    stale = parity.stale(empty(), run, NOW_MS, 30 * DAY_S)

    assert list(stale) == [CLAUSE]
    assert "never" in stale[CLAUSE]


def test_a_ledger_is_read_as_it_was_written(tmp_path: Path) -> None:
    """In order, so that version control shows what changed."""
    ledger, path = empty(), tmp_path / "deep" / "parity.json"
    parity.update(ledger, found(record(CLAUSE), record(CONTROLLED)), URL, NOW_MS)

    parity.write(path, ledger)

    assert parity.read(path) == ledger
    names = list(json.loads(path.read_text("utf-8"))["clauses"])
    assert names == sorted(names)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"clauses": 1}', '{"clauses": {"a": {"date": "yesterday"}}}'],
)
def test_what_is_no_ledger_is_refused(text: str, tmp_path: Path) -> None:
    """With the file's name and the remedy."""
    path = tmp_path / "parity.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(pytest.UsageError, match=r"parity\.json .* restore it"):
        parity.read(path)


def test_the_heaviest_outcome_decides_about_a_clause() -> None:
    """One failure among passes breaks it; skips beside passes do not matter."""
    broken = [record(CLAUSE), record(CLAUSE, "failed"), record(CLAUSE, "skipped")]
    held = [record(CLAUSE), record(CLAUSE, "skipped")]

    def outcome(*records: dict[str, Any]) -> str:
        (verdict,) = [v for v in found(*records) if v.clause.id == CLAUSE]
        return verdict.outcome

    assert outcome(*broken) == "broken"
    assert outcome(*held) == "holds"
    assert outcome(record(CLAUSE, "skipped")) == "skipped"
    assert outcome() == "not run"
