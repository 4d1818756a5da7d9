"""The table of pauses between attempts."""

from __future__ import annotations

import pytest

from smartpay_mock.events.schedule import (
    RETRY_AFTER_MS,
    parse_schedule,
)
from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.kernel.errors import SandboxUsageError


def test_the_schedule_backs_off_and_ends_after_about_three_days() -> None:
    """No pause is shorter than the one before."""
    assert list(RETRY_AFTER_MS) == sorted(RETRY_AFTER_MS)
    assert 2.5 * DAY_MS < sum(RETRY_AFTER_MS) < 3 * DAY_MS


@pytest.mark.parametrize(
    ("text", "pauses"),
    [
        ("90s,5m,1h,2d", (90_000, 300_000, 3_600_000, 172_800_000)),
        (" 1s , 1s,", (1_000, 1_000)),
        ("", ()),
    ],
    ids=["every unit", "spaces", "one attempt only"],
)
def test_a_schedule_can_be_written_as_text(text: str, pauses: tuple[int, ...]) -> None:
    """As in the setting."""
    assert parse_schedule(text) == pauses


@pytest.mark.parametrize("text", ["90", "s", "-1s", "1.5h", "5 m", "90s;5m", "٣s"])
def test_an_invalid_pause_is_refused(text: str) -> None:
    """The message has an example."""
    with pytest.raises(SandboxUsageError, match="90s,5m,1h"):
        parse_schedule(text)
