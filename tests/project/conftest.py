"""Fixtures shared by the tests of the project itself: its files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Return the files under version control that exist, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = [Path(name) for name in listing.stdout.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def modules(tracked: list[Path]) -> list[Path]:
    """Return the Python files under version control, relative to the root."""
    return [path for path in tracked if path.suffix == ".py"]
