"""Commands on the pages exist, and their links lead to files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELL = {"", "sh", "bash", "console", "shell"}
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)")


def commands(text: str, program: str) -> set[str]:
    """Return the first word after ``program`` in each line of the fenced blocks."""
    return {
        match.group(1)
        for language, block in FENCE.findall(text)
        if language in SHELL
        for line in block.splitlines()
        if (match := re.match(rf"(?:\$ )?{program} ([a-z][a-z-]*)", line.strip()))
    }


def test_commands_are_found_in_shell_blocks_only() -> None:
    """The search itself works, also after a block of another language."""
    text = (
        "```python\nmake = 1\n```\nmake nothing\n```sh\n$ make test\nmake demo\n```\n"
    )

    assert commands(text, "make") == {"test", "demo"}


@pytest.fixture(scope="session")
def pages(root: Path, tracked: list[Path]) -> dict[Path, str]:
    """Return the text of every Markdown page."""
    return {
        path: (root / path).read_text(encoding="utf-8")
        for path in tracked
        if path.suffix == ".md"
    }


def test_every_make_target_that_a_page_names_exists(
    root: Path, pages: dict[Path, str]
) -> None:
    """``make x`` in a fenced block is a target of the Makefile."""
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))

    unknown = [
        f"{path}: make {name}"
        for path, text in pages.items()
        for name in commands(text, "make") - targets
    ]

    assert not unknown


def test_every_relative_link_leads_to_a_file(
    root: Path, pages: dict[Path, str]
) -> None:
    """A page that points nowhere sends its reader away."""
    broken = [
        f"{path}: {target}"
        for path, text in pages.items()
        for target in LINK.findall(text)
        if not (root / path.parent / target).exists()
    ]

    assert not broken


def test_the_readme_opens_with_what_to_type(pages: dict[Path, str]) -> None:
    """A newcomer finds how to serve and how to test before anything else."""
    opening = pages[Path("README.md")][:6_000]

    assert "make serve" in opening
    assert "make test" in opening
