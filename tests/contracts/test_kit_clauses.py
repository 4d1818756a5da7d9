"""The contract is whole: every clause is checked, or says why it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from smartpay_schemas import CLAUSES, OPERATIONS

CONFIDENCES = {"documented", "observed", "assumed"}


PLUGIN = """
def pytest_collection_finish(session):
    for item in session.items:
        ids = [id_ for mark in item.iter_markers("clause") for id_ in mark.args]
        print("CASE", item.nodeid.rpartition("/")[2].replace(" ", "_"), *ids)
"""


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return every test case of the kit with the clauses it is marked with."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "printer.py").write_text(PLUGIN, encoding="utf-8")
    command = [sys.executable, "-m", "smartpay_contracts", "--collect-only", "-q"]

    done = subprocess.run(
        [*command, "-p", "printer"],
        capture_output=True,
        check=False,  # a run that checks nothing exits with 2
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        text=True,
    )

    lines = [line.split()[1:] for line in done.stdout.splitlines() if "CASE " in line]
    return {name: clauses for name, *clauses in lines}


def test_a_clause_is_a_sentence_with_a_source() -> None:
    """It says where it is from and how sure it is; assumed ones say so."""
    for row in CLAUSES.values():
        assert row.statement[0].isalnum(), row.id
        assert row.statement.endswith("."), row.id
        assert row.confidence in CONFIDENCES, row.id
        assert (row.confidence == "assumed") <= ("assumed" in row.source), row.id
        assert row.source, row.id
        assert set(row.operations) <= set(OPERATIONS), row.id
        assert row.checkable is not bool(row.reason), row.id


def test_every_checkable_clause_has_a_test(marked: dict[str, list[str]]) -> None:
    """And those that cannot be checked have none."""
    named = {clause for clauses in marked.values() for clause in clauses}
    checkable = {row.id for row in CLAUSES.values() if row.checkable}

    assert checkable - named == set(), "these clauses have no test"
    assert named - checkable == set(), "these clauses are unknown or not checkable"


def test_every_test_names_clauses_of_one_kind(marked: dict[str, list[str]]) -> None:
    """Either all are assumed or none is: a failure is one thing or the other."""
    for name, clauses in marked.items():
        assert clauses, f"{name} names no clause"
        kinds = {CLAUSES[clause].confidence == "assumed" for clause in clauses}
        assert len(kinds) == 1, f"{name} mixes assumed clauses with surer ones"


def test_every_operation_is_spoken_of_by_a_clause() -> None:
    """By more than those that hold for all of them."""
    spoken_of = Counter(name for row in CLAUSES.values() for name in row.operations)

    assert {name for name in OPERATIONS if spoken_of[name] < 3} == set()
