"""The demo keeps its promises, and says so when it does not."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from smartpay_mock.cli import demo

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_demo_shows_the_main_job_at_80_columns(run: Run) -> None:
    """Every request, and each problem of the broken payload on a line of its own."""
    done = run("demo")

    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    for expected in (
        "1  the guide's curl         200  succeeded",
        "2  manual capture           200  requires_capture",
        "3  a token that declines    200  rejected",
        "4  a disabled token         200  rejected",
        "5  an inactive consumer     200  rejected",
        "7  demo-1, same body        200  succeeded",
        "8  demo-1, another body     409  idempotency.key-reused",
        "9  a broken payload         400  request.invalid",
        "6 orders are stored",
    ):
        assert expected in done.stdout
    why = done.stdout.partition("Why:\n\n")[2]

    broken = why[why.index("9  ") :].partition("\n\n")[0].splitlines()
    starts = [line.partition(": ")[0] for line in broken if ": " in line]
    assert starts == ["9  amount", "   currency", "   items", "   shippingInfo"]


def test_a_line_that_is_not_as_promised_fails_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong answer is named, and the exit code is 1."""
    wrong = demo.Line("the guide's curl", 200, "rejected")
    monkeypatch.setattr(demo, "LINES", (wrong, *demo.LINES[1:]))

    done = CliRunner().invoke(demo.command)

    assert done.exit_code == 1
    assert (
        "NOT AS EXPECTED: request 1, the guide's curl: expected 200 rejected, "
        "got 200 succeeded" in done.output
    )
