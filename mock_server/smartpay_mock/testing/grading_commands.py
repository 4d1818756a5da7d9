"""Clients in any language: a command that charges once, per scenario."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.grading import ScenarioGrade
from smartpay_mock.testing.grading_evidence import Outcome
from smartpay_mock.testing.grading_scenarios import RetryScenario
from smartpay_mock.testing.session import SmartpayServer
from smartpay_mock.testing.smartpay import Smartpay

Environ = Callable[[Smartpay], Mapping[str, str]]

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class CommandGrade:
    """What came of a command in one scenario.

    Attributes:
        grade: What the scenario says of it.
        exit_code: What it exited with; ``None`` if it was stopped.
        last_words: The last line it printed, for whoever looks for the reason.
    """

    grade: ScenarioGrade
    exit_code: int | None
    last_words: str


class CommandClient:
    """A command that charges the order it finds in its environment, once.

    It exits with 0 if, and only if, it believes that the charge was made. Use it as a
    context manager: at the end no process of it is left.

    Args:
        argv: The command.
        timeout_s: How long one run may take before it is stopped, in seconds.
        environ: What points the command at an account, beside ``SMARTPAY_TOKEN``,
            ``SMARTPAY_PAYLOAD`` and ``SMARTPAY_SCENARIO``.
    """

    def __init__(
        self, argv: Sequence[str], *, timeout_s: float, environ: Environ
    ) -> None:
        self._argv = list(argv)
        self._timeout_s = timeout_s
        self._environ = environ
        self._children: set[subprocess.Popen[str]] = set()
        self._lock = Lock()
        self._is_over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._is_over = True
            for child in self._children:
                _kill(child)

    def play_all(
        self, scenarios: Iterable[RetryScenario], server: SmartpayServer, *, jobs: int
    ) -> Iterator[CommandGrade]:
        """Play scenarios, some at one time; give what came of each, in their order.

        Args:
            scenarios: What to play.
            server: Gives each of them an account of its own.
            jobs: How many at one time, at least 1.

        Raises:
            SandboxUsageError: The command cannot be run.
        """
        with ThreadPoolExecutor(jobs) as pool:
            try:
                playing = [
                    pool.submit(self.play, each, server.account(f"grade {each}"))
                    for each in scenarios
                ]
                for played in playing:
                    # A thread that only waits may not notice a signal.
                    while not played.done():
                        wait([played], _POLL_S)
                    yield played.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self.__exit__(None, None, None)
                raise

    def play(self, scenario: RetryScenario, smartpay: Smartpay) -> CommandGrade:
        """Have the command charge once while a scenario is played.

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
            code, printed = self._run(environ)
        outcome: Outcome = "success" if code == 0 else "failure"
        if code is None:
            outcome = "unfinished"
        lines = printed.strip().splitlines() or [""]
        return CommandGrade(scenario.grade(smartpay, outcome), code, lines[-1])

    def _run(self, environ: Mapping[str, str]) -> tuple[int | None, str]:
        """Run the command; return exit code (``None`` if stopped) and output."""
        with self._started(environ) as child:
            try:
                printed, _ = child.communicate(timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                _kill(child)
                return None, child.communicate()[0]
        return child.returncode, printed

    @contextmanager
    def _started(self, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
        with self._lock:
            if self._is_over:
                raise SandboxUsageError("Grading was stopped.")
            child = self._start(environ)
            self._children.add(child)
        try:
            with child:
                yield child
        finally:
            with self._lock:
                self._children.discard(child)

    def _start(self, environ: Mapping[str, str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(  # noqa: S603 - what the user asked for
                self._argv,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                # A group of its own, so that what it started ends with it.
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxUsageError(
                f"Cannot run {self._argv[0]}: {error.strerror}. Give a command that "
                "charges once: smartpay-sandbox grade -- python charge.py"
            ) from None


def _kill(child: subprocess.Popen[str]) -> None:
    """End a command and what it started, at once."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
