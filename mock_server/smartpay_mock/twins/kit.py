"""The contract kit against every twin: which clauses notice which bug.

One run on the honest emulator shows that the kit passes, and which tests check which
clause. Then each twin meets the tests of the clauses that it breaks, and if those see
nothing, all others.
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

from smartpay_mock.app import application_of
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.server import Sandbox
from smartpay_mock.twins import broken_app, mutants
from smartpay_mock.twins.mutant import Mutant
from smartpay_mock.twins.recorder import VARIABLE
from smartpay_mock.twins.verdict import Verdict

PACKAGE = "smartpay_contracts"
PATIENCE_S = 300
_PLUGINS = ("smartpay_contracts.entry", "smartpay_mock.twins.recorder")
_PASSED, _FAILED = 0, 1

# Making an app compiles its routes, and CPython 3.11 fails now and then when two
# threads compile at once (python/cpython#106905).
_ONE_AT_A_TIME = threading.Lock()

Tests = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run of pytest came to.

    Attributes:
        code: pytest's exit code.
        text: What it said, for people.
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
        tests: Clause to the tests that check it; known after the honest run.
    """

    folder: Path
    tests: Tests = field(default_factory=dict)

    def check_honest(self, chosen: Sequence[Mutant]) -> float:
        """Run the tests that will be needed against the honest emulator.

        Args:
            chosen: The twins that will be judged; for all of them, all of the kit runs.

        Returns:
            How many seconds it took.

        Raises:
            SandboxUsageError: It does not pass there, so it proves nothing.
        """
        started = monotonic()
        self.tests = self._run("", ["--collect-only", "--pyargs", PACKAGE]).tests
        needed = {id_ for mutant in chosen for id_ in mutant.clauses}
        is_all = len(chosen) == len(mutants())
        arguments = ["--pyargs", PACKAGE] if is_all else sorted(self._tests_of(needed))
        outcome = self._run("", arguments)
        if outcome.code != _PASSED:
            raise SandboxUsageError(
                "The contract kit does not pass on the honest emulator, so what it "
                f"says of broken ones means nothing. Mend that first:\n{outcome.text}"
            )
        return monotonic() - started

    def judge(self, mutant: Mutant) -> Verdict:
        """Run what should notice ``mutant``, and all the rest if nothing does."""
        started = monotonic()
        outcome = self._run(mutant.name, sorted(self._tests_of(mutant.clauses)))
        note = ""
        if outcome.code == _PASSED:
            outcome = self._run(mutant.name, ["--maxfail=1", "--pyargs", PACKAGE])
            if outcome.code != _PASSED:
                note = "noticed by another clause only"
        if outcome.code not in {_PASSED, _FAILED}:
            note = f"pytest ended with {outcome.code}"
        return Verdict(
            mutant,
            outcome.code != _PASSED,
            monotonic() - started,
            outcome.failed,
            note,
        )

    def _tests_of(self, clauses: Iterable[str]) -> set[str]:
        return {test for clause in clauses for test in self.tests.get(clause, ())}

    def _run(self, mutant: str, arguments: list[str]) -> Outcome:
        settings = Settings(port=0, mutant=mutant)
        record = self.folder / f"{mutant or 'honest'}.jsonl"
        record.unlink(missing_ok=True)
        with _ONE_AT_A_TIME:
            app = broken_app(settings)
        with Sandbox(settings, app=app) as sandbox:
            code, text = self._pytest(sandbox.url, arguments, record)
        application_of(sandbox.app).store.close()
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
        """Run pytest with nothing of the person's own configuration."""
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
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _FAILED, f"no end within {PATIENCE_S} s"
        return done.returncode, done.stdout.decode("utf-8", "replace")[-4_000:]


def _environment(record: Path) -> dict[str, str]:
    mine = {k: v for k, v in os.environ.items() if not k.startswith("SMARTPAY_")}
    return {**mine, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", VARIABLE: str(record)}


def _read(record: Path) -> Iterator[dict[str, Any]]:
    if record.exists():
        for line in record.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
