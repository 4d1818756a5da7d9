"""``env``, ``doctor`` and ``exec``: SDKs and programs of any language find it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from smartpay_mock.cli.sdks import SDKS, falls_back, variables

Run = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., Any]


@pytest.mark.parametrize("name", SDKS)
def test_no_sdk_falls_back_to_production_with_what_env_prints(name: str) -> None:
    """What ``env`` prints passes each SDK's own check of its base URL."""
    values = variables(SDKS[name], "http://127.0.0.1:8585", "sk_test_a")

    assert not falls_back(SDKS[name], values["SMARTPAY_API_PREFIX"])


@pytest.mark.parametrize(
    ("name", "prefix", "expected"),
    [
        ("python", "http://127.0.0.1:8585/v1", True),
        ("python", "http://127.0.0.1:8585/API.SMARTPAY/v1", True),
        ("node", "http://127.0.0.1:8585/API.SMARTPAY/v1", False),
        ("node", "http://127.0.0.1:8585/v1", True),
        ("php", "http://127.0.0.1:8585/v1", False),
        ("go", "http://127.0.0.1:8585", False),
    ],
)
def test_the_silent_fall_back_is_known(name: str, prefix: str, expected: bool) -> None:
    """Python and Node go to production unless the prefix holds api.smartpay."""
    assert falls_back(SDKS[name], prefix) is expected


def test_doctor_finds_the_silent_fall_back(run: Run, serve: Serve) -> None:
    """A base URL that the Python SDK ignores is found, with the one to use."""
    url = serve().root_url

    wrong = run("doctor", "--sdk", "python", "--prefix", f"{url}/v1")
    right = run("doctor", "--sdk", "python", "--prefix", f"{url}/api.smartpay/v1")

    assert wrong.returncode == 1
    assert f"Use {url}/api.smartpay/v1" in wrong.stdout
    assert (right.returncode, right.stdout) == (0, "No problem found.\n")


def test_doctor_says_when_nobody_answers(run: Run) -> None:
    """A port without a server is named, with the command that starts one."""
    done = run("doctor", "--sdk", "go", "--prefix", "http://127.0.0.1:1")

    assert done.returncode == 1
    assert "No emulator answers at 127.0.0.1:1" in done.stdout
    assert "smartpay-sandbox serve" in done.stdout


_CHILD = """
import json, os, sys, urllib.request as u
r = u.Request(os.environ["SMARTPAY_URL"] + "/tokens",
    headers={"Authorization": "Basic " + os.environ["SMARTPAY_SECRET_KEY"]})
print(json.load(u.urlopen(r))["results"])
sys.exit(7)
"""


def test_exec_runs_a_command_around_an_emulator_and_hands_its_code_on(run: Run) -> None:
    """The child reaches the emulator by its environment; its code comes through."""
    done = run("exec", "--", sys.executable, "-c", _CHILD)

    assert (done.returncode, done.stdout) == (7, "5\n"), done.stderr


def test_exec_says_when_there_is_no_such_command(run: Run) -> None:
    """A command that does not exist ends with a shell's code for it."""
    done = run("exec", "--", "no-such-command-here")

    assert done.returncode == 127
    assert "cannot run no-such-command-here" in done.stderr
