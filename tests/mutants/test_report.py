"""What is printed about results: progress, matrix, mutants that are not detected."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from tests.mutants.catalogue import ALL, unbroken

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.mutants import mutants
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.report import WIDTH, matrix, progress, undetected
from smartpay_mock.mutants.results import Result, run_all

SHIPPED = list(mutants().values())
IGNORED = mutants()["keys-ignored"]


def result(mutant: Mutant, *failed: str, is_detected: bool = True) -> Result:
    """Return a result that took a second."""
    return Result(mutant, is_detected, 1.0, frozenset(failed))


class Suite:
    """Detects every mutant; only two runs in parallel get through."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2, timeout=10)

    def check_unmutated(self, chosen: Sequence[Mutant]) -> float:
        """Pass."""
        return float(len(chosen))

    def run(self, mutant: Mutant) -> Result:
        """Wait for the other run."""
        self._both.wait()
        return result(mutant)


def test_two_mutants_run_in_parallel_and_are_reported_in_order() -> None:
    """A result is reported when all before it are there."""
    reported: list[str] = []

    results = run_all(
        Suite(), ALL[:4], jobs=2, report=lambda one: reported.append(one.mutant.name)
    )

    assert reported == [mutant.name for mutant in ALL[:4]]
    assert [one.mutant for one in results] == list(ALL[:4])


def test_a_suite_that_cannot_run_stops_all() -> None:
    """What is wrong for one mutant is wrong for the others."""

    class Unable(Suite):
        def run(self, mutant: Mutant) -> Result:
            raise SandboxUsageError(f"{mutant.name} cannot run. Fix it.")

    with pytest.raises(SandboxUsageError, match="cannot run"):
        run_all(Unable(), ALL, jobs=2, report=lambda _one: None)


def test_the_matrix_of_all_mutants_fits_a_terminal() -> None:
    """Areas with many mutants are split into blocks."""
    results = [result(mutant, *mutant.clauses) for mutant in ALL]

    lines = matrix(results).splitlines()

    assert max(map(len, lines)) <= WIDTH
    assert {m.name for m in ALL} <= {line.split()[-1] for line in lines if line.strip()}


def test_the_matrix_marks_clauses_with_and_without_a_failed_test() -> None:
    """An x where a test failed, an o where one should have."""
    text = matrix([result(IGNORED, "idempotency.replay-post")])

    cells = {line.split()[0]: line.split()[-1] for line in text.splitlines()}
    assert cells["idempotency.replay-post"] == "x"
    assert cells["idempotency.replay-put"] == "o"


def test_an_undetected_mutant_is_shown_with_its_cost() -> None:
    """That is what the suite would not detect in production."""
    results = [result(SHIPPED[0]), result(IGNORED, is_detected=False)]

    (paragraph,) = undetected(results)

    assert "keys-ignored: A retry after a lost response charges" in paragraph
    assert "NOT DETECTED" in progress(results[1], 2, 2)
    assert "NOT" not in progress(results[0], 1, 2)


def test_a_clause_that_never_failed_is_named() -> None:
    """It is not enough to detect every mutant: each clause has to fail for one."""
    everything = {id_ for mutant in ALL for id_ in mutant.clauses}

    assert unbroken(everything) == []
    assert unbroken(everything - {"orders.get"}) == ["orders.get"]
