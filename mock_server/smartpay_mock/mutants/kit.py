"""Run the contract kit against mutants and record which clauses fail.

One run on the unmutated emulator shows that the kit passes. Then each mutant runs
against the tests of the clauses that it breaks, and if those pass, against all others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from smartpay_mock.app import application_of, create_app
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.recorder import VARIABLE
from smartpay_mock.mutants.results import Result
from smartpay_mock.server import Sandbox

PACKAGE = "smartpay_contracts"
TIMEOUT_S = 300
_PLUGINS = ("smartpay_contracts.entry", "smartpay_mock.mutants.recorder")
_PASSED, _FAILED, _UNCHECKED = 0, 1, 5

# Making an app compiles its routes, and CPython 3.11 fails now and then when two
# threads compile at once (python/cpython#106905).
_CREATING = threading.Lock()

Tests = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of pytest returned.

    Attributes:
        code: pytest's exit code.
        text: Its output.
        tests: Clause to the tests that check it.
        failed: Clauses that a test failed for.
    """

    code: int
    text: str
    tests: Tests
    failed: frozenset[str]


@dataclass(slots=True)
class Kit:
    """Runs the kit against emulators of this process.

    Attributes:
        folder: Where its files go.
        is_complete: Whether the whole kit has to pass on the unmutated emulator.
        tests: Clause to the tests that check it; known after the unmutated run.
    """

    folder: Path
    is_complete: bool = False
    tests: Tests = field(default_factory=dict)

    def check_unmutated(self, chosen: Sequence[Mutant]) -> float:
        """Run the tests that will be needed against the unmutated emulator.

        Args:
            chosen: The mutants that will run afterwards.

        Returns:
            How many seconds it took.

        Raises:
            SandboxUsageError: It does not pass there, so it proves nothing.
        """
        started = monotonic()
        self.tests = self._run(None, ["--collect-only", "--pyargs", PACKAGE]).tests
        needed = {id_ for mutant in chosen for id_ in mutant.clauses}
        tests = ["--pyargs", PACKAGE] if self.is_complete else self._tests_of(needed)
        outcome = self._run(None, tests)
        if outcome.code != _PASSED:
            raise SandboxUsageError(
                "The contract kit does not pass on the unmutated emulator, so its "
                f"results on mutants mean nothing. Fix that first:\n{outcome.text}"
            )
        return monotonic() - started

    def run(self, mutant: Mutant) -> Result:
        """Run the tests of the clauses that a mutant breaks, then all if those pass."""
        started = monotonic()
        outcome = self._run(mutant, self._tests_of(mutant.clauses))
        note = ""
        if outcome.code in {_PASSED, _UNCHECKED}:
            outcome = self._run(mutant, ["--maxfail=1", "--pyargs", PACKAGE])
            if outcome.code != _PASSED:
                note = "detected by another clause only"
        if outcome.code not in {_PASSED, _FAILED}:
            note = f"pytest exited with {outcome.code}"
        is_detected = outcome.code != _PASSED
        seconds = monotonic() - started
        return Result(mutant, is_detected, seconds, outcome.failed, note)

    def _tests_of(self, clauses: Iterable[str]) -> list[str]:
        return sorted({test for id_ in clauses for test in self.tests.get(id_, ())})

    def _run(self, mutant: Mutant | None, arguments: list[str]) -> Outcome:
        settings = Settings(port=0)
        record = self.folder / f"{mutant.name if mutant else 'unmutated'}.jsonl"
        record.unlink(missing_ok=True)
        with _CREATING:
            app = create_app(settings, patch=mutant.patch if mutant else None)
        with Sandbox(settings, app=app) as sandbox:
            code, text = self._pytest(sandbox.url, arguments, record)
        application_of(app).store.close()
        lines = list(_read(record))
        tests: dict[str, set[str]] = defaultdict(set)
        for line in lines:
            for clause in line["clauses"]:
                tests[clause].add(str(line["test"]))
        failed = {c for x in lines if x["outcome"] == "failed" for c in x["clauses"]}
        return Outcome(
            code,
            text,
            {clause: frozenset(found) for clause, found in tests.items()},
            frozenset(failed),
        )

    def _pytest(self, url: str, arguments: list[str], record: Path) -> tuple[int, str]:
        """Run pytest without the user's own configuration."""
        ini = self.folder / "pytest.ini"
        ini.write_text("[pytest]\n", encoding="utf-8")
        plugins = [part for name in _PLUGINS for part in ("-p", name)]
        command = [sys.executable, "-m", "pytest", "-q", "-c", str(ini), *plugins]
        quiet = ["-p", "no:cacheprovider", "--tb=line", f"--smartpay-url={url}"]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and package
                [*command, *quiet, *arguments],
                env=_environment(record),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _FAILED, f"not finished within {TIMEOUT_S} s"
        return done.returncode, done.stdout.decode("utf-8", "replace")[-4_000:]


def _environment(record: Path) -> dict[str, str]:
    foreign = ("SMARTPAY_", "PYTEST_")
    mine = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    return {**mine, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", VARIABLE: str(record)}


def _read(record: Path) -> Iterator[dict[str, Any]]:
    if record.exists():
        for line in record.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
