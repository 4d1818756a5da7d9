"""Durations in several units."""

from __future__ import annotations

import pytest

from smartpay_mock.kernel.clock import duration_ms
from smartpay_mock.kernel.errors import SandboxUsageError


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, 0),
        ({"days": 7}, 604_800_000),
        ({"hours": 1, "minutes": 1, "seconds": 1, "milliseconds": 1}, 3_661_001),
        ({"hours": 0.5}, 1_800_000),
        ({"milliseconds": 0.4}, 0),
    ],
)
def test_a_duration_adds_its_parts(parts: dict[str, float], expected: int) -> None:
    """In milliseconds, rounded."""
    assert duration_ms(**parts) == expected


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"weeks": 1}, "Unknown unit of time weeks. Use milliseconds, seconds"),
        ({"days": -1}, "days=-1 is not a duration"),
        ({"days": float("inf")}, "days=inf is not a duration"),
        ({"days": float("nan")}, "days=nan is not a duration"),
        ({"days": True}, "days=True is not a duration"),
        ({"days": "7"}, "days=.7. is not a duration"),
    ],
)
def test_what_is_no_duration_is_refused(parts: dict[str, float], said: str) -> None:
    """With what to use."""
    with pytest.raises(SandboxUsageError, match=said):
        duration_ms(**parts)
