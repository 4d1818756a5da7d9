"""The catalogue of twins: what each row must say, and what all of them cover."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import smartpay_mock
from smartpay_mock.api.application import Application
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources import HANDLERS, LISTINGS
from smartpay_mock.storage import open_store
from smartpay_mock.twins import broken_app, find_mutant, mutants
from smartpay_mock.twins.catalogue import TABLES
from smartpay_mock.twins.matrix import UNBREAKABLE
from smartpay_mock.twins.mutant import Mutant
from smartpay_schemas import CLAUSES, ERRORS, LIFECYCLES, OPERATIONS

ROWS = [mutant for table in TABLES for mutant in table]
every_row = pytest.mark.parametrize("mutant", ROWS, ids=lambda mutant: mutant.name)
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HONEST_FLOORS = ("app.py", "control", "api", "resources", "events", "storage", "kernel")


def test_there_are_enough_twins_of_different_names() -> None:
    """One name, one bug."""
    names = Counter(mutant.name for mutant in ROWS)

    assert len(names) >= 60
    assert not [name for name, count in names.items() if count > 1]


@every_row
def test_a_row_says_what_its_bug_means(mutant: Mutant) -> None:
    """A name that can be typed, and a sentence about somebody who is hurt."""
    assert KEBAB.fullmatch(mutant.name)
    assert len(mutant.name) <= 35, "too long for the table"
    assert mutant.bug[0].isupper() or mutant.bug[0].isdigit()
    assert mutant.bug.endswith(".")
    assert 20 <= len(mutant.bug) <= 110


@every_row
def test_a_row_names_clauses_that_can_be_checked(mutant: Mutant) -> None:
    """In an area that is the contract's, each once."""
    assert mutant.clauses
    assert len(set(mutant.clauses)) == len(mutant.clauses)
    assert mutant.area in {clause.area for clause in CLAUSES.values()}
    for id_ in mutant.clauses:
        assert id_ in CLAUSES, f"{id_} is no clause of the contract"
        assert CLAUSES[id_].checkable, f"{id_} cannot be checked from outside"


def test_every_sure_clause_is_broken_by_a_twin() -> None:
    """One that no twin breaks is not proven to be tested."""
    broken = {id_ for mutant in ROWS for id_ in mutant.clauses}

    lacking = [
        clause.id
        for clause in CLAUSES.values()
        if clause.checkable
        and clause.confidence != "assumed"
        and clause.id not in broken
        and clause.id not in UNBREAKABLE
    ]

    assert not lacking, f"write a twin that breaks {', '.join(lacking)}"


def test_the_exceptions_are_needed_and_have_reasons() -> None:
    """What a twin can break is no exception."""
    broken = {id_ for mutant in ROWS for id_ in mutant.clauses}

    assert not broken & set(UNBREAKABLE)
    assert set(UNBREAKABLE) <= set(CLAUSES)
    assert all(len(reason) > 20 for reason in UNBREAKABLE.values())


def test_twins_leave_the_tables_alone() -> None:
    """Making every twin there is changes nothing that the honest emulator goes by."""
    tables = (OPERATIONS, LIFECYCLES, ERRORS, HANDLERS, LISTINGS)
    before = [dict(table) for table in tables]
    store = open_store("memory:")

    for mutant in ROWS:
        mutant.twist(Application(Settings(), store))

    assert [dict(table) for table in tables] == before
    store.close()


def test_honest_code_knows_of_no_mutant() -> None:
    """Below the twins the word stands in the table of settings only."""
    root = Path(smartpay_mock.__file__).parent
    files = [
        path
        for floor in HONEST_FLOORS
        for path in [root / floor, *(root / floor).rglob("*.py")]
        if path.suffix == ".py"
    ]

    found = [
        path.relative_to(root).as_posix()
        for path in files
        if "mutant" in path.read_text(encoding="utf-8")
    ]

    assert found == ["kernel/settings.py"]


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """Whoever mistypes a name finds the right one in the answer."""
    with pytest.raises(NotFoundError, match="keys-ignored"):
        find_mutant("keys-ignord")


def test_settings_without_a_mutant_ask_for_no_broken_app() -> None:
    """The door then makes the honest one itself."""
    assert broken_app(Settings()) is None


def test_the_catalogue_is_by_area() -> None:
    """Lists and tables show one area after the other."""
    areas = [mutant.area for mutant in mutants().values()]

    runs = [area for n, area in enumerate(areas) if n == 0 or areas[n - 1] != area]

    assert len(runs) == len(set(areas))
