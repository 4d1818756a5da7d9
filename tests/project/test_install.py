"""The package as users get it: what is in the wheel, and what loading it costs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

PACKAGES = {
    "schemas": "smartpay_schemas",
    "fixtures": "smartpay_fixtures",
    "mock_server": "smartpay_mock",
    "contract_tests": "smartpay_contracts",
}
HEAVY = (
    "flask",
    "werkzeug",
    "jsonschema",
    "jsonschema_rs",
    "referencing",
    "faker",
    "responses",
    "requests",
    "sqlite3",
    "httptools",
)


@pytest.fixture(scope="session")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the names of the files in a wheel built from the working tree."""
    target = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=root,
        check=True,
        capture_output=True,
    )
    (built,) = target.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_four_packages_and_nothing_else(
    root: Path, wheel: list[str]
) -> None:
    """No generic name such as ``schemas`` or ``tests`` lands in site-packages."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]

    top_level = {name.split("/")[0] for name in wheel}

    assert top_level == {*PACKAGES.values(), f"smartpay_sandbox-{version}.dist-info"}


def test_the_wheel_holds_every_file_of_the_packages(
    wheel: list[str], tracked: list[Path]
) -> None:
    """Tables, schemas, examples and ``py.typed`` travel with the code."""
    expected = {
        path.relative_to(path.parts[0]).as_posix()
        for path in tracked
        if path.parts[0] in PACKAGES
    }

    missing = expected - set(wheel)

    assert not missing, f"not in the wheel: {', '.join(sorted(missing))}"


def test_the_wheel_names_its_command_and_its_plugins(root: Path) -> None:
    """The command, and the entry points by which pytest finds fixture and kit."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]

    plugins = project["entry-points"]["pytest11"]

    assert project["scripts"] == {"smartpay-sandbox": "smartpay_mock.cli:main"}
    assert plugins == {
        "smartpay_sandbox": "smartpay_mock.pytest_plugin",
        "smartpay_contracts": "smartpay_contracts.entry",
    }


@pytest.mark.parametrize(
    "use",
    [
        "import smartpay_mock.pytest_plugin",
        "import smartpay_contracts.entry",
        "import smartpay_mock.cli",
        "import smartpay_mock",
        "import smartpay_schemas",
        "import smartpay_fixtures as f; f.sandbox_values()",
        "import smartpay_fixtures as f; f.SAMPLES['guide/curl'].payload",
        "import smartpay_fixtures as f; f.load('requests/order-create')",
        "import smartpay_fixtures as f; f.broken_order_payloads()",
        "import smartpay_fixtures.recordings as r; r.recordings()",
        "import smartpay_fixtures.scenarios as s; s.scenarios()",
    ],
)
def test_loading_a_package_loads_nothing_heavy(use: str) -> None:
    """An installed plugin that a run doesn't use costs next to nothing.

    Of the fixtures, only generated payloads need a heavy package (Faker).
    """
    probe = f"import sys; {use}; print(*sys.modules)"

    outcome = subprocess.run(
        [sys.executable, "-c", probe], check=False, capture_output=True, text=True
    )

    assert outcome.returncode == 0, outcome.stderr
    heavy = set(outcome.stdout.split()) & set(HEAVY)
    assert not heavy, f"{use} loads {', '.join(sorted(heavy))}"
