"""schemathesis finds no problem in the emulator.

It reads the emulator's own OpenAPI document and sends what the document allows and
what it forbids. It lives in an environment of its own, since it pins what we use.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.external.installing import install_from_pypi

from smartpay_mock.server import Sandbox

FOLDER = Path(__file__).parent / "schemathesis"
# Few enough for every run; SMARTPAY_TEST_LONG asks for more.
EXAMPLES = "200" if os.environ.get("SMARTPAY_TEST_LONG") else "3"


@pytest.fixture(scope="session")
def schemathesis() -> Path:
    """Return the command, installed once."""
    return install_from_pypi(FOLDER) / "schemathesis"


@pytest.mark.timeout(900)
def test_schemathesis_has_no_findings(schemathesis: Path, tmp_path: Path) -> None:
    """Examples, boundary values, generated calls and sequences: all as documented."""
    with Sandbox() as sandbox:
        done = subprocess.run(
            [
                str(schemathesis),
                "--config-file",
                str(FOLDER / "schemathesis.toml"),
                "run",
                f"{sandbox.root_url}/openapi.json",
                "--header",
                "Authorization: Basic sk_test_schemathesis",
                "--max-examples",
                EXAMPLES,
                "--seed",
                "1",
                "--phases",
                "examples,coverage,fuzzing,stateful",
                "--checks",
                "all",
            ],
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(FOLDER / "hooks.py")},
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 36" in done.stdout
