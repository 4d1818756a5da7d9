"""Set-up by `make`: with uv where it is installed, with pip otherwise."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("uv", "steps"),
    [
        ("uv", ["uv venv", "uv pip install"]),
        ("", ["-m venv", "-m pip install"]),
    ],
)
def test_set_up_uses_uv_where_it_is_installed(
    root: Path, tmp_path: Path, uv: str, steps: list[str]
) -> None:
    """Both install the pinned versions, and say what they do."""
    done = subprocess.run(
        ["make", "-n", "setup", f"UV={uv}", f"VENV={tmp_path}/venv"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    lines = [line for line in done.stdout.splitlines() if "echo" not in line]
    assert all(any(step in line for line in lines) for step in steps)
    assert sum(steps[-1] in line and "-c constraints" in line for line in lines) == 2
    assert done.stdout.count("(once, ") == 2
