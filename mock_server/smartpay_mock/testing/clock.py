"""The account's clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from smartpay_mock.kernel.clock import duration_ms
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import AccountClient


class Clock:
    """The account's clock: freeze it, advance it, let it run.

    Timestamps, the 7-day capture window, the 6-hour idempotency window and webhook
    retries follow it. Other accounts have clocks of their own. Times are
    milliseconds since the epoch, as in the API.
    """

    def __init__(self, client: AccountClient) -> None:
        self._client = client

    @property
    def now(self) -> int:
        """The account's time, in milliseconds since the epoch."""
        return int(self._client.admin("GET", "/clock")["now"])

    @property
    def is_frozen(self) -> bool:
        """Whether the clock is frozen."""
        return bool(self._client.admin("GET", "/clock")["frozen"])

    def freeze(self, at: int | datetime | None = None) -> int:
        """Freeze the clock and return its time.

        Args:
            at: Time to freeze it at, in milliseconds since the epoch or as a
                ``datetime`` with a time zone; now if not given.

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
        """Move the clock forward and return the new time.

        Everything that is due by then happens, in order: authorizations expire,
        webhooks are retried. A frozen clock stays frozen.

        Raises:
            SandboxUsageError: An argument is negative; time only goes forward.
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
        """Let a frozen clock run on from its time; return that time."""
        return self._change(freeze=False)

    def _change(self, **body: Any) -> int:
        return int(self._client.admin("POST", "/clock", body=body)["now"])


def milliseconds(at: int | datetime) -> int:
    """Return a time in milliseconds since the epoch.

    Raises:
        SandboxUsageError: ``at`` is a ``datetime`` without a time zone.
    """
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise SandboxUsageError(
            f"freeze({at!r}) names no time zone; give one: "
            "datetime(2026, 4, 1, tzinfo=UTC)."
        )
    return round((at - datetime.fromtimestamp(0, UTC)).total_seconds() * 1000)
