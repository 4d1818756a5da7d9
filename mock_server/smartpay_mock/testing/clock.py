"""The account's clock, as a test turns it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from smartpay_mock.kernel.clock import duration_ms
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.desk import Desk


class Clock:
    """The account's own time: freeze it, advance it, let it run on.

    Timestamps, the 7-day capture window, the 6-hour idempotency window and webhook
    retries follow it; no other test's clock does. Times are milliseconds since the
    epoch, as the API writes them.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def now(self) -> int:
        """The account's time, in milliseconds since the epoch."""
        return int(self._desk.ask("GET", "/clock")["now"])

    @property
    def is_frozen(self) -> bool:
        """Whether the clock stands still."""
        return bool(self._desk.ask("GET", "/clock")["frozen"])

    def freeze(self, at: int | datetime | None = None) -> int:
        """Stop the clock and return the time it shows.

        Args:
            at: Where to stop it, in milliseconds since the epoch or as a ``datetime``
                with a time zone; now if not given.

        Raises:
            SandboxUsageError: ``at`` is a ``datetime`` without a time zone.
        """
        if at is None:
            return self._change(freeze=True)
        return self._change(freeze=True, at=milliseconds(at))

    def advance(
        self,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
    ) -> int:
        """Let time pass at once and return the new time.

        What falls due happens: authorizations expire, webhooks are retried, each at
        its own moment. A frozen clock stays frozen.

        Raises:
            SandboxUsageError: A part is negative; time only goes forward.
        """
        by_ms = duration_ms(
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            milliseconds=milliseconds,
        )
        return self._change(advance={"milliseconds": by_ms})

    def run(self) -> int:
        """Let a frozen clock run on from where it stands; return the time."""
        return self._change(freeze=False)

    def _change(self, **body: Any) -> int:
        return int(self._desk.ask("POST", "/clock", body=body)["now"])


def milliseconds(at: int | datetime) -> int:
    """Return a moment in milliseconds since the epoch.

    Raises:
        SandboxUsageError: A ``datetime`` without a time zone.
    """
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise SandboxUsageError(
            f"freeze({at!r}) names no time zone; give one: "
            "datetime(2026, 4, 1, tzinfo=UTC)."
        )
    return round((at - datetime.fromtimestamp(0, UTC)).total_seconds() * 1000)
