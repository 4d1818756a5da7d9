"""The shell commands on the pages exist and work."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from tests.docs.pages import Terminal, json_in, pages_of

from smartpay_mock.cli import main
from smartpay_mock.events.outbox import STATES
from smartpay_mock.events.schedule import RETRY_AFTER_MS, parse_schedule
from smartpay_mock.server import Sandbox

Blocks = Callable[..., list[Any]]

PYTESTS = "--smartpay-"


def commands(blocks: Blocks, page: str, program: str) -> list[list[str]]:
    """Return every call of ``program`` in the shell blocks of a page, in words."""
    text = "".join(block.code for block in blocks(page, "sh")).replace("\\\n", " ")
    # shlex takes what stands in quotes over several lines for one word, as shells do.
    whole = re.findall(
        rf"^(?:\$ )?({program}\b(?:'[^']*'|[^'\n])*)", text, re.MULTILINE
    )
    return [shlex.split(line, comments=True) for line in whole]


def test_every_option_of_a_command_exists(root: Path, blocks: Blocks) -> None:
    """``smartpay-sandbox x --y`` in a shell block is understood as it stands."""
    calls = 0

    for page in pages_of(root):
        for words in commands(blocks, page, "smartpay-sandbox"):
            own = words[1 : words.index("--") if "--" in words else None]
            command: click.Command | None = main
            while isinstance(command, click.Group):
                name, *own = own
                command = command.get_command(click.Context(command), name)
            assert command is not None, f"{page}: {shlex.join(words)}"
            known = {option for x in command.params for option in x.opts}
            asked = {word.split("=")[0] for word in own if word.startswith("-")}
            # What hands everything on to the kit is looked at by the kit's own tests.
            unknown = {x for x in asked - known if not x.startswith(PYTESTS)}
            assert not (command.add_help_option and unknown), f"{page}: {unknown}"
            calls += 1

    assert calls


def test_every_option_of_pytest_exists(
    root: Path, blocks: Blocks, terminal: Terminal
) -> None:
    """``--smartpay-...`` in a shell block is an option of the plugin or the kit."""
    asked = {
        word.split("=")[0]
        for page in pages_of(root)
        for program in ("pytest", "smartpay-sandbox")
        for words in commands(blocks, page, program)
        for word in words
        if word.startswith(PYTESTS)
    }

    outcome = terminal.run(
        *("python", "-m", "pytest", "--help"),
        *("-p", "smartpay_sandbox", "-p", "smartpay_contracts"),
    )

    known = set(re.findall(r"--smartpay-[a-z-]+", outcome.stdout))
    assert asked
    assert asked <= known, f"there is no {asked - known}"


def test_settings_of_pytest_are_settings(
    root: Path, blocks: Blocks, terminal: Terminal
) -> None:
    """What stands in a toml block is taken by a pytest that takes nothing unknown."""
    shown = [
        block.code
        for page in pages_of(root)
        for block in blocks(page, "toml")
        if block.code.startswith("[tool.pytest.ini_options]")
    ]

    for settings in shown:
        (terminal.folder / "pyproject.toml").write_text(settings, encoding="utf-8")
        outcome = terminal.run(
            "python", "-m", "pytest", "--strict-config", "--collect-only"
        )
        assert outcome.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, outcome.stdout

    assert shown


def test_the_tokens_of_the_readme_have_their_outcomes(
    root: Path, blocks: Blocks, terminal: Terminal
) -> None:
    """The first command charges, and each row of the table says what it does."""
    [charge] = [x for x in blocks("README.md", "sh") if x.code.startswith("curl")]
    readme = (root / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`paytok_.*?) \| .*?`([\w.-]+)`", readme, re.MULTILINE)
    outcomes = {
        token: outcome
        for tokens, outcome in rows
        for token in re.findall(r"paytok_\w+", tokens)
    }
    refused = charge._replace(code=charge.code.rstrip() + " || true")

    with Sandbox() as sandbox:
        terminal.ports["8585"] = sandbox.root_url.rpartition(":")[2]
        answers = {
            token: json_in(
                terminal.type(
                    refused._replace(
                        code=re.sub(r"paytok_test_\w+", token, refused.code)
                    )
                )
            )
            for token in outcomes
        }

    assert len(outcomes) > 5
    assert outcomes == {
        token: answer.get("status", answer.get("errorCode"))
        for token, answer in answers.items()
    }


def test_the_page_tells_the_schedule_and_the_states_of_deliveries(root: Path) -> None:
    """As they are in the code; a reader plans by them."""
    page = (root / "docs" / "control-plane.md").read_text(encoding="utf-8")

    documented = re.search(r"^90s[0-9smhd,]+$", page, re.MULTILINE)
    states = dict(re.findall(r"^\| `([a-z]+)` \| (.+) \|$", page, re.MULTILINE))

    assert documented is not None
    assert parse_schedule(documented[0]) == RETRY_AFTER_MS
    assert states == STATES
