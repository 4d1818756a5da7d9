"""``verify`` hands everything on to the contract kit."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from smartpay_contracts.options import TABLE
from smartpay_mock.cli import kit

URL = "http://127.0.0.1:8585/v1"


@pytest.fixture
def handed_on(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the arguments that the kit is given; it is not run."""
    received: list[str] = []

    def run_kit(_module: str, arguments: Any) -> int:
        received.extend(arguments)
        return 0

    monkeypatch.setattr(kit, "run_kit", run_kit)
    return received


def test_every_option_of_the_kit_is_one_of_verify(handed_on: list[str]) -> None:
    """Under a shorter name, and it arrives with its value."""
    options = [o for o in kit.verify.params if o.param_type_name == "option"]
    given = [
        part
        for option in options
        for part in (option.opts[0], *([] if option.is_flag else [URL]))  # type: ignore[attr-defined]  # an Option
    ]

    CliRunner().invoke(kit.verify, given)

    arrived = {argument.partition("=")[0] for argument in handed_on}
    assert arrived == {row.flag for row in TABLE} | {"--junitxml"}
    switches = [argument for argument in handed_on if "=" not in argument]
    assert switches == ["--smartpay-allow-remote"]
    assert {a.partition("=")[2] for a in handed_on if "=" in a} == {URL}


def test_what_verify_does_not_know_is_pytests(handed_on: list[str]) -> None:
    """So that a part of the kit can be chosen."""
    CliRunner().invoke(kit.verify, ["--target", URL, "-x", "-k", "orders"])

    assert handed_on == [f"--smartpay-url={URL}", "-x", "-k", "orders"]
