"""The parity ledger: when each clause was last checked on a third-party server.

One entry per clause: date, target, verdict, and the fingerprint of the calls. A run
against the emulator can then report clauses that were not checked for long.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts.report import Verdict, timestamp

DEFAULT_FILE = "parity.json"
VERSION = 1
SEEN = {"holds", "broken", "discovery"}

Ledger = dict[str, Any]


def read(path: Path) -> Ledger:
    """Return the ledger; an empty one if there is no file yet.

    Raises:
        pytest.UsageError: The file is not a ledger.
    """
    if not path.exists():
        return {"version": VERSION, "clauses": {}}
    try:
        ledger = json.loads(path.read_text(encoding="utf-8"))
        for entry in ledger["clauses"].values():
            datetime.fromisoformat(entry["date"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise pytest.UsageError(
            f"{path} is not a parity ledger ({type(error).__name__}: {error}); restore "
            "it from version control, or delete it and run the kit against the server."
        ) from None
    result: Ledger = ledger
    return result


def write(path: Path, ledger: Ledger) -> None:
    """Write the ledger, clauses in order, so that version control shows changes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(ledger, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def update(ledger: Ledger, found: list[Verdict], url: str, now_ms: int) -> list[str]:
    """Add the verdicts of a run against a third-party server.

    Args:
        ledger: Changed in place.
        found: The verdicts.
        url: The server.
        now_ms: When, in milliseconds since the epoch.

    Returns:
        The clauses whose answers differ from those in the ledger.
    """
    clauses: dict[str, Any] = ledger["clauses"]
    changed = []
    for verdict in found:
        if verdict.outcome not in SEEN:
            continue
        before = clauses.get(verdict.clause.id)
        entry = {
            "date": timestamp(now_ms),
            "target": url,
            "verdict": verdict.outcome,
            "fingerprint": verdict.fingerprint,
        }
        if before and before["fingerprint"] != entry["fingerprint"]:
            changed.append(verdict.clause.id)
        clauses[verdict.clause.id] = entry
    return changed


def stale(
    ledger: Ledger, found: list[Verdict], now_ms: int, max_age_s: int
) -> dict[str, str]:
    """Return the clauses that were not checked recently, each with the reason.

    Clauses in the ledger count, and clauses that a key and a token are enough to
    check. Other clauses may be impossible to check on a third-party server.

    Args:
        ledger: As read.
        found: The verdicts of this run, which say what clauses there are.
        now_ms: The time, in milliseconds since the epoch.
        max_age_s: Greatest age, in seconds.
    """
    clauses: dict[str, Any] = ledger["clauses"]
    old = {}
    for verdict in found:
        if verdict.outcome in {"not run", "not checkable"}:
            continue
        entry = clauses.get(verdict.clause.id)
        if entry is None:
            if not verdict.needs:
                old[verdict.clause.id] = "never verified on a third-party server"
            continue
        seen_ms = datetime.fromisoformat(entry["date"]).timestamp() * 1000
        if now_ms - seen_ms > max_age_s * 1000:
            old[verdict.clause.id] = f"last verified {entry['date']}"
    return old
