"""Every page is linked and readable; statements about examples are true."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smartpay_mock.storage.urls import (
    POSTGRES_OPTIONS,
    SQLITE_OPTIONS,
    SYNCHRONOUS,
)

Blocks = Callable[..., list[Any]]

WIDTH = 88
STORY = "## A shop that charged twice\n"
STORY_LINES = 30


def test_the_index_leads_to_every_page(root: Path) -> None:
    """A page that the index leaves out is found by nobody."""
    index = (root / "docs" / "README.md").read_text(encoding="utf-8")
    written = {
        path.relative_to(root / "docs").as_posix()
        for path in (root / "docs").rglob("*.md")
        if path.name != "README.md"
    }
    shown = {
        path.relative_to(root).parent for path in root.glob("examples/*/README.md")
    }

    links = {*written, *(f"../{name.as_posix()}/README.md" for name in shown)}
    missing = sorted(link for link in links if f"({link})" not in index)
    assert not missing, f"docs/README.md does not link {', '.join(missing)}"


def test_the_readme_is_narrow_enough_for_a_terminal(root: Path) -> None:
    """Tables and links apart, which cannot be broken."""
    lines = (root / "README.md").read_text(encoding="utf-8").splitlines()

    wide = [line for line in lines if len(line) > WIDTH and not line.startswith("|")]

    assert not wide


def test_the_readme_shows_the_examples_as_they_are(root: Path, blocks: Blocks) -> None:
    """A block that is marked ``py`` is an excerpt of an example's file."""
    files = [
        textwrap.dedent(path.read_text(encoding="utf-8"))
        for path in root.glob("examples/pytest-shop/**/*.py")
    ]
    excerpts = blocks("README.md", "py")

    unknown = [x.code for x in excerpts if not any(x.code in text for text in files)]

    assert excerpts
    assert not unknown


def test_the_story_of_the_shop_is_short(root: Path) -> None:
    """Thirty lines, blank ones not counted, code and failure included."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition(STORY)
    story = re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0]

    lines = [line for line in story.splitlines() if line and not line.startswith("```")]

    assert 0 < len(lines) <= STORY_LINES


def test_the_fix_that_the_readme_names_is_the_shops(root: Path) -> None:
    """The one line that the good shop has in place of the bad one's."""
    readme = (root / "README.md").read_text(encoding="utf-8")
    [fix] = re.findall(r"one line, `(.+?)`:", readme)

    shop = (root / "examples" / "pytest-shop" / "shop.py").read_text(encoding="utf-8")

    assert fix in shop


def test_the_page_of_figures_has_a_place_for_every_table(root: Path) -> None:
    """What `make bench` measures is kept where a reader finds it."""
    page = (root / "docs" / "speed.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in root.glob("bench/*.py")]
    measured = {
        name for text in sources for name in re.findall(r'Table\(\s*"([\w-]+)"', text)
    }

    places = re.findall(
        r"<!-- bench: ([\w-]+) -->\n(?:.*?)<!-- end -->", page, re.DOTALL
    )

    assert len(measured) > 1
    assert sorted(places) == sorted(measured)


def test_the_page_of_state_has_every_option_of_its_urls(root: Path) -> None:
    """And none besides; the words of ``synchronous`` too."""
    page = (root / "docs" / "state.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", page, re.MULTILINE)

    of = {"SQLite": SQLITE_OPTIONS, "PostgreSQL": POSTGRES_OPTIONS}
    both = set(SQLITE_OPTIONS) & set(POSTGRES_OPTIONS)
    wanted = {
        (name, "both" if name in both else store)
        for store, names in of.items()
        for name in names
    }
    assert set(rows) == wanted
    assert all(f"`{word}`" in page for word in SYNCHRONOUS)
