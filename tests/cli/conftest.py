"""Run the real command, as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner

from smartpay_mock.cli import main

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COMMAND = [sys.executable, "-m", "smartpay_mock"]
_POLL_S = 0.02
_DEADLINE_S = 20.0


def state_of(folder: Path) -> dict[str, str]:
    """Return the variable for where emulators are recorded: not in the user's home."""
    return {"XDG_STATE_HOME": str(folder / "state")}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs the command in an empty folder."""

    def call(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SMARTPAY")}
        return subprocess.run(
            [*COMMAND, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**kept, "COLUMNS": "80", **state_of(tmp_path), **environ},
            check=False,
        )

    return call


@pytest.fixture
def run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return ``run`` without a process of its own, for commands that end at once."""
    monkeypatch.chdir(tmp_path)
    unset = {name: None for name in os.environ if name.startswith("SMARTPAY")}

    def call(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        variables = {**unset, "COLUMNS": "80", **state_of(tmp_path), **environ}
        done = CliRunner(env=variables).invoke(main, arguments, catch_exceptions=False)
        return subprocess.CompletedProcess(
            arguments, done.exit_code, done.stdout, done.stderr
        )

    return call


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Return a function that serves until the test is over."""
    running: list[Served] = []

    def start(*arguments: str, stdout: int = subprocess.PIPE) -> Served:
        port_file = tmp_path / f"port-{len(running)}"
        served = Served(port_file, arguments, stdout, state_of(tmp_path))
        running.append(served)
        return served.ready()

    yield start
    for served in running:
        served.stop()


class Served:
    """``smartpay-sandbox serve`` in a process of its own."""

    def __init__(
        self,
        port_file: Path,
        arguments: tuple[str, ...],
        stdout: int,
        environ: dict[str, str],
    ) -> None:
        self._port_file = port_file
        self.environ = environ
        argv = [*COMMAND, "serve", "--port", "0", "--port-file", str(port_file)]
        self.process = subprocess.Popen(
            [*argv, *arguments],
            stdout=stdout,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environ},
        )

    def ready(self) -> Served:
        """Wait until it serves."""
        pause = Event()
        for _ in range(int(_DEADLINE_S / _POLL_S)):
            if self._port_file.exists():
                return self
            assert self.process.poll() is None, self.process.communicate()[0]
            pause.wait(_POLL_S)
        raise AssertionError("it did not get ready")

    @property
    def root_url(self) -> str:
        """Scheme and authority."""
        return f"http://127.0.0.1:{self._port_file.read_text().strip()}"

    def stop(self) -> str:
        """End it as an operator does and return what it said."""
        self.process.terminate()
        output, _ = self.process.communicate(timeout=20)
        return output
