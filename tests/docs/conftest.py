"""What the tests of the pages share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.docs.pages import PORTS, Block, Terminal, blocks_of, free_ports

Blocks = Callable[..., list[Block]]


@pytest.fixture(scope="session")
def blocks(root: Path) -> Blocks:
    """Return what finds a page's blocks of some languages, in their order."""

    def found_in(page: str, *languages: str) -> list[Block]:
        return [x for x in blocks_of(root / page) if x.language in languages]

    return found_in


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Return a terminal in the test's own folder."""
    opened = Terminal(tmp_path, dict(zip(PORTS, free_ports(), strict=True)))
    yield opened
    opened.close()
