"""How an account begins: with which seed, at which time, in which world."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from smartpay_mock.testing.clock import Clock
from smartpay_mock.testing.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """How an account begins.

    Attributes:
        seed: Makes ids repeatable, and the secret key the same in every run.
        frozen: ``True``, or where the clock stands: milliseconds since the epoch or
            a ``datetime`` with a time zone.
        scenario: The scenario that is played first; empty for none.
    """

    seed: int | None = None
    frozen: bool | int | datetime = False
    scenario: str = ""

    def set_up(self, desk: Desk) -> None:
        """Seed the account and set its clock; the scenario is left to the caller."""
        if self.seed is not None:
            desk.ask("POST", "/seed", body={"seed": self.seed})
        if self.frozen is not False:
            Clock(desk).freeze(None if self.frozen is True else self.frozen)
