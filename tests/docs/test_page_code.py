"""What the pages show as code runs, and passes, as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Blocks = Callable[..., list[Any]]
Run = Callable[..., subprocess.CompletedProcess[str]]

# page -> warnings that it may raise, as pytest's -W takes them.
PAGES = {
    "README.md": (),
    "docs/fixture.md": (),
    "docs/checkout.md": (),
    # The test client of Starlette would rather have another library than httpx.
    "docs/cookbook.md": ("ignore:Using `httpx` with",),
}


@pytest.mark.parametrize("page", PAGES)
def test_every_python_block_of_a_page_passes(
    page: str, blocks: Blocks, run: Run, tmp_path: Path
) -> None:
    """With the installed plugin, no configuration, and warnings as errors."""
    written = blocks(page, "python")
    for block in written:
        (tmp_path / block.file).write_text(block.code, encoding="utf-8")
    warnings = [option for text in ("error", *PAGES[page]) for option in ("-W", text)]
    plugins = ("-p", "no:cacheprovider", "-p", "smartpay_sandbox")

    outcome = run("python", "-m", "pytest", "-v", *plugins, *warnings)

    assert outcome.returncode == 0, outcome.stdout
    ran = set(re.findall(r"^(\S+\.py)::\S+.* PASSED", outcome.stdout, re.MULTILINE))
    assert ran == {block.file for block in written if block.has_tests}


@pytest.mark.skipif(
    shutil.which("node") is None and not os.environ.get("CI"),
    reason="Node.js runs these blocks, and there is none on the path",
)
def test_the_recipe_for_node_passes(blocks: Blocks, run: Run, tmp_path: Path) -> None:
    """Its command is typed as it stands there, beside its file."""
    [recipe] = blocks("docs/cookbook.md", "js")
    [command] = [
        line
        for block in blocks("docs/cookbook.md", "sh")
        for line in block.code.splitlines()
        if "node" in line
    ]
    (tmp_path / recipe.file).write_text(recipe.code, encoding="utf-8")

    outcome = run(*command.split())

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert f"# pass {recipe.code.count('test(')}\n" in outcome.stdout
