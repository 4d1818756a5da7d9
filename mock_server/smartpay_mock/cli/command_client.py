"""Grade a client in any language: a command that charges once per scenario."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.grading import Outcome, ScenarioGrade
from smartpay_mock.testing.retries import RetryScenario
from smartpay_mock.testing.session import SmartpayServer
from smartpay_mock.testing.smartpay import Smartpay

Environ = Callable[[Smartpay], Mapping[str, str]]

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class CommandGrade:
    """The result of a command in one scenario.

    Attributes:
        grade: Its grade in the scenario.
        exit_code: Its exit code; ``None`` if it was stopped.
        last_line: The last line that it printed.
    """

    grade: ScenarioGrade
    exit_code: int | None
    last_line: str


class CommandClient:
    """Runs a command that charges the order in its environment once.

    The command exits with 0 if, and only if, it counts the charge as made.

    Args:
        argv: The command.
        timeout_s: Longest time of one run before it is stopped, in seconds.
        environ: Returns environment variables for an account, in addition to
            ``SMARTPAY_TOKEN``, ``SMARTPAY_PAYLOAD`` and ``SMARTPAY_SCENARIO``.
    """

    def __init__(
        self, argv: Sequence[str], *, timeout_s: float, environ: Environ
    ) -> None:
        self._argv = list(argv)
        self._timeout_s = timeout_s
        self._environ = environ
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = Lock()
        self._is_stopped = False

    def play_all(
        self, scenarios: Iterable[RetryScenario], server: SmartpayServer, *, jobs: int
    ) -> Iterator[CommandGrade]:
        """Run scenarios in parallel; yield the result of each, in their order.

        At the end, also after an exception, no process of a command is left.

        Args:
            scenarios: The scenarios to run.
            server: The server that creates an account for each of them.
            jobs: Number of parallel runs, at least 1.

        Raises:
            SandboxUsageError: The command cannot be run.
        """
        with ThreadPoolExecutor(jobs) as pool:
            playing = [
                pool.submit(self.play, each, server.account(f"grade {each}"))
                for each in scenarios
            ]
            try:
                for played in playing:
                    # Wake up regularly, so that this thread can handle signals.
                    while not played.done():
                        wait([played], _POLL_S)
                    yield played.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                self._stop()

    def play(self, scenario: RetryScenario, smartpay: Smartpay) -> CommandGrade:
        """Run the command once in a scenario.

        Raises:
            SandboxUsageError: The command cannot be run.
        """
        payload = scenario.arm(smartpay)
        with tempfile.TemporaryDirectory(prefix="smartpay-grade-") as folder:
            path = Path(folder) / "payload.json"
            path.write_text(json.dumps(payload, ensure_ascii=False), encoding="utf-8")
            environ = {
                **os.environ,
                **self._environ(smartpay),
                "SMARTPAY_TOKEN": scenario.token,
                "SMARTPAY_PAYLOAD": str(path),
                "SMARTPAY_SCENARIO": scenario.id,
            }
            code, output = self._run(environ)
        outcome: Outcome = "success" if code == 0 else "failure"
        if code is None:
            outcome = "unfinished"
        lines = output.strip().splitlines() or [""]
        return CommandGrade(scenario.grade(smartpay, outcome), code, lines[-1])

    def _run(self, environ: Mapping[str, str]) -> tuple[int | None, str]:
        """Run the command; return exit code (``None`` if stopped) and output."""
        with self._lock:
            if self._is_stopped:
                raise SandboxUsageError("Grading was stopped.")
            process = self._start(environ)
            self._running.add(process)
        with process:
            try:
                output, _ = process.communicate(timeout=self._timeout_s)
                code: int | None = process.returncode
            except subprocess.TimeoutExpired:
                _kill(process)
                output, code = process.communicate()[0], None
        with self._lock:
            self._running.discard(process)
        return code, output

    def _start(self, environ: Mapping[str, str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(  # noqa: S603 - the user's command
                self._argv,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                # A process group, so that the command's own children can be stopped.
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxUsageError(
                f"Cannot run {self._argv[0]}: {error.strerror}. Give a command that "
                "charges once: smartpay-sandbox grade -- python charge.py"
            ) from None

    def _stop(self) -> None:
        with self._lock:
            self._is_stopped = True
            for process in self._running:
                _kill(process)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a command and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
