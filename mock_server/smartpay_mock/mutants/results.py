"""Run a test suite against mutants and collect whether it detects them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from smartpay_mock.mutants.mutant import Mutant


@dataclass(frozen=True, slots=True)
class Result:
    """What a suite did with one mutant.

    Attributes:
        mutant: The mutant.
        is_detected: Whether the suite failed on it.
        seconds: How long that took.
        failed: Clauses that a test failed for; only the contract kit names any.
        note: A remark for the report.
    """

    mutant: Mutant
    is_detected: bool
    seconds: float
    failed: frozenset[str] = frozenset()
    note: str = ""

    @property
    def missed(self) -> list[str]:
        """Clauses that the mutant breaks and no test failed for."""
        return [id_ for id_ in self.mutant.clauses if id_ not in self.failed]


class Suite(Protocol):
    """A test suite that can run against a mutant."""

    def check_unmutated(self, chosen: Sequence[Mutant]) -> float:
        """Run against the unmutated emulator; return how many seconds it took.

        Args:
            chosen: The mutants that will run afterwards.

        Raises:
            SandboxUsageError: It does not pass there, so it proves nothing.
        """

    def run(self, mutant: Mutant) -> Result:
        """Run against a mutant."""


def run_all(
    suite: Suite,
    chosen: Sequence[Mutant],
    *,
    jobs: int,
    report: Callable[[Result], None],
) -> list[Result]:
    """Return the results of all mutants, in their order.

    Args:
        suite: The suite to grade.
        chosen: The mutants.
        jobs: How many run in parallel.
        report: Called with each result, in order.
    """
    results = []
    with ThreadPoolExecutor(jobs, thread_name_prefix="mutant") as pool:
        try:
            for result in pool.map(suite.run, chosen):
                report(result)
                results.append(result)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results
