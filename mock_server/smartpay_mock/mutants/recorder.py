"""A pytest plugin that records the outcome of each test and the clauses it checks.

Load it with ``-p`` into a run of the contract kit. It reads the mark ``clause``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

VARIABLE = "SMARTPAY_MUTANTS_RECORD"
"""Names the file to append to, one JSON object per line."""


_failed: set[str] = set()


def clauses_of(item: pytest.Item) -> list[str]:
    """Return the ids of the clauses that a test checks."""
    return [id_ for mark in item.iter_markers("clause") for id_ in mark.args]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Record which tests there are when pytest only collects."""
    if session.config.option.collectonly:
        for item in session.items:
            _record(item, "collected")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Skip a test whose clauses have all failed already."""
    clauses = clauses_of(item)
    return True if clauses and _failed.issuperset(clauses) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record a test's outcome, and failures in its set-up and teardown."""
    report = yield
    if report.failed:
        _failed.update(clauses_of(item))
    if report.when == "call" or not report.passed:
        _record(item, report.outcome)
    return report


def _record(item: pytest.Item, outcome: str) -> None:
    name = getattr(item, "originalname", None) or item.name
    line = {
        "test": f"{item.path}::{name}",
        "clauses": clauses_of(item),
        "outcome": outcome,
    }
    with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
