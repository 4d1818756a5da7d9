"""The command ``mutants``: list them, run the kit, grade your own suite."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from smartpay_mock.cli.console import warning
from smartpay_mock.mutants import find_mutant, mutants
from smartpay_mock.mutants.own_suite import VARIABLE

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SAMPLE = (
    "creations-return-201",
    "refused-but-made",
    "replays-not-marked",
    "list-ends-after-a-page",
    "captures-over-the-amount",
    "deleted-means-disabled",
    "canceled-but-held",
    "webhooks-unsigned",
)
"""One for each patch point; ``make mutants`` runs them all."""

OWN_SUITE = """
def test_a_declined_order_is_not_shipped(smartpay):
    import requests

    key = {"Authorization": f"Basic {smartpay.secret_key}"}
    body = {
        "token": "paytok_test_declined",
        "amount": 100,
        "currency": "JPY",
        "customerInfo": {},
        "items": [{"name": "knit", "amount": 100, "currency": "JPY"}],
        "shippingInfo": {
            "address": {
                "line1": "1-17-1",
                "locality": "Minato",
                "postalCode": "105-6415",
                "country": "JP",
            }
        },
    }
    order = requests.post(f"{smartpay.url}/orders", json=body, headers=key).json()
    assert order["status"] == "rejected"
"""

CLIENT = """
import json, os, urllib.request
body = {"name": "x", "discountType": "amount", "discountAmount": 1, "currency": "JPY"}
request = urllib.request.Request(
    os.environ["SMARTPAY_URL"] + "/coupons",
    json.dumps(body).encode(),
    {
        "Authorization": "Basic " + os.environ["SMARTPAY_SECRET_KEY"],
        "Content-Type": "application/json",
    },
)
with urllib.request.urlopen(request) as answer:
    raise SystemExit(0 if answer.status == 200 else 1)
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs the command in an empty folder."""

    def call(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SMARTPAY")}
        return subprocess.run(
            [sys.executable, "-m", "smartpay_mock", *arguments],
            capture_output=True,
            text=True,
            timeout=110,
            cwd=tmp_path,
            env={**kept, "COLUMNS": "80", **environ},
            check=False,
        )

    return call


def test_the_list_shows_every_mutant_on_80_columns(run: Run) -> None:
    """Name and cost, area by area."""
    done = run("mutants", "list")

    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert max(map(len, lines)) <= 80
    words = {line.split()[0] for line in lines if line.strip()}
    assert set(mutants()) <= words
    assert {mutant.area for mutant in mutants().values()} <= words


def test_the_list_of_one_area(run: Run) -> None:
    """And no other."""
    done = run("mutants", "list", "--area", "refunds")

    assert "refunds-over-the-payment" in done.stdout
    assert "keys-ignored" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list", "--area", "refund"), "Known: service,"),
        (("run", "--only", "keys-ignord"), "keys-ignored"),
        (
            ("run", "--only", "keys-ignored", "--", "no-such-command"),
            "Cannot run no-such-command",
        ),
        (
            ("run", "--only", "keys-ignored", "--", sys.executable, "-c", "exit(3)"),
            "exits with 3 on the unmutated emulator",
        ),
        (
            ("run", "--only", "keys-ignored", "--", sys.executable, "-c", "print(1)"),
            "did not start an emulator",
        ),
    ],
    ids=["area", "name", "no command", "red suite", "no emulator"],
)
def test_wrong_usage_is_explained_and_exits_with_2(
    arguments: tuple[str, ...], said: str, run: Run
) -> None:
    """What is wrong, and what to do about it."""
    done = run("mutants", *arguments)

    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_the_kit_detects_a_sample(run: Run) -> None:
    """Each for the clauses that it breaks, and the matrix shows it."""
    only = [part for name in SAMPLE for part in ("--only", name)]

    done = run("mutants", "run", *only)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 of 8 mutants were detected" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["payments.create.excessive", "x"] in rows


def test_your_own_suite_is_graded(run: Run, tmp_path: Path) -> None:
    """It detects one mutant and not the other, and shows what that one would cost."""
    suite = tmp_path / "test_shop.py"
    suite.write_text(OWN_SUITE, encoding="utf-8")
    names = ("rejected-shown-as-succeeded", "keys-ignored")
    only = [part for name in names for part in ("--only", name)]

    done = run(
        "mutants", "run", *only, "--", sys.executable, "-m", "pytest", "-q", str(suite)
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 of 2 mutants were detected" in done.stdout
    assert "keys-ignored: A retry after a lost response" in done.stdout


def test_exec_runs_a_broken_emulator_if_the_variable_is_set(run: Run) -> None:
    """So a suite in any language can be graded."""
    command = ("exec", "--", sys.executable, "-c", CLIENT)

    unmutated = run(*command)
    broken = run(*command, **{VARIABLE: "creations-return-201"})

    assert unmutated.returncode == 0, unmutated.stderr
    assert broken.returncode == 1, broken.stderr


def test_an_emulator_that_is_broken_says_so_first() -> None:
    """Nobody should mistake it for the real one."""
    text = warning(find_mutant("keys-ignored"))

    assert text.startswith("BROKEN ON PURPOSE (keys-ignored)")
    assert "Leave out --mutant" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80


def test_serve_refuses_a_mutant_that_does_not_exist(run: Run) -> None:
    """Before anything listens."""
    done = run("serve", "--port", "0", "--mutant", "keys-ignord")

    assert done.returncode == 2
    assert "keys-ignored" in done.stderr
