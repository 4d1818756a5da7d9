"""What a client is judged by, and what one criterion says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from smartpay_mock.testing.journal import RecordedRequest

Outcome = Literal["success", "failure", "unfinished"]

# Where money is reserved or taken.
_CHARGED = {"succeeded", "requires_capture"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a client after it was to charge once.

    Attributes:
        attempts: Its calls of the scenario's operation, oldest first.
        charges: Orders that reserve or took money.
        outcome: What the client says came of it; ``unfinished`` if it was stopped.
    """

    attempts: tuple[RecordedRequest, ...]
    charges: int
    outcome: Outcome

    @classmethod
    def of(
        cls,
        operation: str,
        *,
        requests: Iterable[RecordedRequest],
        orders: Iterable[Mapping[str, Any]],
        outcome: Outcome,
    ) -> Evidence:
        """Return the evidence that an account holds.

        Args:
            operation: Whose calls are attempts.
            requests: The account's journal, oldest first.
            orders: All its orders.
            outcome: What the client says came of it.
        """
        return cls(
            tuple(request for request in requests if request.operation == operation),
            sum(order["status"] in _CHARGED for order in orders),
            outcome,
        )

    @property
    def pauses(self) -> list[int]:
        """How long after each attempt the next one came, in milliseconds."""
        return [later.at - sooner.at for sooner, later in pairwise(self.attempts)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one criterion says of a client.

    Attributes:
        criterion: Such as ``same-key``.
        passed: ``None`` when there was nothing to judge.
        found: What was found, in words.
        bug: What a failure stands for, such as ``double-charge``; empty without one.
    """

    criterion: str
    passed: bool | None
    found: str
    bug: str = ""
