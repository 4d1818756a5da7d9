"""Hooks of mkdocs: the site also has the pages of the repository outside of docs.

A link between any two files works on the site as it does in the repository, since
each page outside of docs keeps its path, and docs is the root of the site.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = (
    *("ARCHITECTURE.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md"),
    *("SECURITY.md", "compose.yaml"),
    *("examples/*/README.md", "contract_tests/smartpay_contracts/*.schema.json"),
)
LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[#)])")
OUTPUT = re.compile(r"^<!-- (output|printed by .+) -->\n```(\w+)$", re.MULTILINE)
DIAGRAM = re.compile(r"^```mermaid\n.*?^```\n", re.DOTALL | re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside of docs under their paths in the repository."""
    for pattern in OUTSIDE:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, name, abs_src_path=str(path)))
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Point links to where files are on the site, and give outputs a title.

    Diagrams of Mermaid are left out, since Mermaid would be loaded from elsewhere. A
    table beside each diagram says the same.
    """
    place = page.file.src_uri
    in_repository = Path(str(page.file.abs_src_path)).relative_to(ROOT).as_posix()

    def on_site(link: re.Match[str]) -> str:
        target = posixpath.join(posixpath.dirname(in_repository), link[1])
        target = posixpath.normpath(target).removeprefix("docs/")
        return posixpath.relpath(target, posixpath.dirname(place) or ".")

    titled = OUTPUT.sub(r'```\2 title="\1"', DIAGRAM.sub("", markdown))
    return LINK.sub(on_site, titled)
