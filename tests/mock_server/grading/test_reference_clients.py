"""Four clients get exactly the published grades and fail every criterion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from smartpay_fixtures.retries import retry_suite
from smartpay_mock.cli.command_client import CommandClient
from smartpay_mock.testing import SmartpayServer, retry_scenarios
from smartpay_mock.testing.grading import ReportCard, marks

CLIENTS = ("perfect", "new-key-per-retry", "no-retry", "retry-everything")
TIMEOUT_S = 8.0
"""Timeout of a client, in seconds; only a client that hangs reaches it."""

Published = Mapping[str, Mapping[str, str]]


def test_the_reference_clients_get_exactly_the_published_grades(
    command_of: Callable[[str], list[str]],
    server_for: Callable[[str], SmartpayServer],
    published: Published,
) -> None:
    """The grades are those in the table of docs/retry-report-card.md."""

    def card_of(name: str) -> dict[str, str]:
        argv, server = command_of(name), server_for(name)
        client = CommandClient(
            argv, timeout_s=TIMEOUT_S, environ=lambda smartpay: smartpay.environ
        )
        played = list(client.play_all(retry_scenarios(), server, jobs=5))
        return marks(ReportCard(tuple(one.grade for one in played)))

    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        found = dict(zip(CLIENTS, pool.map(card_of, CLIENTS), strict=True))

    for name in CLIENTS:
        assert found[name] == published[name], f"{name} got {found[name]}"


@pytest.mark.parametrize("scenario", retry_scenarios(), ids=str)
def test_every_criterion_of_a_scenario_is_failed_by_a_reference_client(
    scenario: object, published: Published
) -> None:
    """So every criterion can be failed."""
    row = retry_suite().scenarios[str(scenario)]

    failed = {name for c in CLIENTS for name in published[c][row.id].split(", ")}

    assert set(row.expect) <= failed
