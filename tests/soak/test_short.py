"""Short runs of the soak's parts. ``make soak`` runs them for minutes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.soak.__main__ import PARTS, run
from tests.soak.fuzz import fuzz

SECONDS = 0.4

pytestmark = pytest.mark.timeout(600)  # for machines that do other work too

LEAST = {
    "kill-sqlite": {"kills": 1, "orders": 5},
    "kill-granian": {"kills": 1, "orders": 5},
    "kill-backends": {"kills": 1, "orders": 5},
    "kill-database": {"kills": 1, "orders": 5},
    "race-memory": {"calls": 60},
    "race-sqlite": {"calls": 60},
    "race-postgresql": {"calls": 60},
    "walk-sqlite": {"steps": 25},
    "raw": {"connections": 10, "responses": 5},
    "descriptors": {"connections": 100, "calls": 3},
    "slow-senders": {"calls": 1, "bytes sent slowly": 200},
    "full-disk": {"fillings": 1, "orders": 1},
    "starts": {"starts": 20, "serves": 1},
    "memory": {"requests": 40},
}
"""By part: what it must have done at the least. The others differ in the store only."""

INPUTS = {"memory:": 4_000, "sqlite:///{}/f.db?synchronous=off": 500}


@pytest.mark.parametrize("name", LEAST)
def test_nothing_happens_that_must_not(name: str) -> None:
    """For a moment, whatever is killed, raced, sent, filled or started."""
    figures, _ = run(PARTS[name], SECONDS)

    if figures.skipped:
        pytest.skip(figures.skipped)
    assert figures.is_good, figures.examples
    few = {what: figures.done[what] for what in LEAST[name]}
    assert all(few[what] >= least for what, least in LEAST[name].items()), few


@pytest.mark.parametrize("state", INPUTS)
def test_any_input_gets_an_answer_of_a_documented_shape(
    state: str, tmp_path: Path
) -> None:
    """No operation and no route of the control plane has a defect, or is slow."""
    figures = fuzz(state.format(tmp_path), INPUTS[state], seed=1)

    assert figures.is_good, figures.examples
    assert figures.done["inputs"] == INPUTS[state]
    assert figures.done["accepted"] > INPUTS[state] / 5
