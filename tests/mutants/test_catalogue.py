"""The shipped mutants and the proof mutants: what each says, and what all cover."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from tests.mutants.catalogue import ALL, UNBREAKABLE, unbroken

from smartpay_mock.api.application import Application
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.mutants import broken_app, find_mutant, mutants
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.resources import HANDLERS, LISTINGS
from smartpay_mock.storage import open_store
from smartpay_schemas import CLAUSES, ERRORS, LIFECYCLES, OPERATIONS

KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def test_60_to_80_mutants_ship_and_names_are_unique() -> None:
    """A merchant can run all of them in reasonable time."""
    names = Counter(mutant.name for mutant in ALL)

    assert 60 <= len(mutants()) <= 80
    assert not [name for name, count in names.items() if count > 1]


@pytest.mark.parametrize("mutant", mutants().values(), ids=mutants())
def test_a_shipped_mutant_says_what_it_costs(mutant: Mutant) -> None:
    """One sentence, and a name that fits the table."""
    assert len(mutant.name) <= 35
    assert mutant.cost[0].isupper()
    assert mutant.cost.endswith(".")
    assert 20 <= len(mutant.cost) <= 110


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mutant_names_clauses_that_can_be_checked(mutant: Mutant) -> None:
    """Each once; its name can be typed."""
    assert KEBAB.fullmatch(mutant.name)
    assert mutant.clauses
    assert len(set(mutant.clauses)) == len(mutant.clauses)
    for id_ in mutant.clauses:
        assert id_ in CLAUSES, f"{id_} is not in clauses.json"
        assert CLAUSES[id_].checkable, f"{id_} cannot be checked from outside"


def test_every_documented_or_observed_clause_is_broken_by_a_mutant() -> None:
    """A clause that no mutant breaks is not proven to be tested."""
    broken = {id_ for mutant in ALL for id_ in mutant.clauses}

    lacking = unbroken(broken)

    assert not lacking, f"add a mutant that breaks {', '.join(lacking)}"


def test_the_exceptions_are_needed_and_have_reasons() -> None:
    """A clause that a mutant breaks is not an exception."""
    broken = {id_ for mutant in ALL for id_ in mutant.clauses}

    assert not broken & set(UNBREAKABLE)
    assert set(UNBREAKABLE) <= set(CLAUSES)
    assert all(len(reason) > 20 for reason in UNBREAKABLE.values())


def test_patches_leave_the_tables_unchanged() -> None:
    """Applying every patch changes nothing in the unmutated emulator."""
    tables = (OPERATIONS, LIFECYCLES, ERRORS, HANDLERS, LISTINGS)
    before = [dict(table) for table in tables]
    store = open_store("memory:")

    for mutant in ALL:
        mutant.patch(Application(Settings(), store))

    assert [dict(table) for table in tables] == before
    store.close()


def test_an_unknown_name_is_answered_with_similar_ones() -> None:
    """The message contains the name that was probably meant."""
    with pytest.raises(NotFoundError, match="keys-ignored"):
        find_mutant("keys-ignord")


def test_settings_without_a_mutant_make_no_broken_app() -> None:
    """The caller then creates the unmutated one."""
    assert broken_app(Settings()) is None


def test_the_catalogue_is_ordered_by_area() -> None:
    """Lists and tables show one area after the other."""
    areas = [mutant.area for mutant in mutants().values()]

    runs = [area for n, area in enumerate(areas) if n == 0 or areas[n - 1] != area]

    assert len(runs) == len(set(areas))
