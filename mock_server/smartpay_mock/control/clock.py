"""An account's clock: show, freeze, run, advance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.control.routes import Request, Routes, json_object
from smartpay_mock.kernel.clock import LAST_MS, AccountClock, duration_ms

routes = Routes()

_UNITS = ("days", "hours", "minutes", "seconds", "milliseconds")
_DURATION = {"type": "number", "minimum": 0, "maximum": LAST_MS}
_CLOCK = json_object(
    freeze={"type": "boolean", "description": "Stop (true) or run (false) the clock."},
    at={
        "type": "integer",
        "minimum": 0,
        "maximum": LAST_MS,
        "description": "The new time, in milliseconds since the epoch. The clock stops "
        "there unless freeze is false.",
    },
    advance={
        **json_object(**dict.fromkeys(_UNITS, _DURATION)),
        "x-expected": 'an object such as {"days": 7}',
    },
)


@routes.add("GET", "/clock")
def show_clock(request: Request) -> Any:
    """Show the account's time."""
    with request.opened() as ctx:
        return _shown(ctx.account.clock)


@routes.add("POST", "/clock", body=_CLOCK)
def set_clock(request: Request) -> Any:
    """Freeze, run or advance the account's clock."""
    body = request.body

    def change(clock: AccountClock) -> AccountClock:
        if body.get("freeze") or "at" in body:
            clock = clock.frozen(body.get("at"))
        if body.get("freeze") is False:
            clock = clock.running()
        return clock.advanced(duration_ms(**body.get("advance", {})))

    return change_clock(request.application, request.account, change)


def _shown(clock: AccountClock) -> dict[str, Any]:
    """Return ``now`` in milliseconds since the epoch, ``frozen`` and ``offsetMs``."""
    return {
        "now": clock.now_ms(),
        "frozen": clock.frozen_at_ms is not None,
        "offsetMs": clock.offset_ms,
    }


def change_clock(
    application: Application,
    account_id: str,
    change: Callable[[AccountClock], AccountClock],
) -> dict[str, Any]:
    """Change the clock; what falls due on the way happens at its own time.

    Raises:
        SandboxUsageError: The change would turn the clock back.
    """
    with application.opened(account_id) as ctx:
        target = change(ctx.account.clock).now_ms()
    _deliver_until(application, account_id, target)
    with application.opened(account_id) as ctx:
        ctx.account.change(clock=change(ctx.account.clock))
    with application.opened(account_id) as ctx:  # expires what is due
        shown = _shown(ctx.account.clock)
    application.wake(account_id)
    return shown


def _deliver_until(application: Application, account_id: str, target: int) -> None:
    """Attempt the webhooks that fall due until ``target``, each at its own time."""
    due = application.deliverer.next_due(account_id)
    if due is not None and due <= target:
        application.deliverer.drain_if_free(account_id, until=target)
