"""No tracked file names the machine or the tool that made it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

# Put together from pieces, so that this file does not contain what it looks for.
FORBIDDEN = {
    "a path of somebody's machine": (
        "/" + "work/(main|shared)",
        "/" + "root/",
        "/" + r"tmp/[a-z]+/\w+\.md",
        "/" + "home/[a-z]",
        "/" + "Users/[A-Za-z]",
        "C:" + r"\\Users",
    ),
    "the address of a package registry": (
        "pypi" + r"\.org/simple",
        "files" + r"\.pythonhosted",
        "registry" + r"\.npmjs",
        "proxy" + r"\.golang",
        "index-" + "url",
        "find-" + "links",
    ),
    "a live key": ("sk_" + r"live_[0-9A-Za-z]{16,}",),
}
PATTERN = {what: re.compile("|".join(patterns)) for what, patterns in FORBIDDEN.items()}


def forbidden_words(text: str) -> list[tuple[int, str, str]]:
    """Return (line, found, what it is) for every forbidden word of ``text``."""
    return [
        (number, match.group(), what)
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in PATTERN.items()
        if (match := pattern.search(line))
    ]


def test_no_tracked_file_names_a_machine_or_a_registry(
    root: Path, tracked: list[Path]
) -> None:
    """What is in the repository holds on every machine."""
    findings = [
        f"{path}:{line}: {found} is {what}"
        for path in tracked
        for line, found, what in forbidden_words(
            (root / path).read_text(encoding="utf-8", errors="replace")
        )
    ]

    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(
    "text",
    ["cd /" + "root/x", "https://pypi" + ".org/simple/flask", "--index-" + "url x"],
)
def test_a_forbidden_word_is_found(text: str) -> None:
    """The search itself works."""
    assert forbidden_words(f"first line\n{text}\n")[0][0] == 2


def test_every_tracked_text_file_is_utf_8_with_unix_line_ends(
    root: Path, tracked: list[Path]
) -> None:
    """A file reads the same everywhere, and ends with a line end."""
    text_files = [path for path in tracked if path.suffix in {".py", ".md", ".toml"}]

    broken = [
        str(path)
        for path in text_files
        if (content := (root / path).read_bytes())
        and (b"\r" in content or not content.endswith(b"\n") or content.decode() == "")
    ]

    assert not broken
