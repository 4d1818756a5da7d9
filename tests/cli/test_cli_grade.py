"""``grade``: the report card of a command in any language."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CLIENTS = Path(__file__).parents[1] / "mock_server/grading/clients"
COMMAND = [sys.executable, "-m", "smartpay_mock", "grade"]
SHOW = """
import json, os, sys
order = json.load(open(os.environ["SMARTPAY_PAYLOAD"]))
assert order["token"] == os.environ["SMARTPAY_TOKEN"]
names = ("URL", "API_PREFIX", "SECRET_KEY", "SCENARIO")
shown = [os.environ["SMARTPAY_" + name] for name in names]
json.dump(shown, open(os.environ["SHOWN"], "w"))
sys.exit(3)
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def client(name: str) -> tuple[str, ...]:
    """Return the command of a reference client."""
    return (sys.executable, "-I", "-S", str(CLIENTS / f"{name}.py"))


def test_a_good_client_gets_an_a(run: Run) -> None:
    """The table, the grade and nothing more; the exit code is 0."""
    chosen = ("--only", "503-once", "--only", "declined")

    done = run("grade", *chosen, "--", *client("perfect"))

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[2:4]] == ["503-once", "declined"]
    assert lines[-1] == "Grade A: 100 %, 2 of 2 scenarios passed."


def test_a_lost_sale_is_explained(run: Run) -> None:
    """The bug, and how the command ended; the exit code is 1."""
    done = run("grade", "--only", "reset-after-commit", "--", *client("no_retry"))

    assert done.returncode == 1
    assert "charged-untold: The consumer has paid, and the shop does not" in done.stdout
    assert "The command exited with 1; its last line: " in done.stdout


def test_the_card_is_json_with_every_attempt(run: Run, tmp_path: Path) -> None:
    """What the table sums up is there for programs."""
    path = tmp_path / "card.json"
    argv = ("--only", "400", "--json", "--output", str(path))

    done = run("grade", *argv, "--", *client("retry_everything"))

    card = json.loads(path.read_text(encoding="utf-8"))
    assert json.loads(done.stdout) == card
    (scenario,) = card["scenarios"]
    assert done.returncode == 1
    assert (card["letter"], card["percent"], card["passed"]) == ("F", 0, False)
    assert (scenario["id"], scenario["outcome"]) == ("400", "success")
    assert [attempt["status"] for attempt in scenario["attempts"]] == [400] * 10
    assert [verdict["bug"] for verdict in scenario["verdicts"]] == [
        "needless-retry",
        "sold-unpaid",
    ]


@pytest.mark.parametrize(("sdk", "path"), [("node", "/api.smartpay/v1"), ("go", "")])
def test_the_command_finds_everything_in_its_environment(
    run: Run, tmp_path: Path, sdk: str, path: str
) -> None:
    """Where to charge, as whom, what, and what its SDK reads."""
    shown = tmp_path / "shown.json"
    argv = ("--only", "400", "--sdk", sdk, "--", sys.executable, "-c", SHOW)

    done = run("grade", *argv, SHOWN=str(shown))

    url, prefix, secret_key, scenario = json.loads(shown.read_text())
    assert url.startswith("http://127.0.0.1:")
    assert prefix == url.removesuffix("/v1") + path
    assert secret_key.startswith("sk_test_")
    assert scenario == "400"
    assert "exited with 3" in done.stdout
    assert "Does it read SMARTPAY_URL" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "503-one", "--", "true"), "503-once"),
        (("--only", "400", "--", "no-such-command"), "Cannot run no-such-command"),
        (("--timeout", "0", "--", "true"), "--timeout"),
        (("--jobs", "0", "--", "true"), "--jobs"),
        ((), "Missing argument"),
        (("--only", "400", "--output", "no/card.json", "--", "true"), "a folder that"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_message(
    run_here: Run, arguments: tuple[str, ...], message: str
) -> None:
    """Unknown scenarios and commands, and values that cannot be."""
    done = run_here("grade", *arguments)

    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_that_hangs_is_stopped_with_what_it_started(run: Run) -> None:
    """A grandchild would keep the pipe open, and the grading waiting."""
    argv = ("--only", "400", "--timeout", "0.5", "--", "sh", "-c", "sleep 60 & wait")

    done = run("grade", *argv)

    assert done.returncode == 1
    assert "The command was stopped" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_grading_stops_the_command(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The command and what it started end, so their pipe closes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"exec 3> {pipe}; echo started >&3; sleep 60 & wait"
    grading = subprocess.Popen(
        [*COMMAND, "--only", "400", "--", "sh", "-c", script],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    with pipe.open() as end:
        started = end.readline()
        grading.send_signal(number)
        rest = end.read()

    assert (started, rest) == ("started\n", "")
    assert grading.wait(timeout=20) == 128 + number
