"""The shell commands on the pages exist and work."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click
import pytest

from smartpay_mock.cli import main
from smartpay_mock.events.outbox import STATES
from smartpay_mock.events.schedule import RETRY_AFTER_MS, parse_schedule
from smartpay_mock.server import Sandbox

Blocks = Callable[..., list[Any]]
Run = Callable[..., subprocess.CompletedProcess[str]]

TYPED = "http://127.0.0.1:8585"
PYTESTS = "--smartpay-"


def pages(root: Path) -> list[str]:
    """Return the pages a user reads, relative to the root."""
    return [
        "README.md",
        *(f"docs/{page.name}" for page in (root / "docs").glob("*.md")),
    ]


def commands(blocks: Blocks, page: str, program: str) -> list[list[str]]:
    """Return every call of ``program`` in the shell blocks of a page, in words."""
    text = "".join(block.code for block in blocks(page, "sh")).replace("\\\n", " ")
    # shlex takes what stands in quotes over several lines for one word, as shells do.
    whole = re.findall(
        rf"^(?:\$ )?({program}\b(?:'[^']*'|[^'\n])*)", text, re.MULTILINE
    )
    return [shlex.split(line, comments=True) for line in whole]


class Curl(NamedTuple):
    """One call of curl.

    Attributes:
        method: ``-X``, or what curl makes of the rest.
        url: Whom to call.
        headers: ``-H``.
        body: ``-d``.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: str | None


def parsed(words: list[str]) -> Curl:
    """Return what a call of curl sends."""
    rest = iter(words[1:])
    found: dict[str, list[str]] = {}
    for word in rest:
        if word.startswith("-"):
            found.setdefault(word, []).append(next(rest))
        else:
            found["url"] = [word]
    [body] = found.pop("-d", [None])
    [method] = found.pop("-X", ["GET" if body is None else "POST"])
    [url] = found.pop("url")
    headers = dict(line.split(": ", 1) for line in found.pop("-H", []))
    assert not found, f"the test cannot read {found}"
    return Curl(method, url, headers, body)


def send(sandbox: Sandbox, call: Curl) -> tuple[int, Any]:
    """Send a call to ``sandbox`` in place of the address in it."""
    connection = HTTPConnection(urlsplit(sandbox.root_url).netloc, timeout=10)
    try:
        connection.request(
            call.method, call.url.removeprefix(TYPED), call.body, call.headers
        )
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(text) if text else None


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Return an emulator that runs."""
    with Sandbox() as running:
        yield running


def test_every_option_of_a_command_exists(root: Path, blocks: Blocks) -> None:
    """``smartpay-sandbox x --y`` in a shell block is understood as it stands."""
    calls = 0

    for page in pages(root):
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


def test_every_option_of_pytest_exists(root: Path, blocks: Blocks, run: Run) -> None:
    """``--smartpay-...`` in a shell block is an option of the plugin or the kit."""
    asked = {
        word.split("=")[0]
        for page in pages(root)
        for program in ("pytest", "smartpay-sandbox")
        for words in commands(blocks, page, program)
        for word in words
        if word.startswith(PYTESTS)
    }

    outcome = run(
        *("python", "-m", "pytest", "--help"),
        *("-p", "smartpay_sandbox", "-p", "smartpay_contracts"),
    )

    known = set(re.findall(r"--smartpay-[a-z-]+", outcome.stdout))
    assert asked
    assert asked <= known, f"there is no {asked - known}"


def test_settings_of_pytest_are_settings(
    root: Path, blocks: Blocks, run: Run, tmp_path: Path
) -> None:
    """What stands in a toml block is taken by a pytest that takes nothing unknown."""
    shown = [
        block.code
        for page in pages(root)
        for block in blocks(page, "toml")
        if block.code.startswith("[tool.pytest.ini_options]")
    ]

    for settings in shown:
        (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
        outcome = run(
            *("python", "-m", "pytest", "--strict-config", "--collect-only"),
            *("-p", "no:cacheprovider", "-p", "smartpay_sandbox"),
        )
        assert outcome.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, outcome.stderr

    assert shown


def test_the_first_command_of_the_readme_charges(
    blocks: Blocks, sandbox: Sandbox
) -> None:
    """The variants on the page work, too."""
    [words] = commands(blocks, "README.md", "curl")
    call = parsed(words)
    documented = {
        "succeeded": {},
        "requires_capture": {"captureMethod": "manual"},
        "rejected": {"token": "paytok_test_disabled"},
    }

    for expected, change in documented.items():
        body = json.dumps(json.loads(call.body or "") | change)
        status, order = send(sandbox, call._replace(body=body))
        assert (status, order["status"]) == (200, expected)


def test_every_call_of_the_control_plane_is_carried_out(
    blocks: Blocks, sandbox: Sandbox
) -> None:
    """In the order of the page, each with 200 or 204."""
    calls = [
        parsed(words) for words in commands(blocks, "docs/control-plane.md", "curl")
    ]

    answers = [send(sandbox, call) for call in calls]

    statuses = {
        call.url: status for call, (status, _) in zip(calls, answers, strict=True)
    }
    assert len(calls) > 5
    assert set(statuses.values()) <= {200, 204}, statuses


def test_the_page_tells_the_schedule_and_the_states_of_deliveries(root: Path) -> None:
    """As they are in the code; a reader plans by them."""
    page = (root / "docs" / "control-plane.md").read_text(encoding="utf-8")

    documented = re.search(r"^90s[0-9smhd,]+$", page, re.MULTILINE)
    states = dict(re.findall(r"^\| `([a-z]+)` \| (.+) \|$", page, re.MULTILINE))

    assert documented is not None
    assert parse_schedule(documented[0]) == RETRY_AFTER_MS
    assert states == STATES
