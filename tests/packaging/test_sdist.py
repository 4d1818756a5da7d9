"""The sdist: everything that is needed to build, test and run from it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.packaging.conftest import Build

SOURCES = ("schemas", "fixtures", "mock_server", "contract_tests")
SELECTION = ("tests/schemas/test_schema_tables.py", "tests/mock_server/resources")


def test_the_sdist_holds_every_file_of_the_repository(
    unpacked: Path, tracked: list[Path]
) -> None:
    """A packager builds and tests from it, without the repository."""
    missing = [str(path) for path in tracked if not (unpacked / path).is_file()]

    assert not missing


def test_tests_run_from_an_sdist(unpacked: Path) -> None:
    """Tests import the packages of the sdist and find their files in it."""
    sources = os.pathsep.join(str(unpacked / folder) for folder in SOURCES)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *SELECTION],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": sources},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_a_wheel_is_the_same_file_wherever_and_whenever_it_is_built(
    unpacked: Path, wheel: Path, build: Build, tmp_path: Path
) -> None:
    """Another folder and other times of files change no byte."""
    for path in unpacked.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))

    build(unpacked, tmp_path)

    [again] = tmp_path.glob("*.whl")
    digests = {hashlib.sha256(x.read_bytes()).hexdigest() for x in (wheel, again)}
    assert again.name == wheel.name
    assert len(digests) == 1
