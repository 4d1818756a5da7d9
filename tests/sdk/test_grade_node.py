"""The official Node SDK, graded: how it copes when charges go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smartpay_mock.cli.command_client import CommandClient
from smartpay_mock.testing import SmartpayServer, retry_scenarios
from smartpay_mock.testing.grading import ReportCard, marks
from smartpay_mock.testing.local import LocalEmulator
from smartpay_mock.testing.session import settings_from

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "retry-report-card.md"
SDK = "sdk-node 0.9.1"
TIMEOUT_S = 8.0
"""Longer than the SDK takes where it does not hang, in seconds."""


@pytest.fixture
def server() -> Iterator[SmartpayServer]:
    """Return accounts of an emulator of this test's own."""
    emulator = LocalEmulator(settings_from({}))
    _ = emulator.root_url

    yield SmartpayServer(emulator, salt="node")

    emulator.stop()


@pytest.fixture
def published() -> dict[str, str]:
    """Return the column of the page that publishes the SDK's grades."""
    lines = PAGE.read_text(encoding="utf-8").partition("<!-- grades -->\n")[2]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines.partition("<!-- /grades -->")[0].splitlines()
    ]
    column = rows[0].index(SDK)
    return {row[0]: row[column] for row in rows[2:]}


@pytest.mark.usefixtures("node")
def test_the_sdk_gets_exactly_its_published_grades(
    server: SmartpayServer, published: dict[str, str]
) -> None:
    """Every cell of its column in docs/retry-report-card.md is what came out."""
    argv = ["node", str(HERE / "node" / "charge.mjs")]

    client = CommandClient(
        argv, timeout_s=TIMEOUT_S, environ=lambda smartpay: smartpay.environ
    )
    played = list(client.play_all(retry_scenarios(), server, jobs=4))

    card = ReportCard(tuple(one.grade for one in played))
    assert marks(card) == published


def test_the_version_graded_is_the_one_installed() -> None:
    """A newer SDK is graded anew."""
    package = (HERE / "node" / "package.json").read_text(encoding="utf-8")

    assert f'"@smartpay/sdk-node": "{SDK.split()[1]}"' in package
