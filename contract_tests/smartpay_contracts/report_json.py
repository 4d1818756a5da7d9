"""The verdicts as a document; ``report.schema.json`` says what is in it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from smartpay_contracts.chance import now_ms
from smartpay_contracts.redact import SECRETS
from smartpay_contracts.verdicts import CONFIDENCES, Verdict, count, skip_reasons

SCHEMA = "https://smartpay-sandbox.invalid/schemas/contract-report.json"
DISTRIBUTION = "smartpay-sandbox"


def build(
    found: list[Verdict], records: list[dict[str, Any]], *, lost: str = ""
) -> dict[str, Any]:
    """Return the report as a document of JSON values, without secrets.

    Args:
        found: The verdicts.
        records: What the tests said.
        lost: What is said of the server if it was lost in the middle, or nothing.
    """
    is_broken = any(verdict.outcome == "broken" for verdict in found)
    document = {
        "$schema": SCHEMA,
        "version": 1,
        "kit": _kit_version(),
        "finishedAt": timestamp(now_ms()),
        "target": records[0]["target"],
        "holds": not is_broken and not lost,
        "lost": lost or None,
        "summary": {
            "clauses": count(found),
            "byConfidence": {
                name: count(v for v in found if v.clause.confidence == name)
                for name in CONFIDENCES
            },
            "tests": dict(Counter(record["outcome"] for record in records)),
            "seconds": round(sum(record["seconds"] for record in records), 3),
            "calls": sum(record["calls"] for record in records),
        },
        "clauses": [_clause(verdict) for verdict in found],
        "failures": [_failure(r) for r in records if r["outcome"] == "failed"],
        "discoveries": [_failure(r) for r in records if r["outcome"] == "discovery"],
        "skipped": [
            {"reason": reason, "tests": number}
            for reason, number in skip_reasons(records)
        ],
    }
    clean: dict[str, Any] = SECRETS.clean_document(document)
    return clean


def render(document: dict[str, Any]) -> str:
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


def _failure(record: dict[str, Any]) -> dict[str, Any]:
    failure = record["failure"] or {}
    return {
        "test": record["test"],
        "clauses": record["clauses"],
        "expected": failure.get("expected", ""),
        "found": failure.get("found", ""),
        "where": failure.get("where", ""),
        "exchange": failure.get("exchange"),
    }


def _kit_version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
