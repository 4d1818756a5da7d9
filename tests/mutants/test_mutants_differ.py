"""Every mutant answers a short scenario differently from the unmutated emulator."""

from __future__ import annotations

from functools import cache

import pytest
from tests.mutants.catalogue import ALL
from tests.mutants.scenarios import SCENARIOS, Scenario
from tests.mutants.shop import Shop

from smartpay_mock.api.application import Application
from smartpay_mock.app import Patch
from smartpay_mock.mutants.mutant import Mutant

EVERY = {
    scenario.__name__: scenario
    for scenarios in SCENARIOS.values()
    for scenario in scenarios
}
FAILING = {"outages-remembered"}
"""Mutants whose bug is to answer with 500."""


def unmutated(app: Application) -> Application:
    """Return an app as it is."""
    return app


def transcript(patch: Patch, scenario: Scenario) -> list[str]:
    """Return all answers and webhooks of a scenario."""
    shop = Shop(patch)
    scenario(shop)
    return shop.transcript


@cache
def expected(scenario: Scenario) -> list[str]:
    """Return the transcript of the unmutated emulator."""
    return transcript(unmutated, scenario)


@pytest.mark.parametrize("scenario", EVERY.values(), ids=EVERY)
def test_the_unmutated_emulator_repeats_a_scenario(scenario: Scenario) -> None:
    """Otherwise a difference would prove nothing."""
    again = transcript(unmutated, scenario)

    assert again == expected(scenario)
    assert not [line for line in again if " -> 500 " in line]


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_a_mutant_answers_a_scenario_differently(mutant: Mutant) -> None:
    """It differs because of its bug, not because it crashes."""
    for scenario in (*SCENARIOS[mutant.area], *EVERY.values()):
        lines = transcript(mutant.patch, scenario)
        if lines != expected(scenario):
            break
    else:
        pytest.fail(f"{mutant.name} answers all scenarios as if it were not broken")

    crashed = [line for line in lines if " -> 500 " in line]
    assert mutant.name in FAILING or not crashed, crashed[0]
