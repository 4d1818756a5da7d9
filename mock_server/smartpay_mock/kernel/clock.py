"""Time. The only module that reads the wall clock.

Every account has a clock of its own: the wall clock plus an offset, or a frozen
instant. Times are milliseconds since the epoch everywhere.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from smartpay_mock.kernel.errors import SandboxUsageError

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

_UNITS_MS = {
    "milliseconds": 1,
    "seconds": SECOND_MS,
    "minutes": MINUTE_MS,
    "hours": HOUR_MS,
    "days": DAY_MS,
}


def wall_ms() -> int:
    """Return the wall clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def duration_ms(**parts: float) -> int:
    """Return a duration in milliseconds.

    Args:
        **parts: ``days``, ``hours``, ``minutes``, ``seconds``, ``milliseconds``;
            each at least 0.

    Raises:
        SandboxUsageError: A name is none of these, or a value is negative.
    """
    total = 0.0
    for name, value in parts.items():
        if name not in _UNITS_MS:
            raise SandboxUsageError(
                f"{name} is not a unit of time; use {', '.join(_UNITS_MS)}."
            )
        if value < 0:
            raise SandboxUsageError(
                f"{name}={value} would turn the clock back; time only goes forward."
            )
        total += value * _UNITS_MS[name]
    return round(total)


@dataclass(frozen=True, slots=True)
class AccountClock:
    """The clock of one account, as a value.

    Attributes:
        offset_ms: How far the clock is ahead of the wall clock.
        frozen_at_ms: The instant it stands at, or ``None`` while it runs.
    """

    offset_ms: int = 0
    frozen_at_ms: int | None = None

    def now_ms(self) -> int:
        """Return the account's time in milliseconds since the epoch."""
        if self.frozen_at_ms is not None:
            return self.frozen_at_ms
        return wall_ms() + self.offset_ms

    def frozen(self, at_ms: int | None = None) -> AccountClock:
        """Return this clock standing still, now or at ``at_ms``."""
        at = self.now_ms() if at_ms is None else at_ms
        return AccountClock(offset_ms=at - wall_ms(), frozen_at_ms=at)

    def running(self) -> AccountClock:
        """Return this clock running on from where it stands."""
        return AccountClock(offset_ms=self.now_ms() - wall_ms())

    def advanced(self, by_ms: int) -> AccountClock:
        """Return this clock ``by_ms`` milliseconds later; a frozen one stays frozen.

        Raises:
            SandboxUsageError: ``by_ms`` is negative.
        """
        if by_ms < 0:
            raise SandboxUsageError(
                f"The clock cannot go back by {-by_ms} ms; time only goes forward."
            )
        if self.frozen_at_ms is None:
            return replace(self, offset_ms=self.offset_ms + by_ms)
        return self.frozen(self.frozen_at_ms + by_ms)
