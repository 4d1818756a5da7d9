"""The code stays small: packages, files and functions have upper bounds."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PACKAGE_LINES = {
    "mock_server/smartpay_mock/storage": 2097,
    "mock_server/smartpay_mock/server": 1840,
    "mock_server/smartpay_mock/api": 2292,
    "mock_server/smartpay_mock/control": 2449,
    "mock_server/smartpay_mock/cli": 3802,
    "mock_server/smartpay_mock/events": 1592,
    "mock_server/smartpay_mock/mutants": 2079,
    "mock_server/smartpay_mock/testing": 4224,
    "mock_server": 26804,  # budget: 21000
    "contract_tests": 11300,
    "tests": 38134,  # budget: 30000
}
"""Most lines that the Python files of a folder may have in all."""

FILE_LINES = 600
"""Most lines of a Python file."""

LONG_FILES: frozenset[str] = frozenset({})
"""Files that are still longer."""

FUNCTION_LINES = 25
"""Most lines of code in the body of a function, without docstring and comments."""

PACKAGES = ("schemas", "fixtures", "mock_server", "contract_tests")
"""Folders whose functions are bounded."""

LONG_FUNCTIONS: frozenset[str] = frozenset({})
"""Functions that are still longer, as path:name."""


def package_sizes(sizes: Mapping[Path, int]) -> dict[str, int]:
    """Return the lines of each folder that has a bound."""
    return {
        folder: sum(
            lines for path, lines in sizes.items() if path.is_relative_to(folder)
        )
        for folder in PACKAGE_LINES
    }


def long_functions(source: str) -> Iterator[tuple[str, int]]:
    """Yield name and length of each function that is over the bound."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        body = node.body[ast.get_docstring(node) is not None :]
        if not body:
            continue
        code = lines[body[0].lineno - 1 : node.end_lineno]
        length = sum(bool(line.strip()) and line.strip()[0] != "#" for line in code)
        if length > FUNCTION_LINES:
            yield node.name, length


@pytest.fixture(scope="module")
def sources(root: Path, modules: list[Path]) -> dict[Path, str]:
    """Return the text of every Python file."""
    return {path: (root / path).read_text(encoding="utf-8") for path in modules}


@pytest.mark.parametrize("folder", PACKAGE_LINES)
def test_a_package_stays_within_its_bound(
    folder: str, sources: dict[Path, str]
) -> None:
    """Delete or simplify something before you raise a bound."""
    lines = {path: text.count("\n") for path, text in sources.items()}

    assert package_sizes(lines)[folder] <= PACKAGE_LINES[folder]


def test_no_file_is_too_long(sources: dict[Path, str]) -> None:
    """A file has one subject. Split a file that has two."""
    too_long = {
        str(path): lines
        for path, text in sources.items()
        if (lines := text.count("\n")) > FILE_LINES
    }

    assert not too_long.keys() - LONG_FILES, too_long


def test_no_function_is_too_long(sources: dict[Path, str]) -> None:
    """Give the steps of a long function names of their own."""
    too_long = {
        f"{path}:{name}": length
        for path, text in sources.items()
        if path.parts[0] in PACKAGES
        for name, length in long_functions(text)
    }

    assert not too_long.keys() - LONG_FUNCTIONS, too_long


def test_a_long_function_is_found() -> None:
    """Docstrings, comments and blank lines don't count."""
    body = ["    # why", "", *["    x = 1"] * FUNCTION_LINES]
    source = "\n".join(["def pay():", '    """Pay."""', *body])

    assert not list(long_functions(source))
    assert list(long_functions(source + "\n    x = 2")) == [("pay", 26)]
