"""Clients that generators make of the OpenAPI document are complete and typed.

openapi-typescript and openapi-python-client run as published, in folders of their own.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from smartpay_mock.control.admin import describe_admin
from smartpay_mock.server import Sandbox
from smartpay_schemas.openapi import openapi

FOLDER = Path(__file__).parent / "generated"
NPM = FOLDER / "node_modules"
PYTHON = FOLDER / ".venv" / "bin" / "python"
PIP = {"PIP_CONSTRAINT": "", "PIP_BUILD_CONSTRAINT": ""}
OUTCOME = {
    "status": "requires_capture",
    "lineItems": 1,
    "expanded": True,
    "captured": 350,
    "refunded": 50,
}


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Install the generators once."""
    npm = shutil.which("npm")
    if npm is None:
        message = "npm is missing; install Node.js 20 with npm."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    names = ("package.json", "requirements.txt")
    wanted = sys.version + "".join((FOLDER / name).read_text("utf-8") for name in names)
    NPM.mkdir(exist_ok=True)
    stamp = NPM / ".stamp"
    with (NPM / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
            _run([npm, "install", *quiet], FOLDER)
            _run([sys.executable, "-m", "venv", str(PYTHON.parents[1])], FOLDER)
            pip = [str(PYTHON), "-m", "pip", "install", "-q"]
            _run([*pip, "-r", "requirements.txt"], FOLDER)
            stamp.write_text(wanted, "utf-8")


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """Return a folder with the document and the programs that use the clients."""
    for name in ("package.json", "tsconfig.json", "drive.ts", "drive.py"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(NPM)
    (tmp_path / "api.json").write_text(json.dumps(openapi()), "utf-8")
    return tmp_path


@pytest.fixture
def url() -> Iterator[str]:
    """Return the URL of an emulator."""
    with Sandbox() as sandbox:
        yield sandbox.root_url


def test_a_typescript_client_charges_captures_and_refunds(
    workplace: Path, url: str
) -> None:
    """openapi-typescript keeps every member; tsc accepts the program as strict."""
    tools = workplace / "node_modules" / ".bin"

    _run(
        [str(tools / "openapi-typescript"), "api.json", "-o", "made/api.ts"], workplace
    )
    _run([str(tools / "tsc"), "-p", "."], workplace)
    printed = _run(["node", "made/drive.js", url, "sk_test_typescript"], workplace)

    assert json.loads(printed) == {**OUTCOME, "listed": [True]}


def test_a_python_client_charges_captures_and_refunds(
    workplace: Path, url: str
) -> None:
    """openapi-python-client drops nothing; mypy accepts the program as strict."""
    options = ["--path", "api.json", "--output-path", "made_client", "--meta", "none"]

    said = _run(
        [str(PYTHON.with_name("openapi-python-client")), "generate", *options],
        workplace,
    )
    strict = ["--strict", "--config-file", os.devnull]
    target = ["--python-executable", str(PYTHON), "drive.py"]
    _run([sys.executable, "-m", "mypy", *strict, *target], workplace)
    printed = _run([str(PYTHON), "drive.py", url, "sk_test_python"], workplace)

    assert "parsing" not in said
    assert json.loads(printed) == {**OUTCOME, "listed": [True]}


@pytest.mark.parametrize("describe", [openapi, describe_admin])
def test_redocly_finds_no_error(describe: object, workplace: Path) -> None:
    """Both documents follow the rules that Redocly recommends."""
    assert callable(describe)
    (workplace / "api.json").write_text(json.dumps(describe()), "utf-8")

    _run([str(NPM / ".bin" / "redocly"), "lint", "api.json"], workplace)


def _run(argv: Sequence[str], folder: Path) -> str:
    """Run a program to its end; return what it printed."""
    done = subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, **PIP, "REDOCLY_TELEMETRY": "off"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{argv}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr if "generate" in argv else done.stdout
