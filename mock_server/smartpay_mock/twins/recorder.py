"""A pytest plugin that notes how each test went, and which clauses it checks.

Loaded with ``-p`` into the runs that grade the kit; it knows tests by the mark
``clause`` and nothing else of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

VARIABLE = "SMARTPAY_TWINS_RECORD"
"""Names the file to append to, one JSON object per line."""


_failed: set[str] = set()


def clauses_of(item: pytest.Item) -> list[str]:
    """Return the ids of the clauses that a test checks."""
    return [id_ for mark in item.iter_markers("clause") for id_ in mark.args]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Note which tests there are, when that is all that is asked."""
    if session.config.option.collectonly:
        for item in session.items:
            _note(item, "collected")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Pass over a test of clauses that have failed already: it tells nothing new."""
    clauses = clauses_of(item)
    return True if clauses and _failed.issuperset(clauses) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note a test's outcome, and a failure of what it starts from or leaves."""
    report = yield
    if report.failed:
        _failed.update(clauses_of(item))
    if report.when == "call" or not report.passed:
        _note(item, report.outcome)
    return report


def _note(item: pytest.Item, outcome: str) -> None:
    name = getattr(item, "originalname", None) or item.name
    line = {
        "test": f"{item.path}::{name}",
        "clauses": clauses_of(item),
        "outcome": outcome,
    }
    with Path(os.environ[VARIABLE]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
