"""The examples run as their pages say, and print the documented output."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.external.installing import run

from smartpay_mock.server import Sandbox

FOLDER = Path(__file__).parents[2] / "examples" / "order-lifecycle"
SCRIPT = FOLDER / "lifecycle.py"
WIDTH = 80

OUTPUT = """\
1. A checkout session for 12,000 yen is made.
   order     requires_authorization, 0 yen captured
   webhook   none

2. The consumer logs in and authorizes it; 7 days to capture.
   order     requires_capture, 0 yen captured
   webhook   order.authorized, 12,000 yen, its signature is good

3. One sweater ships: 4,000.
   order     requires_capture, 4,000 yen captured
   webhook   payment.created, 4,000 yen, its signature is good

4. Another one ships: 4,000.
   order     requires_capture, 8,000 yen captured
   webhook   payment.created, 4,000 yen, its signature is good

5. The first one has a hole: 1,500 go back.
   order     requires_capture, 8,000 yen captured
   webhook   refund.created, 1,500 yen, its signature is good

6. The third is sold out: cancelling releases 4,000.
   order     succeeded, 8,000 yen captured
   webhook   none

Authorized 12,000 yen: kept 6,500, refunded 1,500, released 4,000.
4 webhooks arrived, all of them genuine.
"""


@pytest.fixture
def lifecycle(tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs the script from some other folder."""
    command = [sys.executable, str(SCRIPT)]
    return lambda *words, url="": (
        run([*command, *words], tmp_path, {"SMARTPAY_SANDBOX_URL": url}).stdout
    )


def test_the_lifecycle_runs_with_an_emulator_of_its_own(
    lifecycle: Callable[..., str],
) -> None:
    """Without configuration: six steps, four webhooks and all amounts."""
    printed = lifecycle()

    opening, _, story = printed.partition("\n\n")
    assert re.fullmatch(
        r"Smartpay at http://\S+/v1\nReceiver at http://\S+/webhooks", opening
    )
    assert story == OUTPUT
    assert max(map(len, printed.splitlines())) <= WIDTH


@pytest.mark.parametrize("path", ["", "/v1", "/"])
def test_the_lifecycle_uses_a_running_emulator(
    sandbox: Sandbox, lifecycle: Callable[..., str], path: str
) -> None:
    """The URL is an argument, with or without /v1."""
    printed = lifecycle(sandbox.root_url + path)

    assert printed.startswith(f"Smartpay at {sandbox.url}\n")
    assert printed.endswith(OUTPUT)


def test_the_lifecycle_reads_the_url_from_the_environment(
    sandbox: Sandbox, lifecycle: Callable[..., str]
) -> None:
    """And two runs on one emulator do not meet, because each has its own account."""
    lifecycle(url=sandbox.url)

    printed = lifecycle(url=sandbox.url)

    assert printed.startswith(f"Smartpay at {sandbox.url}\n")
    assert printed.endswith(OUTPUT)


def test_the_page_of_the_example_shows_its_commands_and_events() -> None:
    """The table of the README names each webhook that the script waits for."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    waited_for = re.findall(r'webhook="([a-z_.]+)"', SCRIPT.read_text(encoding="utf-8"))

    assert len(waited_for) == 4
    assert re.findall(r"\| `([a-z_.]+)` \|$", page, re.MULTILINE) == waited_for
    assert "python lifecycle.py http://127.0.0.1:8585" in page
