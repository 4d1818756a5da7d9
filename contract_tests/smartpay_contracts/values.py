"""Unique names and the current time."""

from __future__ import annotations

import os
import time


def unique(length: int = 12) -> str:
    """Return hexadecimal random characters, at most 64."""
    return os.urandom(32).hex()[:length]


def now_ms() -> int:
    """Return the wall clock in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - the kit's only look at the clock
