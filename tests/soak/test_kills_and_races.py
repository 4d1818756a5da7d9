"""Short runs of the soak's kills and races."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.soak import kills, races
from tests.soak.figures import Figures

SECONDS = 2.0


@pytest.mark.parametrize(
    "part",
    [
        kills.hosts_on_sqlite,
        kills.workers_of_granian,
        kills.backends_of_postgresql,
        kills.server_of_postgresql,
    ],
)
def test_what_is_killed_loses_nothing_that_was_answered(
    part: Callable[[float], Figures],
) -> None:
    """No order is lost or half made, and a repeated key makes no second one."""
    figures = part(SECONDS)

    if figures.skipped:
        pytest.skip(figures.skipped)
    assert figures.is_good, figures.examples
    assert figures.done["kills"] >= 1
    assert figures.done["orders"] >= 20


@pytest.mark.parametrize("part", [races.in_memory, races.on_sqlite])
def test_calls_at_once_move_no_yen_too_much(part: Callable[[float], Figures]) -> None:
    """What was answered is what is stored, and all sums are within their bounds."""
    figures = part(SECONDS)

    assert figures.is_good, figures.examples
    assert figures.done["calls"] >= 100
