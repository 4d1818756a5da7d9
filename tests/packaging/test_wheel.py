"""The package as users get it: what is in the wheel, and what loading it costs."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any

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
    "httpx",
    "jinja2",
    "urllib3",
)


# Programs, not modules: to import one is to run it.
PROGRAMS = (".__main__",)
SOCKETS = """
import importlib, pkgutil, sys

def report(event, arguments):
    if event.startswith("socket."):
        frame = sys._getframe(1)
        while frame.f_globals["__name__"] in ("socket", "_socket"):
            frame = frame.f_back
        print(event, "by", frame.f_globals["__name__"])

sys.addaudithook(report)
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
# urllib3 binds a free port of ::1 for a moment, to see whether the host has IPv6.
PROBE_OF_IPV6 = {
    "socket.__new__ by urllib3.util.connection",
    "socket.bind by urllib3.util.connection",
}


@pytest.fixture(scope="session")
def names(wheel: Path) -> list[str]:
    """Return the names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> Message:
    """Return the metadata of the wheel, with README as its payload."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [x for x in archive.namelist() if x.endswith("/METADATA")]
        return message_from_string(archive.read(name).decode())


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    """Return the table ``project`` of pyproject.toml."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)["project"]
    return table


def test_the_wheel_holds_the_four_packages_and_nothing_else(
    project: dict[str, Any], names: list[str]
) -> None:
    """No generic name such as ``schemas`` or ``tests`` lands in site-packages."""
    metadata = f"smartpay_sandbox-{project['version']}.dist-info"

    top_level = {name.split("/")[0] for name in names}

    assert top_level == {*PACKAGES.values(), metadata}


def test_the_wheel_holds_every_file_of_the_packages(
    names: list[str], tracked: list[Path]
) -> None:
    """Tables, schemas, examples and ``py.typed`` travel with the code."""
    expected = {
        path.relative_to(path.parts[0]).as_posix()
        for path in tracked
        if path.parts[0] in PACKAGES
    }

    missing = expected - set(names)

    assert not missing, f"not in the wheel: {', '.join(sorted(missing))}"


def test_the_wheel_names_its_command_and_its_plugins(
    project: dict[str, Any],
) -> None:
    """The command, and the entry points by which pytest finds fixture and kit."""
    plugins = project["entry-points"]["pytest11"]

    assert project["scripts"] == {"smartpay-sandbox": "smartpay_mock.cli:main"}
    assert plugins == {
        "smartpay_sandbox": "smartpay_mock.pytest_plugin",
        "smartpay_contracts": "smartpay_contracts.entry",
    }


def test_an_index_accepts_and_shows_wheel_and_sdist(built: Path) -> None:
    """Metadata is valid and the description renders, without a warning."""
    files = [str(path) for path in built.iterdir() if path.suffix in {".whl", ".gz"}]

    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert len(files) == 2


def test_no_link_of_the_description_is_relative(
    metadata: Message, project: dict[str, Any]
) -> None:
    """An index shows README without the files that it links."""
    readme = str(metadata.get_payload())
    ours = f"{project['urls']['Source']}/"

    links = re.findall(r"\]\(([^)\s]+)|^\[[^\]]+\]: (\S+)", readme, re.MULTILINE)
    targets = [inline or definition for inline, definition in links]
    attributes = re.findall(r"""\b(?:src|href)=["']([^"']+)""", readme)

    assert [x for x in targets + attributes if not x.startswith("https://")] == []
    assert f"{ours}blob/main/docs/README.md" in targets


def test_every_address_of_the_project_is_below_one(root: Path) -> None:
    """The repository has one address, in pyproject.toml and on all pages."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    urls = tomllib.loads(text)["project"]["urls"]

    addresses = re.findall(r"https://github\.com/[^\s\"']+", text)

    assert addresses
    assert [x for x in addresses if not x.startswith(urls["Source"])] == []


def test_the_classifiers_name_each_python_that_ci_could_run(
    project: dict[str, Any],
) -> None:
    """Classifiers and ``requires-python`` agree on the oldest version."""
    prefix = "Programming Language :: Python :: 3."

    minors = [
        int(x.removeprefix(prefix))
        for x in project["classifiers"]
        if x.startswith(prefix)
    ]

    assert minors == list(range(11, 15))
    assert project["requires-python"] == f">=3.{minors[0]}"


@pytest.mark.parametrize(
    "use",
    [
        "import smartpay_mock.pytest_plugin",
        "import smartpay_contracts.entry",
        "import smartpay_mock.cli",
        "import smartpay_mock",
        "import smartpay_mock.testing.smartpay",
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


def test_no_module_opens_a_socket_when_it_is_imported(names: list[str]) -> None:
    """To import a package makes no connection and looks no name up."""
    modules = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in names
        if name.endswith(".py")
    ]
    imported = [name for name in modules if not name.endswith(PROGRAMS)]

    done = subprocess.run(
        [sys.executable, "-c", SOCKETS, *imported],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) <= PROBE_OF_IPV6
    assert len(imported) > 100
