"""What the API is lives in the tables; the emulator's code does not repeat it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartpay_mock.resources.context import NOT_FOUND
from smartpay_schemas import ERRORS, LIFECYCLES

API_PATH = re.compile(r"/v1/[a-z{<]")
RAISERS = {"ApiError", "refuse"}
"""Calls whose first argument is an error code."""

CALLERS = ("mock_server/smartpay_mock/cli", "mock_server/smartpay_mock/mutants")
"""Who plays a client of the API, or breaks it on purpose, spells what it sends."""


def docstrings(tree: ast.AST) -> set[int]:
    """Return the identities of the nodes that are docstrings or lone strings."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def strings(node: ast.AST) -> dict[int, str]:
    """Return every string below ``node``, by identity of its node."""
    return {
        id(constant): constant.value
        for constant in ast.walk(node)
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
    }


def callee(call: ast.Call) -> str:
    """Return the bare name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def raised_codes(tree: ast.Module) -> dict[int, str]:
    """Return the error codes that are raised, by identity of their node.

    They stand in the first argument of a raiser, or in a table of the module that
    the first argument looks them up in.
    """
    first_arguments = [
        call.args[0]
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and call.args and callee(call) in RAISERS
    ]
    tables = {
        node.value.id
        for argument in first_arguments
        for node in ast.walk(argument)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)
    }
    codes: dict[int, str] = {}
    for argument in first_arguments:
        codes |= strings(argument)
    for statement in tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(values=values))
            ):
                if name in tables:
                    codes |= {key: x for v in values for key, x in strings(v).items()}
    return codes


def compared_codes(tree: ast.Module) -> dict[int, str]:
    """Return the error codes that some ``.code`` is compared with, by their node."""
    codes: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(
            isinstance(side, ast.Attribute) and side.attr == "code"
            for side in (node.left, *node.comparators)
        ):
            codes |= strings(node)
    return codes


def repeated_knowledge(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong) for each literal that belongs to a table."""
    tree = ast.parse(source)
    comments, named = docstrings(tree), raised_codes(tree) | compared_codes(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) in comments:
            continue
        if id(node) in named:
            if node.value not in ERRORS:
                yield node.lineno, f"{node.value!r} has no row in errors.json"
        elif node.value in ERRORS:
            yield node.lineno, f"{node.value!r} is spelled outside ApiError(...)"
        elif API_PATH.search(node.value):
            yield node.lineno, f"{node.value!r}: paths come from operations.json"


def emulator_sources(root: Path, modules: list[Path]) -> dict[Path, str]:
    """Return the text of each module that decides how the emulator answers."""
    return {
        path: (root / path).read_text(encoding="utf-8")
        for path in modules
        if path.parts[0] == "mock_server" and not path.as_posix().startswith(CALLERS)
    }


def test_no_path_and_no_error_code_is_repeated_in_the_emulator(
    root: Path, modules: list[Path]
) -> None:
    """Codes appear where they are raised, and there only with a row; paths never."""
    findings = [
        f"{path}:{line}: {what}"
        for path, source in emulator_sources(root, modules).items()
        for line, what in repeated_knowledge(source)
    ]

    assert not findings, "\n".join(findings)


def test_every_error_code_is_raised_somewhere(root: Path, modules: list[Path]) -> None:
    """A row that no code raises and no lifecycle refuses with promises nothing."""
    sources = emulator_sources(root, modules).values()
    raised = {
        code for source in sources for code in raised_codes(ast.parse(source)).values()
    }
    refused = {
        code for table in LIFECYCLES.values() for code in table.refusals.values()
    }

    never = set(ERRORS) - raised - refused - set(NOT_FOUND.values())

    assert not never, f"raised nowhere: {', '.join(sorted(never))}"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("raise ApiError('token.not-found')", ""),
        ("raise ApiError('a' if b else 'token.invalid')", "no row"),
        ("raise ApiError('token.never-heard-of')", "no row"),
        ("code = 'token.not-found'", "outside ApiError"),
        ("error.code == 'token.not-found'", ""),
        ("error.code == 'token.unheard-of'", "no row"),
        ("CODES = {1: 'token.not-found'}\nraise ApiError(CODES[1])", ""),
        ("CODES = {1: 'token.unheard'}\nraise ApiError(CODES[1])", "no row"),
        ("url = '/v1/orders'", "operations.json"),
        ("'''Like token.not-found, /v1/orders.'''", ""),
    ],
)
def test_repeated_knowledge_is_found(source: str, complaint: str) -> None:
    """The search itself works."""
    found = [what for _, what in repeated_knowledge(source)]

    assert bool(found) is bool(complaint)
    assert complaint in "".join(found)
