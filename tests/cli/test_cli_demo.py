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

    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if len(line) > 80] == []
    for line in demo.LINES:
        part = done.stdout.partition(f"  {line.what}\n")[2].partition("\n\n")[0]
        assert f" {line.status} POST /v1/orders {line.order_status}" in part
        assert ("replayed" in part) == line.is_replay
        assert [name for name in line.problems if f" {name}" not in part] == []
    assert done.stdout.endswith(
        "6 orders are stored: a replay and a refusal create none.\n"
    )


def test_a_line_that_is_not_as_promised_fails_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wrong answer is named, and the exit code is 1."""
    wrong = demo.Line("the guide's curl", 200, "rejected")
    monkeypatch.setattr(demo, "LINES", (wrong, *demo.LINES[1:]))

    done = CliRunner().invoke(demo.command, ["--json"])

    assert done.exit_code == 1
    assert done.stderr == (
        "NOT AS EXPECTED: the guide's curl: expected 200 rejected new, "
        "got 200 succeeded new\n"
    )
