"""Run a user's own test suite against mutants."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import environment_name
from smartpay_mock.mutants import STARTED
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.results import Result

VARIABLE = environment_name("mutant")
_SHOWN = 4_000


@dataclass(frozen=True, slots=True)
class OwnSuite:
    """A command that starts emulators: with the plugin, ``exec`` or ``serve``.

    Attributes:
        command: Program and arguments.
        folder: Where our own files go.
    """

    command: Sequence[str]
    folder: Path

    def check_unmutated(self, chosen: Sequence[Mutant]) -> float:
        """Run the command as it is; return how many seconds it took.

        Raises:
            SandboxUsageError: It exits with an error, or cannot run.
        """
        started = monotonic()
        done = self._run("")
        if done.returncode != 0:
            text = done.stdout.decode("utf-8", "replace")[-_SHOWN:]
            raise SandboxUsageError(
                f"The command exits with {done.returncode} on the unmutated emulator, "
                f"so its results on mutants mean nothing. Fix that first:\n{text}"
            )
        return monotonic() - started

    def run(self, mutant: Mutant) -> Result:
        """Run the command with every emulator that it starts broken.

        Raises:
            SandboxUsageError: It starts none that can be broken.
        """
        started = monotonic()
        done = self._run(mutant.name)
        if not self._marker(mutant.name).exists():
            raise SandboxUsageError(
                f"The command did not start an emulator with {VARIABLE} set, so "
                "nothing was broken. Use the pytest fixture smartpay, or start the "
                "emulator within the command: smartpay-sandbox exec, or serve."
            )
        return Result(mutant, done.returncode != 0, monotonic() - started)

    def _marker(self, mutant: str) -> Path:
        return self.folder / f"{mutant}.started"

    def _run(self, mutant: str) -> subprocess.CompletedProcess[bytes]:
        environ = {k: v for k, v in os.environ.items() if k != VARIABLE}
        if mutant:
            environ |= {VARIABLE: mutant, STARTED: str(self._marker(mutant))}
        try:
            return subprocess.run(  # noqa: S603 - the user's own command
                list(self.command),
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as error:
            raise SandboxUsageError(
                f"Cannot run {self.command[0]}: {error.strerror}. Give the command "
                "as you would type it, after --."
            ) from None
