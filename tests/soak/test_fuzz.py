"""A short run of the soak's random input, on each store."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.soak.fuzz import fuzz

INPUTS = {"memory:": 20_000, "sqlite:///{}/f.db?synchronous=off": 2_000}


@pytest.mark.parametrize("state", INPUTS)
def test_any_input_gets_an_answer_of_a_documented_shape(
    state: str, tmp_path: Path
) -> None:
    """No operation and no route of the control plane has a defect, or is slow."""
    figures = fuzz(state.format(tmp_path), INPUTS[state], seed=1)

    assert figures.is_good, figures.examples
    assert figures.done["inputs"] == INPUTS[state]
    assert figures.done["accepted"] > INPUTS[state] / 5
