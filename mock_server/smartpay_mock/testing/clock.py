"""The account's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from smartpay_mock.kernel.clock import duration_ms
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import AccountClient

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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

    def freeze(self, at: float | date | str | None = None) -> int:
        """Freeze the clock and return its time.

        Args:
            at: Time to freeze it at; now if not given. Milliseconds since the epoch,
                a ``datetime``, a ``date`` (its first instant), or one of the two as
                ISO 8601 text. A time without a zone is in UTC.

        Raises:
            SandboxUsageError: ``at`` is no such time.
        """
        if at is None:
            return self._change(freeze=True)
        return self._change(freeze=True, at=milliseconds(at))

    def advance(
        self,
        by: timedelta | None = None,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        milliseconds: float = 0,
    ) -> int:
        """Move the clock forward by the sum of the arguments; return the new time.

        Everything that is due by then happens, in order: authorizations expire,
        webhooks are retried. A frozen clock stays frozen.

        Raises:
            SandboxUsageError: An argument is negative (time only goes forward) or no
                duration.
        """
        if by is not None and not isinstance(by, timedelta):
            raise SandboxUsageError(
                f"advance({by!r}) has no unit. Use a timedelta, or a name such as "
                "days=7."
            )
        by_ms = duration_ms(
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            milliseconds=milliseconds,
        )
        if by is not None:
            by_ms += duration_ms(milliseconds=by / timedelta(milliseconds=1))
        return self._change(advance={"milliseconds": by_ms})

    def run(self) -> int:
        """Let a frozen clock run on from its time; return that time."""
        return self._change(freeze=False)

    def _change(self, **body: Any) -> int:
        return int(self._client.admin("POST", "/clock", body=body)["now"])


def milliseconds(at: float | date | str) -> int:
    """Return a time in milliseconds since the epoch.

    Args:
        at: As for :meth:`Clock.freeze`. A time without a zone is in UTC.

    Raises:
        SandboxUsageError: ``at`` is no such time.
    """
    if isinstance(at, str):
        at = _parsed(at)
    if isinstance(at, date):
        moment = at if isinstance(at, datetime) else datetime.combine(at, time())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round((moment - _EPOCH) / timedelta(milliseconds=1))
    is_whole = isinstance(at, int) or (isinstance(at, float) and at.is_integer())
    if not is_whole or isinstance(at, bool):
        raise SandboxUsageError(
            f"freeze({at!r}) is not a time. Use whole milliseconds since the epoch, a "
            "datetime, a date or ISO 8601 text."
        )
    return int(at)


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise SandboxUsageError(
            f"freeze({text!r}) is not ISO 8601 text. Write it as 2026-04-01 or "
            "2026-04-01T09:00:00+09:00."
        ) from None
