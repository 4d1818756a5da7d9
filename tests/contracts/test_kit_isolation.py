"""The folder and the environment of a run have no influence on its result."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartpay_contracts.emulator import running_emulator

FAILS = 'raise RuntimeError("imported from the current folder")\n'
COLLECT_ONLY = "[pytest]\naddopts = --collect-only\n"
FILES = {
    "conftest.py": FAILS,
    "tests/conftest.py": FAILS,
    "pytest.ini": COLLECT_ONLY,
    "tox.ini": COLLECT_ONLY,
    "requests.py": FAILS,
    "pytest.py": FAILS,
    "smartpay_contracts/__init__.py": FAILS,
}
VARIABLES = {"PYTEST_ADDOPTS": "--collect-only", "PYTEST_PLUGINS": "no_such_plugin"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return the base URL of an emulator."""
    with running_emulator() as server:
        yield str(server)


@pytest.mark.parametrize(("files", "variables"), [(FILES, {}), ({}, VARIABLES)])
def test_verify_checks_the_same_wherever_it_runs(
    files: dict[str, str], variables: dict[str, str], url: str, tmp_path: Path
) -> None:
    """Files of a project, options of its pytest and its modules are not read."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")

    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "smartpay_mock", "verify"),
            *("--target", url, "-k", "approved_order_succeeds"),
        ],
        cwd=tmp_path,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
