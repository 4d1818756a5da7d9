"""Clients that generators make of the OpenAPI document are complete and typed.

openapi-typescript and openapi-python-client run as published, in folders of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.external.installing import install_from_npm, install_from_pypi, run

from smartpay_mock.control.admin import describe_admin
from smartpay_mock.server import Sandbox
from smartpay_schemas.openapi import openapi

FOLDER = Path(__file__).parent / "generated"
OUTCOME = {
    "status": "requires_capture",
    "lineItems": 1,
    "expanded": True,
    "captured": 350,
    "refunded": 50,
}


@pytest.fixture(scope="session")
def npm_programs() -> Path:
    """Return the folder of openapi-typescript, tsc and redocly."""
    return install_from_npm(FOLDER)


@pytest.fixture(scope="session")
def python() -> Path:
    """Return the Python that has openapi-python-client."""
    return install_from_pypi(FOLDER) / "python"


@pytest.fixture
def workplace(tmp_path: Path, npm_programs: Path) -> Path:
    """Return a folder with the document and the programs that use the clients."""
    for name in ("package.json", "tsconfig.json", "drive.ts", "drive.py"):
        shutil.copy(FOLDER / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(npm_programs.parent)
    (tmp_path / "api.json").write_text(json.dumps(openapi()), "utf-8")
    return tmp_path


@pytest.fixture
def url() -> Iterator[str]:
    """Return the URL of an emulator."""
    with Sandbox() as sandbox:
        yield sandbox.root_url


def test_a_typescript_client_charges_captures_and_refunds(
    workplace: Path, npm_programs: Path, url: str
) -> None:
    """openapi-typescript keeps every member; tsc accepts the program as strict."""
    tools = workplace / "node_modules" / ".bin"

    run([str(tools / "openapi-typescript"), "api.json", "-o", "made/api.ts"], workplace)
    run([str(npm_programs / "tsc"), "-p", "."], workplace)
    printed = run(["node", "made/drive.js", url, "sk_test_typescript"], workplace)

    assert json.loads(printed.stdout) == {**OUTCOME, "listed": [True]}


def test_a_python_client_charges_captures_and_refunds(
    workplace: Path, python: Path, url: str
) -> None:
    """openapi-python-client drops nothing; mypy accepts the program as strict."""
    options = ["--path", "api.json", "--output-path", "made_client", "--meta", "none"]

    said = run(
        [str(python.with_name("openapi-python-client")), "generate", *options],
        workplace,
    )
    strict = ["--strict", "--config-file", os.devnull]
    target = ["--python-executable", str(python), "drive.py"]
    run([sys.executable, "-m", "mypy", *strict, *target], workplace)
    printed = run([str(python), "drive.py", url, "sk_test_python"], workplace)

    assert "parsing" not in said.stdout + said.stderr
    assert json.loads(printed.stdout) == {**OUTCOME, "listed": [True]}


@pytest.mark.parametrize("describe", [openapi, describe_admin])
def test_redocly_finds_no_error(
    describe: Callable[[], Any], workplace: Path, npm_programs: Path
) -> None:
    """Both documents follow the rules that Redocly recommends."""
    (workplace / "api.json").write_text(json.dumps(describe()), "utf-8")

    run(
        [str(npm_programs / "redocly"), "lint", "api.json"],
        workplace,
        {"REDOCLY_TELEMETRY": "off"},
    )
