"""What the tests of the pages share: their blocks of code, as files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?:#|//) ([\w.]+\.\w+)\n")
TEST = re.compile(r"^(?:async )?def test_", re.MULTILINE)


class Block(NamedTuple):
    """One fenced block of a page.

    Attributes:
        language: What stands after the fence.
        code: What stands in it.
        line: Where its fence is, counted from 1.
    """

    language: str
    code: str
    line: int

    @property
    def file(self) -> str:
        """Its file: named in its first line, or after its line in the page."""
        name = NAME.match(self.code)
        return name[1] if name else f"test_line_{self.line}.py"

    @property
    def has_tests(self) -> bool:
        """Whether pytest finds tests in it."""
        return bool(TEST.search(self.code))


Blocks = Callable[..., list[Block]]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def blocks(root: Path) -> Blocks:
    """Return what finds a page's blocks of some languages, in their order."""

    def found_in(page: str, *languages: str) -> list[Block]:
        text = (root / page).read_text(encoding="utf-8")
        return [
            Block(found[1], found[2], text.count("\n", 0, found.start()) + 1)
            for found in FENCE.finditer(text)
            if found[1] in languages
        ]

    return found_in


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs a program of this environment in the test's own folder."""
    scripts = str(Path(sys.executable).parent)
    environ = {**os.environ, "PATH": os.pathsep.join([scripts, os.environ["PATH"]])}
    # No plugin but ours: those that happen to be installed here take seconds.
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"

    def run_(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environ,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run_
