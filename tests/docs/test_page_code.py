"""What the pages show as code runs, and passes, as it stands there."""

from __future__ import annotations

import ast
import json
import re
import shlex
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
import yaml
from tests.docs.pages import (
    FOREVER,
    Block,
    Terminal,
    blocks_of,
    is_excerpt,
    is_part,
    json_in,
    masked,
    need_program,
    pages_of,
)

from smartpay_mock.server import Sandbox

ROOT = Path(__file__).resolve().parents[2]
PAGES = {page: blocks_of(ROOT / page) for page in pages_of(ROOT)}
# page -> warnings that its tests may raise, as pytest's -W takes them.
WARNINGS = {
    # The test client of Starlette would rather have another library than httpx.
    "docs/cookbook.md": ("ignore:Using `httpx` with",),
}
CHECKS = {
    "js": ["node", "--check"],
    "php": ["php", "-l"],
    "python": [sys.executable, "-m", "py_compile"],
    "ruby": ["ruby", "-c"],
    "go": ["gofmt", "-e"],  # reads a part of a program from its standard input only
}
"""Language -> what checks the syntax of a file."""

PARSED = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
EXCERPTS = "py"


def is_test(block: Block) -> bool:
    """Return whether pytest runs a block."""
    return block.has_tests and block.is_run


def is_typed(block: Block) -> bool:
    """Return whether a shell runs a block."""
    return block.language == "sh" and block.is_run


@pytest.mark.parametrize("page", [x for x in PAGES if any(map(is_test, PAGES[x]))])
def test_every_test_on_a_page_passes(page: str, terminal: Terminal) -> None:
    """With the installed plugin, no configuration, and warnings as errors."""
    names = {}
    for block in PAGES[page]:
        if block.language == "python" and (block.name or is_test(block)):
            name = block.name or f"test_line_{block.line}.py"
            terminal.write(block, name)
            names[name] = is_test(block)
    warnings = ("error", *WARNINGS.get(page, ()))
    options = [option for text in warnings for option in ("-W", text)]

    outcome = terminal.run("python", "-m", "pytest", "-v", *options)

    assert outcome.returncode == 0, outcome.stdout
    ran = set(re.findall(r"^(\S+\.py)::\S+.* PASSED", outcome.stdout, re.MULTILINE))
    assert ran == {name for name, has_tests in names.items() if has_tests}


@pytest.mark.parametrize("page", [x for x in PAGES if any(map(is_typed, PAGES[x]))])
def test_every_command_on_a_page_works(page: str, terminal: Terminal) -> None:
    """In the order of the page, with the output that the page shows."""
    if any(is_typed(x) and "examples/" in x.code for x in PAGES[page]):
        (terminal.folder / "examples").symlink_to(ROOT / "examples")
    for block in PAGES[page]:
        if block.name and block.is_run:
            terminal.write(block)
    if any(is_typed(x) and FOREVER.match(x.code) for x in PAGES[page]):
        show(page, terminal)
    else:
        with Sandbox() as sandbox:
            terminal.ports["8585"] = sandbox.root_url.rpartition(":")[2]
            show(page, terminal)


def show(page: str, terminal: Terminal) -> None:
    """Type the commands of a page and compare what they print."""
    printed = ""
    for block in PAGES[page]:
        if is_typed(block):
            printed = terminal.type(block)
        elif block.note == "output":
            place = f"{page}, line {block.line}: the command prints\n{printed}"
            assert is_shown(block.language, terminal.adapted(block.code), printed), (
                place
            )
        elif block.note.startswith("printed by "):
            command = block.note.removeprefix("printed by ")
            terminal.wait_for(command, masked(terminal.adapted(block.code)))


def is_shown(language: str, shown: str, printed: str) -> bool:
    """Return whether a command prints what a page shows."""
    if language == "json":
        return is_part(json.loads(shown), json_in(printed))
    return is_excerpt(masked(shown), masked(printed))


@pytest.mark.parametrize("page", [x for x in PAGES if PAGES[x]])
def test_no_block_of_a_page_is_left_out(page: str) -> None:
    """Each is run, compared, parsed or an excerpt, or says why it is not."""
    text = {block.line: block.code for block in PAGES[page]}

    left = [
        f"{page}, line {block.line}"
        for block in PAGES[page]
        if not (
            is_typed(block)
            or is_test(block)
            or not block.is_run
            or block.note.startswith(("output", "printed by "))
            or block.language in {*PARSED, EXCERPTS}
            or is_used(block, [x for line, x in text.items() if line != block.line])
        )
    ]

    assert not left


def is_used(block: Block, others: list[str]) -> bool:
    """Return whether another block of the page runs or imports a block's file."""
    if not block.name:
        return False
    stem = Path(block.name).stem
    return stem == "conftest" or any(
        block.name in code or re.search(rf"\bfrom {stem} import", code)
        for code in others
    )


@pytest.mark.parametrize(
    ("page", "line"),
    [
        (page, block.line)
        for page, blocks in PAGES.items()
        for block in blocks
        if block.language in CHECKS and not block.is_run
    ],
)
def test_code_that_is_not_run_has_no_mistake_of_syntax(
    page: str, line: int, terminal: Terminal
) -> None:
    """Where the program that checks it is installed."""
    [block] = [x for x in PAGES[page] if x.line == line]
    command = CHECKS[block.language]
    need_program(command[0])
    name = f"block.{block.language}"
    terminal.write(block, name)
    take = "<" if block.language == "go" else ""

    outcome = terminal.run("bash", "-c", f"{shlex.join(command)} {take} {name}")

    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize("page", [x for x in PAGES if PAGES[x]])
def test_data_on_a_page_can_be_read(page: str) -> None:
    """JSON and TOML, as they stand there."""
    for block in PAGES[page]:
        if block.language in PARSED:
            PARSED[block.language](block.code)


@pytest.mark.parametrize("page", [x for x in PAGES if any(map(is_test, PAGES[x]))])
def test_a_page_names_the_packages_that_its_code_needs(page: str) -> None:
    """Those that do not come with this package, in a line of ``pip install``."""
    come = {re.split(r"[\[<>=!~; ]", x)[0] for x in requires("smartpay-sandbox") or ()}
    own = {"smartpay_mock", "smartpay_fixtures", "smartpay_schemas"}
    files = {Path(block.name).stem for block in PAGES[page] if block.name}
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(" ".join(re.findall(r"pip install ([^\n`]+)", text)).split())

    makers = packages_distributions()
    missing = {
        name
        for block in PAGES[page]
        if block.language == "python" and block.is_run
        for name in imported(block.code)
        if name not in sys.stdlib_module_names | own | files
        and not {x.lower() for x in makers[name]} & (come | named)
    }

    assert not missing


def imported(code: str) -> set[str]:
    """Return the packages that a program imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found
