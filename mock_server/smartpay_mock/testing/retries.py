"""The scenarios of the retry suite, for use in tests."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from smartpay_fixtures.retries import RetryRow, retry_suite
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing.grading import (
    Evidence,
    Outcome,
    ScenarioGrade,
    describe,
    grade,
)
from smartpay_mock.testing.seed_data import standard_tokens
from smartpay_mock.testing.smartpay import Smartpay

# Statuses of orders that reserve or take money.
_CHARGED = {"succeeded", "requires_capture"}


@dataclass(frozen=True, slots=True)
class RetryScenario:
    """One failure, and the expected behaviour of a client.

    ::

        @pytest.mark.parametrize("scenario", retry_scenarios(), ids=str)
        def test_the_till_recovers(scenario: RetryScenario, smartpay: Smartpay) -> None:
            payload = scenario.arm(smartpay)

            paid = till(smartpay.url, smartpay.secret_key).charge(payload)

            scenario.check(smartpay, succeeded=paid)

    Attributes:
        row: The scenario in ``retries.json``.
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
        """Plan the faults, and return the body of the order to charge once.

        Args:
            smartpay: An account without orders; its clock must run.
            **changes: Members of the order, as with ``smartpay.payload``.

        Raises:
            SandboxUsageError: The account's clock is frozen.
        """
        if smartpay.clock.is_frozen:
            raise SandboxUsageError(
                "The clock of this account is frozen, so the pauses between attempts "
                "cannot be measured. Remove frozen=True, or call smartpay.clock.run()."
            )
        for fault in self.row.faults:
            smartpay.faults.add(**{"operation": self.row.operation, **fault})
        return smartpay.payload(**{"token": self.token, **changes})

    def grade(
        self, smartpay: Smartpay, outcome: Outcome, *, without: Collection[str] = ()
    ) -> ScenarioGrade:
        """Return the client's grade, criterion by criterion.

        Args:
            smartpay: The account passed to ``arm``.
            outcome: The outcome that the client reports; ``unfinished`` if it was
                stopped.
            without: Criteria to leave out.

        Raises:
            NotFoundError: ``without`` has an unknown criterion.
        """
        criteria = list(retry_suite().criteria)
        for name in without:
            if name not in criteria:
                raise NotFoundError.among("criterion", name, criteria)
        operation = self.row.operation
        attempts = [each for each in smartpay.requests if each.operation == operation]
        charges = sum(order["status"] in _CHARGED for order in smartpay.orders)
        evidence = Evidence(tuple(attempts), charges, outcome)
        asked = {k: v for k, v in self.row.expect.items() if k not in without}
        return grade(replace(self.row, expect=asked), evidence)

    def check(
        self, smartpay: Smartpay, *, succeeded: bool, without: Collection[str] = ()
    ) -> ScenarioGrade:
        """Check that the client passes every criterion, and return its grade.

        Args:
            smartpay: The account passed to ``arm``.
            succeeded: Whether the client believes that the charge was made.
            without: Criteria to leave out, such as ``["pauses"]``.

        Raises:
            AssertionError: It failed some; the text says what each failure means
                and lists the attempts.
            NotFoundError: ``without`` has an unknown criterion.
        """
        __tracebackhide__ = True  # pytest shows the test's own line
        outcome: Outcome = "success" if succeeded else "failure"
        found = self.grade(smartpay, outcome, without=without)
        if not found.passed:
            raise AssertionError(describe(found))
        # A client that stops early, where that is right, leaves faults unmatched.
        smartpay.faults.clear()
        return found


def retry_scenarios(only: Iterable[str] = ()) -> list[RetryScenario]:
    """Return the scenarios of the retry suite, in the published order.

    Args:
        only: Names of scenarios; all if not given.

    Raises:
        NotFoundError: There is no scenario with a name.
    """
    known = retry_suite().scenarios
    names = list(only) or list(known)
    for name in names:
        if name not in known:
            raise NotFoundError.among("scenario", name, list(known))
    return [RetryScenario(known[name]) for name in names]
