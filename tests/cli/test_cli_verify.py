"""``verify`` hands everything on to the contract kit."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from smartpay_contracts.options import TABLE
from smartpay_mock.cli import kit, main

Serve = Callable[..., Any]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
URL = "http://127.0.0.1:8585/v1"


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the arguments that the kit is given; it is not run."""
    received: list[str] = []

    def run_kit(arguments: Any, **_options: Any) -> int:
        received.extend(arguments)
        return 0

    monkeypatch.setattr(kit, "run_kit", run_kit)
    monkeypatch.setattr(kit, "_check_answers", lambda _target: None)
    return received


def test_every_option_of_the_kit_is_one_of_verify(handed_on: list[str]) -> None:
    """Under a shorter name, and it arrives with its value."""
    options = [o for o in kit.verify.params if o.param_type_name == "option"]
    flags = [option.opts[0] for option in options if not option.is_flag]  # type: ignore[attr-defined]  # an Option
    given = [part for flag in flags if flag != "--output" for part in (flag, URL)]
    reports = [part for end in kit.REPORTS for part in ("--output", f"a{end}")]

    CliRunner().invoke(kit.verify, [*given, *reports, "--allow-remote"])

    arrived = {argument.partition("=")[0] for argument in handed_on}
    assert arrived == {row.flag for row in TABLE} | {"--junitxml"}
    switches = [argument for argument in handed_on if "=" not in argument]
    assert switches == ["--smartpay-allow-remote"]
    values = {a.partition("=")[2] for a in handed_on if "=" in a}
    assert values == {URL, *reports[1::2]}


def test_what_verify_does_not_know_is_pytests(handed_on: list[str]) -> None:
    """So that a part of the kit can be chosen."""
    CliRunner().invoke(kit.verify, ["--target", URL, "-x", "-k", "orders"])

    assert handed_on == [f"--smartpay-url={URL}", "-x", "-k", "orders"]


def test_verify_prints_the_report_as_json(serve: Serve, run: Run) -> None:
    """Its progress is on standard error; a report may be written as well."""
    target = f"{serve().root_url}/v1"
    chosen = ("--operations", "list_tokens", "--output", "report.xml")

    done = run("verify", "--target", target, *chosen, "--json")

    report = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert report["target"]
    assert "an operation that --operations leaves out" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "http://127.0.0.1:1/v1"), "Nothing answers at --target http://"),
        (("--target", "http://example.com/v1"), "--allow-remote"),
        (("--target", URL, "--output", "a.txt"), "--output a.txt: unknown form"),
    ],
)
def test_verify_names_its_own_options(
    run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    """Not those of the kit; the exit code is 2."""
    monkeypatch.setenv("NO_COLOR", "1")
    if "--output" in arguments:
        monkeypatch.setattr(kit, "_check_answers", lambda _target: None)
        done = CliRunner().invoke(main, ["verify", *arguments])
        code, said = done.exit_code, done.stderr
    else:
        ended = run("verify", *arguments)
        code, said = ended.returncode, ended.stderr

    assert code == 2
    assert message in said
    assert "--smartpay-" not in said
