"""pyright, in its strictest mode, accepts a user's test file."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "pyright"


@pytest.fixture(scope="session")
def pyright() -> list[str]:
    """Return the command, installed once from the npm registry."""
    npm = shutil.which("npm")
    if npm is None:
        message = "npm is missing; install Node.js 20 with npm."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    home = FOLDER / "node_modules"
    home.mkdir(exist_ok=True)
    stamp, wanted = home / ".stamp", (FOLDER / "package.json").read_text("utf-8")
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
            done = subprocess.run(
                [npm, "install", *quiet],
                cwd=FOLDER,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            stamp.write_text(wanted, "utf-8")
    return [str(home / ".bin" / "pyright"), "--pythonpath", sys.executable]


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
