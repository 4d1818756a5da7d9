"""What users install: a wheel and an sdist of the working tree."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Build = Callable[[Path, Path], None]


@pytest.fixture(scope="session")
def build() -> Build:
    """Return what builds the sdist and the wheel of one folder into another."""

    def build_both(source: Path, target: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-d", str(target)],
            cwd=source,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    return build_both


@pytest.fixture(scope="session")
def built(root: Path, build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the sdist and the wheel of the working tree."""
    folder = tmp_path_factory.mktemp("built")
    build(root, folder)
    return folder


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """Return the wheel."""
    [file] = built.glob("*.whl")
    return file


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    """Return the sdist."""
    [file] = built.glob("*.tar.gz")
    return file


@pytest.fixture(scope="session")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what the sdist contains."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "-xzf", str(sdist), "-C", str(folder)], check=True)
    [contents] = folder.iterdir()
    return contents
