"""Fixtures shared by the tests of the project itself: its files."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def modules(tracked: list[Path]) -> list[Path]:
    """Return the Python files under version control, relative to the root."""
    return [path for path in tracked if path.suffix == ".py"]
