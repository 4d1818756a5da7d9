"""What the tests of the kit share: a third-party server, and runs of the kit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from smartpay_mock.app import create_app
from smartpay_mock.control.routes import PREFIX
from smartpay_mock.server import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ROOT = Path(__file__).parents[2]
SERVER = (sys.executable, "-m", "tests.contracts.third_party_server")
TOKEN = "paytok_test_ThirdParty000000000001"
CONSUMER = ("third-party+test@example.com", "third-party-password")
KIT = (sys.executable, "-m", "smartpay_contracts")
IS_LONG = bool(os.environ.get("SMARTPAY_TEST_LONG"))
ONE_CASE_EACH = """
def pytest_collection_modifyitems(items):
    cases = {}
    for item in items:
        cases.setdefault((item.path, item.originalname), item)
    items[:] = cases.values()
"""
READY_WITHIN_S = 20

Start = Callable[..., AbstractContextManager[str]]
RunKit = Callable[..., "KitRun"]


@dataclass(frozen=True, slots=True)
class KitRun:
    """One run of the kit.

    Attributes:
        code: Its exit code.
        output: What it printed.
        report: The JSON report, if it wrote one.
        folder: Where everything it wrote is.
    """

    code: int
    output: str
    report: dict[str, Any]
    folder: Path

    def broken(self) -> set[str]:
        """Return the clauses that were found broken."""
        return {r["id"] for r in self.report["clauses"] if r["verdict"] == "broken"}

    def everything(self) -> str:
        """Return all that the run gave out, in any form."""
        texts = [self.output]
        for path in self.folder.iterdir():
            if path.is_file():
                texts.append(path.read_text(encoding="utf-8", errors="replace"))
        return "\n".join(texts)


@pytest.fixture(scope="session")
def third_party_server(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Return a function that starts the third-party server, with further arguments."""

    @contextmanager
    def start(*arguments: str) -> Iterator[str]:
        port_file = tmp_path_factory.mktemp("server") / "port"
        process = subprocess.Popen(
            [*SERVER, "--port-file", str(port_file), *arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"http://127.0.0.1:{_port(process, port_file)}"
        finally:
            process.terminate()
            process.wait(READY_WITHIN_S)

    return start


def _port(process: subprocess.Popen[bytes], port_file: Path) -> int:
    deadline = time.monotonic() + READY_WITHIN_S
    while not port_file.exists():
        assert process.poll() is None, "the third-party server ended"
        assert time.monotonic() < deadline, "the third-party server did not start"
    return int(port_file.read_text(encoding="ascii"))


@pytest.fixture(scope="session")
def run_kit(tmp_path_factory: pytest.TempPathFactory) -> RunKit:
    """Return a function that runs the kit, as a person would, and reads its report."""

    def run(url: str, *arguments: str, **variables: str) -> KitRun:
        folder = tmp_path_factory.mktemp("run")
        reports = [
            f"--smartpay-report-json={folder / 'report.json'}",
            f"--smartpay-report-html={folder / 'report.html'}",
            f"--smartpay-report-markdown={folder / 'report.md'}",
            f"--junitxml={folder / 'junit.xml'}",
        ]
        done = subprocess.run(
            [*KIT, "--smartpay-url", url, *reports, *arguments],
            capture_output=True,
            check=False,
            cwd=folder,
            env={**_environment(), **variables},
            text=True,
        )
        written = folder / "report.json"
        report = json.loads(written.read_text("utf-8")) if written.exists() else {}
        return KitRun(done.returncode, done.stdout + done.stderr, report, folder)

    return run


@pytest.fixture(scope="session")
def run_every_test(run_kit: RunKit, tmp_path_factory: pytest.TempPathFactory) -> RunKit:
    """Return a function that runs one case of each test; all cases in a long run."""
    if IS_LONG:
        return run_kit
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "one_case_each.py").write_text(ONE_CASE_EACH, encoding="utf-8")
    plugin = ("-p", "one_case_each")
    return lambda url, *arguments: run_kit(
        url, *plugin, *arguments, PYTHONPATH=str(folder)
    )


def _environment() -> dict[str, str]:
    """Return this process's environment without what would change a run."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SMARTPAY_", "PYTEST_", "GITHUB_"))
    }


@pytest.fixture
def emulator_without_control() -> Iterator[str]:
    """Give the emulator's base URL, its control plane hidden."""
    app = create_app()

    def hiding(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        if environ["PATH_INFO"].startswith(PREFIX):
            start_response("404 Not Found", [("Content-Length", "0")])
            return ()
        return app(environ, start_response)

    with Sandbox(app=hiding) as sandbox:
        yield sandbox.url


def known(key: str, *, second_key: str = "") -> list[str]:
    """Return the options of a run against the third-party server that lacks nothing."""
    email, password = CONSUMER
    options = {
        "secret-key": key,
        "second-secret-key": second_key,
        "token": TOKEN,
        "consumer-email": email,
        "consumer-password": password,
    }
    return [f"--smartpay-{name}={value}" for name, value in options.items() if value]


@pytest.fixture(scope="session")
def options() -> Callable[..., list[str]]:
    """Return the options that describe the third-party server to a run."""
    return known
