"""``make mutants ARGS=--random``: mechanical changes, and the kit run against them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.mutants import random_run
from tests.mutants.changes import Change, all_changes, changes_of, sample

CHANGES = {change.name: change for change in all_changes()}


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("f(a < 1)", {"f((a <= 1))", "f(a < (2))", "pass"}),
        ("x = a and not b", {"x = (a or not b)", "x = a and (b)"}),
        ("x = a if b is c else True", {
            "x = (True if b is c else a)",
            "x = a if (b is not c) else True",
            "x = a if b is c else (False)",
        }),
        ("x['amount'] = y['currency']", {
            "x[('currency')] = y['currency']",
            "x['amount'] = y[('amount')]",
            "pass",
        }),
        ("if a: raise b", {"pass", "if a: pass"}),
        ("'Text.'", set()),
        ("ctx.explain(a == 1)", set()),
        ("def advise(): f()", set()),
        ("x: list[1] = f'{1}'", set()),
    ],
)  # fmt: skip
def test_each_change_edits_one_thing(code: str, changed: set[str]) -> None:
    """Comparisons, conditions, numbers, members, statements; not what only reports."""
    found = {change.source.decode() for change in changes_of("x.py", code.encode())}

    assert found == changed


def test_changes_are_valid_python_and_have_names_of_their_own() -> None:
    """A change that doesn't compile would count as detected."""
    changes = all_changes()

    assert len({change.name for change in changes}) == len(changes) > 1_000
    for change in sample(changes, 100, seed=1):
        compile(change.source, change.file, "exec")


def test_a_sample_depends_on_its_seed_only() -> None:
    """The same seed gives the same changes, and a smaller sample is a part of it."""
    changes = list(CHANGES.values())

    assert sample(changes, 5, seed=1) == sample(changes[::-1], 9, seed=1)[:5]
    assert sample(changes, 5, seed=1) != sample(changes, 5, seed=2)


def test_the_kit_runs_against_the_changed_code(tmp_path: Path) -> None:
    """An order whose amount is another one is detected."""
    name = "resources/orders.py: new_order: 'amount'  ->  'captureMethod'"

    outcomes = list(random_run.outcomes([CHANGES[name]], 2, str(tmp_path)))

    assert outcomes == [(CHANGES[name], True)]


def test_a_survivor_fails_the_run_unless_it_is_equivalent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The equivalent ones are in a table, each with its reason."""
    equivalent = Change("a.py", "equivalent", b"")
    monkeypatch.setattr(random_run, "EQUIVALENT", {equivalent.name: "it only reports"})
    results = [(equivalent, False), (Change("b.py", "detected", b""), True)]
    monkeypatch.setattr(random_run, "outcomes", lambda *_: iter(results))

    assert random_run.run_random(2, 1, 2) == 0
    results.append((Change("c.py", "survivor", b""), False))
    assert random_run.run_random(3, 1, 2) == 1
    assert "Survived: c.py: survivor" in capsys.readouterr().out
