"""How a suite fared against one twin, and against all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from smartpay_mock.twins.mutant import Mutant


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a suite fared against one twin.

    Attributes:
        mutant: The twin.
        is_killed: Whether the suite noticed it.
        seconds: How long that took.
        killers: Clauses that a test failed for; only the kit's tests name any.
        note: What else there is to say.
    """

    mutant: Mutant
    is_killed: bool
    seconds: float
    killers: frozenset[str] = frozenset()
    note: str = ""

    @property
    def missed(self) -> list[str]:
        """Clauses that the twin breaks and no test failed for."""
        return [id_ for id_ in self.mutant.clauses if id_ not in self.killers]


class Suite(Protocol):
    """A suite of tests that can be run against a twin."""

    def check_honest(self, chosen: Sequence[Mutant]) -> float:
        """Run against the honest emulator; return how many seconds it took.

        Args:
            chosen: The twins that will be judged.

        Raises:
            SandboxUsageError: It does not pass there, so it proves nothing.
        """

    def judge(self, mutant: Mutant) -> Verdict:
        """Run against a twin."""


def judge_all(
    suite: Suite,
    chosen: Sequence[Mutant],
    *,
    jobs: int,
    tell: Callable[[Verdict], None],
) -> list[Verdict]:
    """Return the verdicts on all twins, in their order.

    Args:
        suite: What is graded.
        chosen: The twins.
        jobs: How many are judged at once.
        tell: Called with each verdict as it comes in, in their order.
    """
    verdicts = []
    with ThreadPoolExecutor(jobs, thread_name_prefix="twin") as pool:
        try:
            for verdict in pool.map(suite.judge, chosen):
                tell(verdict)
                verdicts.append(verdict)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return verdicts
