"""ARCHITECTURE.md names files and functions that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "ARCHITECTURE.md"
EMULATOR = Path("mock_server/smartpay_mock")
PLACE = re.compile(r"`([\w/]+\.py)(?::([\w.]+))?`")
MOST_STEPS = 8


def places() -> list[tuple[str, str]]:
    """Return the file and the name in it, if any, of each place on the page."""
    return PLACE.findall(PAGE.read_text(encoding="utf-8"))


def defined_names(source: str) -> set[str]:
    """Return the names of functions, classes and methods in a module."""
    names = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            methods = (x for x in node.body if isinstance(x, ast.FunctionDef))
            names |= {f"{node.name}.{method.name}" for method in methods}
    return names


@pytest.mark.parametrize(("file", "name"), places())
def test_a_place_on_the_page_exists(root: Path, file: str, name: str) -> None:
    """A path is relative to the root or to the emulator."""
    found = [x for x in (root / file, root / EMULATOR / file) if x.is_file()]

    assert found
    assert not name or name in defined_names(found[0].read_text(encoding="utf-8"))


def test_the_path_of_a_request_has_few_steps() -> None:
    """A reader follows a charge from the socket to its handler and back."""
    _, _, path = PAGE.read_text(encoding="utf-8").partition("## The path of a request")
    steps = re.findall(r"^(\d)\. ", path.partition("\n## ")[0], re.MULTILINE)

    assert 1 < len(steps) <= MOST_STEPS
