"""What the pages show as code runs, and passes, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(?:python|js)\n(.*?)^```", re.DOTALL | re.MULTILINE)
NAME = re.compile(r"(?:#|//) (\w+\.(?:py|mjs))\n")
PAGES = ["fixture.md", "cookbook.md"]


def write_blocks(page: str, folder: Path) -> int:
    """Write each block to a file of its own; return how many test functions there are.

    A block that begins with a comment ``# shop.py`` is that file, not a test.
    """
    tests = 0
    for number, block in enumerate(BLOCK.findall(page), start=1):
        name = NAME.match(block)
        file = folder / (name[1] if name else f"test_block_{number}.py")
        file.write_text(block, encoding="utf-8")
        tests += len(re.findall(r"^(?:async )?def test_", block, re.MULTILINE))
    return tests


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_passes(page: str, tmp_path: Path) -> None:
    """With the installed plugin, no configuration, and warnings as errors."""
    tests = write_blocks((DOCS / page).read_text(encoding="utf-8"), tmp_path)

    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-v", "-Werror"),
            *("-p", "no:cacheprovider", "-p", "smartpay_sandbox"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert outcome.returncode == 0, outcome.stdout
    passed = re.findall(r"^(\S+?)(?:\[.*\])? PASSED", outcome.stdout, re.MULTILINE)
    assert len(set(passed)) == tests
