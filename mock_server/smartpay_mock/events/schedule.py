"""The schedule of attempts: when a delivery without a 200 is attempted again.

The API documents only that it retries until a 200. Pauses and number of attempts are
*assumed* (one published sample was signed 89 s after its event).
"""

from __future__ import annotations

import re

from smartpay_mock.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from smartpay_mock.kernel.errors import SandboxUsageError

# Pauses before the second, third, ... attempt: ten attempts in 70 hours, 22 minutes.
RETRY_AFTER_MS: tuple[int, ...] = (
    90 * SECOND_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    1 * HOUR_MS,
    3 * HOUR_MS,
    6 * HOUR_MS,
    12 * HOUR_MS,
    24 * HOUR_MS,
    24 * HOUR_MS,
)

# Limit for a receiver's answer; *assumed*.
TIMEOUT_MS = 10 * SECOND_MS

_UNITS_MS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_STEP = re.compile(r"([0-9]+)([smhd])")


def parse_schedule(text: str) -> tuple[int, ...]:
    """Return the pauses written as ``90s,5m,1h``, in milliseconds.

    An empty text means one attempt only.

    Raises:
        SandboxUsageError: A step is not a whole number and one of s, m, h, d.
    """
    steps = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(_read_step(step) for step in steps)


def _read_step(step: str) -> int:
    match = _STEP.fullmatch(step)
    if match is None:
        raise SandboxUsageError(
            f"Invalid pause {step!r}. Write whole numbers with a unit (s, m, h or d), "
            "separated by commas: 90s,5m,1h."
        )
    return int(match[1]) * _UNITS_MS[match[2]]
