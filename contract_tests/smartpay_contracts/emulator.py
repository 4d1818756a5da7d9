"""Start the emulator as a process, for a run without --smartpay-url."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULE = "smartpay_mock"
READY_WITHIN_S = 30
_ENDS_WITHIN_S = 10


@contextlib.contextmanager
def running_emulator() -> Iterator[str]:
    """Run an emulator on a free port of this machine and yield its root URL.

    Raises:
        pytest.UsageError: It is not installed, or does not start.
    """
    if importlib.util.find_spec(MODULE) is None:
        raise pytest.UsageError(
            "No server to check. Give one with --smartpay-url, or install the emulator "
            "(pip install smartpay-sandbox) and the kit starts it."
        )
    with tempfile.TemporaryDirectory(prefix="smartpay-contracts-") as folder:
        port_file, log = Path(folder, "port"), Path(folder, "log")
        with log.open("wb") as output:
            process = _start(port_file, output.fileno())
        try:
            yield f"http://127.0.0.1:{_wait_for_port(process, port_file, log)}"
        finally:
            _stop(process)


def _start(port_file: Path, output: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", MODULE, "serve", "--port", "0"]
    # Variables of the shell must not change the emulator.
    mine = {
        k: v for k, v in os.environ.items() if not k.startswith("SMARTPAY_SANDBOX_")
    }
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*command, "--port-file", str(port_file)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=mine,
    )


def _wait_for_port(process: subprocess.Popen[bytes], port_file: Path, log: Path) -> int:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, ValueError):
            return int(port_file.read_text(encoding="utf-8"))
        # The file appears when the server listens; there is nothing to wait on.
        time.sleep(0.02)
    said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
    raise pytest.UsageError(
        f"The emulator did not start within {READY_WITHIN_S} s. Its output:\n{said}\n"
        "Start it with smartpay-sandbox serve and give --smartpay-url."
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
