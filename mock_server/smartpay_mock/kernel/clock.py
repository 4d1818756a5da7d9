"""Time. No other module reads the wall clock.

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
LAST_MS = 253_402_300_799_999
"""The end of the year 9999, the latest time of any clock."""

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
        SandboxUsageError: A name is unknown, or a value is negative or too large.
    """
    total = 0.0
    for name, value in parts.items():
        if name not in _UNITS_MS:
            raise SandboxUsageError(
                f"Unknown unit of time {name}. Use {', '.join(_UNITS_MS)}."
            )
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= LAST_MS:
            raise SandboxUsageError(
                f"{name}={value!r} is not a duration. Send a number from 0; time only "
                "goes forward."
            )
        total += value * _UNITS_MS[name]
    return round(total)


@dataclass(frozen=True, slots=True)
class AccountClock:
    """The clock of one account, as a value.

    Attributes:
        offset_ms: Difference to the wall clock.
        frozen_at_ms: The time it is frozen at, or ``None`` while it runs.
    """

    offset_ms: int = 0
    frozen_at_ms: int | None = None

    def now_ms(self) -> int:
        """Return the account's time in milliseconds since the epoch."""
        if self.frozen_at_ms is not None:
            return self.frozen_at_ms
        return wall_ms() + self.offset_ms

    def frozen(self, at_ms: int | None = None) -> AccountClock:
        """Return this clock frozen, now or at ``at_ms``.

        ``at_ms`` may be in the past, to start a repeatable run at a fixed time.

        Raises:
            SandboxUsageError: ``at_ms`` is before 1970 or after 9999.
        """
        at = self.now_ms() if at_ms is None else at_ms
        if not 0 <= at <= LAST_MS:
            raise SandboxUsageError(
                f"{at} ms is not between the years 1970 and 9999. Send milliseconds "
                "since the epoch."
            )
        return AccountClock(offset_ms=at - wall_ms(), frozen_at_ms=at)

    def running(self) -> AccountClock:
        """Return this clock running again, from its current time."""
        return AccountClock(offset_ms=self.now_ms() - wall_ms())

    def advanced(self, by_ms: int) -> AccountClock:
        """Return this clock ``by_ms`` milliseconds later; a frozen one stays frozen.

        Raises:
            SandboxUsageError: ``by_ms`` is negative or too large.
        """
        if by_ms < 0:
            raise SandboxUsageError(
                f"The clock cannot go back by {-by_ms} ms. Time only goes forward."
            )
        if self.now_ms() + by_ms > LAST_MS:
            raise SandboxUsageError(
                f"{by_ms} ms from now is after the year 9999. Advance by less."
            )
        if self.frozen_at_ms is None:
            return replace(self, offset_ms=self.offset_ms + by_ms)
        return self.frozen(self.frozen_at_ms + by_ms)
