"""The scenarios of the retry suite, as a test plays them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from smartpay_fixtures.retries import RetryRow, retry_suite
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing.grading import ScenarioGrade, grade
from smartpay_mock.testing.grading_evidence import Evidence, Outcome
from smartpay_mock.testing.grading_text import describe
from smartpay_mock.testing.smartpay import Smartpay
from smartpay_mock.testing.worlds import standard_tokens


@dataclass(frozen=True, slots=True)
class RetryScenario:
    """One thing that goes wrong, and what a good client does about it.

    ::

        @pytest.mark.parametrize("scenario", retry_scenarios(), ids=str)
        def test_the_till_survives(scenario: RetryScenario, smartpay: Smartpay) -> None:
            payload = scenario.arm(smartpay)

            paid = till(smartpay.url, smartpay.secret_key).charge(payload)

            scenario.check(smartpay, succeeded=paid)

    Attributes:
        row: What it is, as published in ``retries.json``.
    """

    row: RetryRow

    def __str__(self) -> str:
        return self.row.id

    @property
    def id(self) -> str:
        """Its name, such as ``reset-after-commit``."""
        return self.row.id

    @property
    def token(self) -> str:
        """The id of the token to charge."""
        return str(getattr(standard_tokens(), self.row.token))

    def arm(self, smartpay: Smartpay, **changes: Any) -> dict[str, Any]:
        """Plan what goes wrong and return the order to charge, once.

        Args:
            smartpay: An account without orders; its clock must run.
            **changes: Members of the order, as with ``smartpay.payload``.

        Raises:
            SandboxUsageError: The account's clock is frozen.
        """
        if smartpay.clock.is_frozen:
            raise SandboxUsageError(
                "The clock of this account stands still, so no pause between attempts "
                "can be seen: take frozen=True away, or call smartpay.clock.run()."
            )
        for fault in self.row.faults:
            smartpay.faults.add(**{"operation": self.row.operation, **fault})
        return smartpay.payload(**{"token": self.token, **changes})

    def grade(
        self, smartpay: Smartpay, outcome: Outcome, *, without: Collection[str] = ()
    ) -> ScenarioGrade:
        """Return what the client did, criterion by criterion.

        Args:
            smartpay: The account that was armed.
            outcome: What the client says came of it; ``unfinished`` if it was stopped.
            without: Criteria not to judge.

        Raises:
            NotFoundError: ``without`` names something else than a criterion.
        """
        for name in without:
            if name not in retry_suite().criteria:
                raise NotFoundError.among(
                    "criterion", name, list(retry_suite().criteria)
                )
        evidence = Evidence.of(
            self.row.operation,
            requests=smartpay.requests,
            orders=smartpay.orders,
            outcome=outcome,
        )
        asked = {k: v for k, v in self.row.expect.items() if k not in without}
        return grade(replace(self.row, expect=asked), evidence)

    def check(
        self, smartpay: Smartpay, *, succeeded: bool, without: Collection[str] = ()
    ) -> ScenarioGrade:
        """Check that the client did what a good client does, and return its grade.

        Args:
            smartpay: The account that was armed.
            succeeded: Whether the client believes that the charge was made.
            without: Criteria not to judge, such as ``["pauses"]``.

        Raises:
            AssertionError: It did not; the text says what each failure means and
                shows the attempts one below the other.
            NotFoundError: ``without`` names something else than a criterion.
        """
        __tracebackhide__ = True  # pytest shows the test's own line
        outcome: Outcome = "success" if succeeded else "failure"
        found = self.grade(smartpay, outcome, without=without)
        if not found.passed:
            raise AssertionError(describe(found))
        # A client may stop before it met all that was planned, where that is right.
        smartpay.faults.clear()
        return found


def retry_scenarios(only: Iterable[str] = ()) -> list[RetryScenario]:
    """Return the scenarios of the retry suite, in the order they are published.

    Args:
        only: Their names; all if not given.

    Raises:
        NotFoundError: There is no scenario of a name.
    """
    known = retry_suite().scenarios
    names = list(only) or list(known)
    for name in names:
        if name not in known:
            raise NotFoundError.among("scenario", name, list(known))
    return [RetryScenario(known[name]) for name in names]
