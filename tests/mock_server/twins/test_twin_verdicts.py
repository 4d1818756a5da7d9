"""What is said of verdicts: progress, matrix, survivors, clauses without proof."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.twins import mutants
from smartpay_mock.twins.matrix import (
    UNBREAKABLE,
    WIDTH,
    matrix,
    progress,
    survivors,
    unproven,
)
from smartpay_mock.twins.mutant import Mutant
from smartpay_mock.twins.verdict import Verdict, judge_all
from smartpay_schemas import CLAUSES

ALL = list(mutants().values())
IGNORED = mutants()["keys-ignored"]


def verdict(mutant: Mutant, *killers: str, is_killed: bool = True) -> Verdict:
    """Return a verdict that took a second."""
    return Verdict(mutant, is_killed, 1.0, frozenset(killers))


class Suite:
    """Kills every mutant but one, each when its turn has come.

    Args:
        spared: Name of the mutant that survives.
    """

    def __init__(self, spared: str = "") -> None:
        self._spared = spared
        self._both = threading.Barrier(2, timeout=10)

    def check_honest(self, chosen: Sequence[Mutant]) -> float:
        """Pass."""
        return float(len(chosen))

    def judge(self, mutant: Mutant) -> Verdict:
        """Wait for another judge, so that only two at once get through."""
        self._both.wait()
        return verdict(mutant, is_killed=mutant.name != self._spared)


def test_two_are_judged_at_once_and_told_in_order() -> None:
    """Nobody waits for a verdict that is there, and nothing is told out of turn."""
    told: list[str] = []

    verdicts = judge_all(
        Suite(), ALL[:4], jobs=2, tell=lambda v: told.append(v.mutant.name)
    )

    assert told == [mutant.name for mutant in ALL[:4]]
    assert [v.mutant for v in verdicts] == ALL[:4]


def test_a_judge_that_cannot_judge_stops_all() -> None:
    """What is wrong for one is wrong for the others."""

    class Unable(Suite):
        def judge(self, mutant: Mutant) -> Verdict:
            raise SandboxUsageError(f"{mutant.name} cannot be judged; mend it.")

    with pytest.raises(SandboxUsageError, match="cannot be judged"):
        judge_all(Unable(), ALL, jobs=2, tell=lambda _v: None)


def test_the_matrix_of_all_twins_fits_a_terminal() -> None:
    """However many twins an area has."""
    verdicts = [verdict(mutant, *mutant.clauses) for mutant in ALL]

    lines = matrix(verdicts).splitlines()

    assert max(map(len, lines)) <= WIDTH
    assert {m.name for m in ALL} <= {line.split()[-1] for line in lines if line.strip()}


def test_the_matrix_tells_killed_from_missed() -> None:
    """An x where a test failed, an o where one should have."""
    text = matrix([verdict(IGNORED, "idempotency.replay-post")])

    cells = {line.split()[0]: line.split()[-1] for line in text.splitlines()}
    assert cells["idempotency.replay-post"] == "x"
    assert cells["idempotency.replay-put"] == "o"


def test_a_survivor_is_told_with_its_bug() -> None:
    """That is what the suite would not notice in life."""
    verdicts = [verdict(ALL[0]), verdict(IGNORED, is_killed=False)]

    (paragraph,) = survivors(verdicts)

    assert "keys-ignored: The consumer pays twice" in paragraph
    assert "SURVIVED" in progress(verdicts[1], 2, 2)
    assert "killed" in progress(verdicts[0], 1, 2)


def test_a_clause_that_never_failed_is_told() -> None:
    """Killing every twin is not enough: each sure clause has to do some of it."""
    verdicts = [verdict(mutant, *mutant.clauses) for mutant in ALL]
    assert unproven(verdicts) == []

    without = [
        verdict(m, *(id_ for id_ in m.clauses if id_ != "orders.get")) for m in ALL
    ]

    assert unproven(without) == ["orders.get"]
    assert not set(UNBREAKABLE) - set(CLAUSES)
