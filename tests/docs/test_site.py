"""The site builds without a warning and loads nothing from elsewhere."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LOADED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=\"?([^\"\s>]+)")


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a site that was built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    outcome = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert outcome.returncode == 0, outcome.stderr
    return folder


def test_the_site_has_every_page(root: Path, built: Path) -> None:
    """Links between them are checked by the build."""
    pages = [path.relative_to(root / "docs") for path in root.glob("docs/**/*.md")]

    missing = [
        page
        for page in pages
        if not (built / page).with_suffix(".html").is_file() and page.stem != "README"
    ]

    assert (built / "index.html").is_file()
    assert not missing


def test_a_page_loads_nothing_from_elsewhere(built: Path) -> None:
    """Scripts, styles, fonts and images are files of the site."""
    html = {path: path.read_text(encoding="utf-8") for path in built.rglob("*.html")}

    loaded = {
        f"{path.name}: {address}"
        for path, text in html.items()
        for address in LOADED.findall(text)
        if re.match(r"(https?:)?//", address)
    }

    assert len(html) > 10
    assert not loaded
    assert not [path for path, text in html.items() if 'class="mermaid"' in text]


def test_the_search_finds_what_pages_say(built: Path) -> None:
    """In the languages of the pages."""
    index = json.loads((built / "search" / "search_index.json").read_bytes())

    found = [row["location"] for row in index["docs"] if "idempotency" in row["text"]]

    assert index["config"]["lang"] == ["en", "ja"]
    assert "glossary.html" in " ".join(found)
