"""Packages and layers import one way: the rules of pyproject.toml find violations."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

PACKAGES = ("schemas", "fixtures", "mock_server", "contract_tests")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the repository, or the copy of it, at ``root``."""
    program = (
        "import sys; from importlinter.cli import lint_imports_command as run; run()"
    )
    return subprocess.run(
        [sys.executable, "-c", program, "--no-logo", "--no-cache"],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(root / folder) for folder in PACKAGES),
        },
        check=False,
        capture_output=True,
        text=True,
    )


def test_an_import_of_the_emulator_by_the_kit_is_reported(
    root: Path, tmp_path: Path
) -> None:
    """A forbidden import fails the check, which names importer and imported."""
    for folder in PACKAGES:
        shutil.copytree(
            root / folder,
            tmp_path / folder,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    shutil.copy(root / "pyproject.toml", tmp_path)
    kit = tmp_path / "contract_tests/smartpay_contracts/trespass.py"
    kit.write_text("import smartpay_mock.app\n")

    outcome = lint_imports(tmp_path)

    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    assert "smartpay_contracts.trespass -> smartpay_mock.app" in outcome.stdout


def test_the_architecture_page_lists_the_layers_in_their_order(root: Path) -> None:
    """The page and the rule that is enforced are the same."""
    page = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(
        contract["layers"]
        for contract in config["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == ["smartpay_mock"]
    )

    rows = [
        f"| {', '.join(f'`{name}`' for name in re.findall('[a-z_]+', layer))} |"
        for layer in layers
    ]

    places = [page.find(row) for row in rows]
    assert -1 not in places, rows[places.index(-1)]
    assert places == sorted(places)
