"""pyright, in its strictest mode, accepts a user's test file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.external.installing import install_from_npm

FOLDER = Path(__file__).parent / "pyright"


@pytest.fixture(scope="session")
def pyright() -> list[str]:
    """Return the command, installed once from the npm registry."""
    programs = install_from_npm(FOLDER)
    return [str(programs / "pyright"), "--pythonpath", sys.executable]


def test_a_users_test_file_has_no_type_errors(pyright: list[str]) -> None:
    """Every member of the fixture has a type that pyright knows."""
    done = subprocess.run(
        [*pyright, "--project", str(FOLDER), "--outputjson"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    report = json.loads(done.stdout)
    assert [found["message"] for found in report["generalDiagnostics"]] == []
    assert report["summary"]["filesAnalyzed"] >= 1
