"""Time as values: no account waits for another, and none for the wall."""

from __future__ import annotations

import pytest

from smartpay_mock.kernel import clock
from smartpay_mock.kernel.clock import DAY_MS, LAST_MS, AccountClock, duration_ms
from smartpay_mock.kernel.errors import SandboxUsageError

NOON = 1_700_000_000_000


@pytest.fixture(autouse=True)
def wall(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the wall clock show what the test says."""
    shown = [NOON]
    monkeypatch.setattr(clock, "wall_ms", lambda: shown[0])
    return shown


def test_a_new_clock_shows_the_wall(wall: list[int]) -> None:
    """And goes on with it."""
    mine = AccountClock()

    wall[0] += 5

    assert mine.now_ms() == NOON + 5


def test_a_frozen_clock_stands_whatever_the_wall_does(wall: list[int]) -> None:
    """Now, or at the time that is given."""
    now, then = AccountClock().frozen(), AccountClock().frozen(1)

    wall[0] += DAY_MS

    assert (now.now_ms(), then.now_ms()) == (NOON, 1)


def test_a_clock_let_go_runs_on_from_where_it_stood(wall: list[int]) -> None:
    """Not from where the wall is."""
    running = AccountClock().frozen(1_000).running()

    wall[0] += 7

    assert running.now_ms() == 1_007
    assert running.frozen_at_ms is None


@pytest.mark.parametrize("start", [AccountClock(), AccountClock().frozen(NOON)])
def test_advancing_keeps_a_clock_running_or_frozen(
    start: AccountClock, wall: list[int]
) -> None:
    """It is only later."""
    later = start.advanced(DAY_MS)

    assert later.now_ms() - start.now_ms() == DAY_MS
    assert (later.frozen_at_ms is None) is (start.frozen_at_ms is None)
    assert start.advanced(0).now_ms() == start.now_ms()


def test_no_clock_goes_back_or_beyond_the_year_9999() -> None:
    """The message says what to do."""
    with pytest.raises(SandboxUsageError, match="cannot go back by 1 ms"):
        AccountClock().advanced(-1)
    with pytest.raises(SandboxUsageError, match=r"after the year 9999.*less"):
        AccountClock().advanced(LAST_MS)
    for at in (-1, LAST_MS + 1):
        with pytest.raises(SandboxUsageError, match="between the years 1970 and 9999"):
            AccountClock().frozen(at)
    assert AccountClock().frozen(LAST_MS).now_ms() == LAST_MS


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
    ],
)
def test_what_is_no_duration_is_refused(parts: dict[str, float], said: str) -> None:
    """With what to use."""
    with pytest.raises(SandboxUsageError, match=said):
        duration_ms(**parts)


def test_the_wall_clock_is_in_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Since the epoch, as a whole number."""
    monkeypatch.undo()

    now = clock.wall_ms()

    assert isinstance(now, int)
    assert 1_600_000_000_000 < now < LAST_MS
