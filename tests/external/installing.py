"""Programs that tests run, installed once into the folder of their requirements."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

_TIMEOUT_S = 300
# What make asks of pip is meant for the emulator's environment, not for these.
_PIP = {"PIP_CONSTRAINT": "", "PIP_BUILD_CONSTRAINT": ""}


def run(
    argv: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program that has to succeed; return what it printed."""
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{argv}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def install_from_npm(folder: Path) -> Path:
    """Install what ``package.json`` names; return the folder of its programs."""
    npm = shutil.which("npm")
    if npm is None:
        message = "npm is missing; install Node.js 20 with npm."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
    home = folder / "node_modules"
    wanted = (folder / "package.json").read_text(encoding="utf-8")
    _once(home, wanted, lambda: run([npm, "install", *quiet], folder))
    return home / ".bin"


def install_from_pypi(folder: Path) -> Path:
    """Install what ``requirements.txt`` names; return the folder of its programs."""
    home = folder / ".venv"
    programs = home / "bin"

    def install() -> None:
        # The pip that runs the tests installs there too: one of its own takes seconds.
        run([sys.executable, "-m", "venv", "--without-pip", str(home)], folder)
        pip = [sys.executable, "-m", "pip", "--python", str(programs / "python")]
        quiet = ["-q", "--disable-pip-version-check", "-r", "requirements.txt"]
        run([*pip, "install", *quiet], folder, _PIP)

    requirements = (folder / "requirements.txt").read_text(encoding="utf-8")
    _once(home, sys.version + requirements, install)
    return programs


def _once(home: Path, wanted: str, install: Callable[[], object]) -> None:
    """Call ``install``, in one process, unless it was called for the same text."""
    home.mkdir(exist_ok=True)
    stamp = home / ".stamp"
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            install()
            stamp.write_text(wanted, encoding="utf-8")
