"""The pages as programs: their blocks, and a terminal that runs them.

A comment in the line before a block says what is special about it:

- ``<!-- output -->``: what the shell block before it prints. Ids, times and spaces
  may differ, a line ``...`` stands for any lines, and JSON may leave out members.
- ``<!-- printed by COMMAND -->``: likewise, for a command that still runs.
- ``<!-- exit N -->``: the last command of the block ends with this exit code.
- ``<!-- not run: REASON -->``: no test runs it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest

FENCE = re.compile(
    r'^(?:<!-- ([^\n]+) -->\n)?^```(\w+)(?: title="(\S+)")?\n(.*?)^```$',
    re.DOTALL | re.MULTILINE,
)
NAME = re.compile(r"(?:<\?php )?(?:#|//) ([\w./-]+\.\w+)\n")
TEST = re.compile(r"^(?:async )?def test_", re.MULTILINE)
PORTS = ("8585", "8586", "4242")
"""The ports on the pages; each test has others in their place."""

FOREVER = re.compile(
    r"smartpay-sandbox (serve|listen|logs -f)\b|flask .*\brun\b|python receiver\.py"
)
READY_SECONDS = 30
PRELUDE = "set -euo pipefail; set -a; if [ -f ~/.shell ]; then . ~/.shell; fi\n"
MASKS = {
    r"order-[a-z]{4}-\d{8}": "REFERENCE",
    r"\b([a-z]+_test)_\w{6,}": r"\1_ID",
    r"\b[0-9a-f]{7,}[0-9a-f-]*(?:…|\b)": "HEX",
    r"\b1\d{12}\b": "TIME",
    r"(?:\d{4}-)?\d\d-\d\d[T ][\d:.]+Z?": "TIME",
    r"\b\d\d:\d\d:\d\d(?:\.\d+)?": "TIME",
    r"127\.0\.0\.1:\d+": "HOST",
    r"[+]?[\d.]+ ?m?s\b": "SPAN",
    r"^=+ | =+$": "",
    r"[ \t]+": " ",
    r" $": "",
}


class Block(NamedTuple):
    """One fenced block of a page.

    Attributes:
        note: The comment in the line before it.
        language: What stands after the fence.
        title: The file that its fence names.
        code: What stands in it.
        line: Where its fence is, counted from 1.
    """

    note: str
    language: str
    title: str
    code: str
    line: int

    @property
    def name(self) -> str | None:
        """The file that its fence or its first line names."""
        name = NAME.match(self.code)
        return self.title or (name[1] if name else None)

    @property
    def has_tests(self) -> bool:
        """Whether pytest finds tests in it."""
        return self.language == "python" and bool(TEST.search(self.code))

    @property
    def is_run(self) -> bool:
        """Whether a test runs it."""
        return not self.note.startswith("not run: ")


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(note, language, title, code, text.count("\n", 0, found.start(2)) + 1)
        for found in FENCE.finditer(text)
        for note, language, title, code in [found.groups("")]
    ]


def pages_of(root: Path) -> list[str]:
    """Return the pages that people write, relative to the root."""
    paths = (
        *root.glob("*.md"),
        *root.glob("docs/**/*.md"),
        *root.glob("examples/*/README.md"),
    )
    names = sorted(path.relative_to(root).as_posix() for path in paths)
    return [name for name in names if not name.startswith("docs/reference/")]


def masked(text: str) -> list[str]:
    """Return the lines of a text, without what differs between two runs."""
    for pattern, replacement in MASKS.items():
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text.strip().splitlines()


def is_excerpt(shown: list[str], actual: list[str]) -> bool:
    """Return whether lines stand in others together, apart from lines of dots."""
    parts = "\n".join(shown).split("\n...\n")
    rest = "\n" + "\n".join(actual) + "\n"
    for part in parts:
        _, found, rest = rest.partition(f"\n{part}\n")
        rest = "\n" + rest
        if not found:
            return False
    return True


def json_in(printed: str) -> Any:
    """Return the first JSON object in the output of a command."""
    answer, _ = json.JSONDecoder().raw_decode(printed[printed.find("{") :])
    return answer


def is_part(shown: Any, actual: Any) -> bool:
    """Return whether JSON is in other JSON; members may be left out."""
    if isinstance(shown, dict):
        return isinstance(actual, dict) and all(
            is_part(value, actual.get(name)) for name, value in shown.items()
        )
    if isinstance(shown, list) and isinstance(actual, list):
        return len(shown) == len(actual) and all(map(is_part, shown, actual))
    return masked(json.dumps(shown)) == masked(json.dumps(actual))


class Terminal:
    """A folder and a shell, as the reader of a page has them.

    Attributes:
        folder: Where the page's files are and its commands run.
        ports: The ports in place of those on the page.
    """

    def __init__(self, folder: Path, ports: dict[str, str]) -> None:
        self.folder = folder
        self.ports = ports
        self._running: dict[str, subprocess.Popen[str]] = {}
        scripts = str(Path(sys.executable).parent)
        self._environ = {
            **os.environ,
            "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
            "HOME": str(folder),
            "GOCACHE": os.environ.get(
                "GOCACHE", str(Path("~/.cache/go-build").expanduser())
            ),
            "XDG_STATE_HOME": str(folder / ".state"),
            "COLUMNS": "80",
            "NO_PROXY": "127.0.0.1",
            "SMARTPAY_SANDBOX_PORT": ports["8585"],
            # No plugin but ours: those that happen to be installed here take seconds.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTEST_ADDOPTS": "-p no:cacheprovider -p smartpay_sandbox",
        }
        # An answer of 400 or more fails a block.
        curlrc = "fail-with-body\nsilent\nshow-error\nmax-time = 20\n"
        (folder / ".curlrc").write_text(curlrc, encoding="utf-8")

    def adapted(self, text: str) -> str:
        """Return a text of the page with this test's ports."""
        for port, own in self.ports.items():
            text = re.sub(rf"\b{port}\b", own, text)
        return text

    def write(self, block: Block, name: str | None = None) -> None:
        """Write a block to the file that it names."""
        path = self.folder / (name or block.name or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.adapted(block.code), encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program, with both outputs in one."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self._environ,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
        )

    def type(self, block: Block) -> str:
        """Run a shell block and return what it prints.

        Variables stay for the blocks that follow. A command that runs until Ctrl-C
        runs on beside them, until another one of its kind takes its place.
        """
        code = self.adapted(block.code)
        need_programs(code)
        commands = [line for line in code.replace("\\\n", " ").splitlines() if line]
        if all(FOREVER.match(command) for command in commands):
            for command in commands:
                self._start(command)
            return ""
        outcome = self.run("bash", "-c", f"{PRELUDE}{code}\nexport -p > ~/.shell")
        expected = (
            int(block.note.removeprefix("exit "))
            if block.note.startswith("exit")
            else 0
        )
        assert outcome.returncode == expected, (
            f"line {block.line}: exit code {outcome.returncode}\n{outcome.stdout}"
        )
        return outcome.stdout

    def _start(self, command: str) -> None:
        """Start a command that runs until it is stopped, and wait until it is ready."""
        kind = FOREVER.match(command)[0]  # type: ignore[index] # the caller matched it
        self._stop(kind)
        log = self._log(kind)
        with log.open("w", encoding="utf-8") as file:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._running[kind] = process
        serves = kind.endswith("serve")
        until(
            lambda: is_ready(self.ports["8585"]) if serves else log.stat().st_size > 0,
            or_fail=lambda: f"{command}: not ready\n{log.read_text(encoding='utf-8')}",
        )
        assert process.poll() is None, log.read_text(encoding="utf-8")

    def _stop(self, kind: str) -> None:
        if process := self._running.pop(kind, None):
            process.terminate()
            process.wait(timeout=READY_SECONDS)

    def wait_for(self, command: str, shown: list[str]) -> None:
        """Wait until a command that still runs has printed some lines."""
        log = self._log(command)
        until(
            lambda: is_excerpt(shown, masked(log.read_text(encoding="utf-8"))),
            or_fail=lambda: f"{command} prints\n{log.read_text(encoding='utf-8')}",
        )

    def _log(self, kind: str) -> Path:
        return self.folder / f"{kind.replace(' ', '-')}.log"

    def close(self) -> None:
        """Stop what still runs."""
        for kind in list(self._running):
            self._stop(kind)


def until(condition: Any, *, or_fail: Any) -> None:
    """Wait until a condition holds, or fail with a message."""
    deadline = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < deadline, or_fail()
        threading.Event().wait(0.05)


def is_ready(port: str) -> bool:
    """Return whether the emulator at a port answers."""
    with (
        suppress(OSError),
        urlopen(f"http://127.0.0.1:{port}/__admin/ready", timeout=5) as answer,
    ):
        return bool(answer.status == 200)
    return False


def need_programs(code: str) -> None:
    """Skip a page whose programs are missing on this machine; fail in CI."""
    for name in ("curl", "node", "php", "ruby", "go"):
        if re.search(rf"^{name}\b|-- {name}\b", code, re.MULTILINE):
            need_program(name)


def need_program(name: str) -> None:
    """Skip a test that needs a program which is missing; fail in CI."""
    if shutil.which(name) is None:
        reason = f"{name} is not installed"
        # CI does not install Go: it is the largest, and its page the shortest.
        is_installed_by_ci = bool(os.environ.get("CI")) and name != "go"
        (pytest.fail if is_installed_by_ci else pytest.skip)(reason)


def free_ports() -> Iterator[str]:
    """Yield free ports of loopback."""
    with socket.socket() as one, socket.socket() as two, socket.socket() as three:
        for each in (one, two, three):
            each.bind(("127.0.0.1", 0))
        yield from (str(each.getsockname()[1]) for each in (one, two, three))
