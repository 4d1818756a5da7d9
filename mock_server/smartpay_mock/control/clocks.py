"""An account's clock: look, freeze, run, advance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.kernel.clock import AccountClock


def read_clock(engine: Application, account_id: str) -> dict[str, Any]:
    """Return the account's time.

    Returns:
        ``now`` in milliseconds since the epoch, ``frozen`` and ``offsetMs``.
    """
    with engine.opened(account_id) as (_unit, account):
        return _shown(account.clock)


def change_clock(
    engine: Application, account_id: str, change: Callable[[AccountClock], AccountClock]
) -> dict[str, Any]:
    """Change the clock by ``change``; what falls due until then happens, each in time.

    Raises:
        SandboxUsageError: The change would turn the clock back.
    """
    with engine.opened(account_id) as (_unit, account):
        target = change(account.clock).now_ms()
    _deliver_until(engine, account_id, target)
    with engine.opened(account_id) as (unit, account):
        account.clock = change(account.clock)
        unit.put("account", account.id, account.to_bytes())
    shown = read_clock(engine, account_id)
    engine.wake(account_id)
    return shown


def _deliver_until(engine: Application, account_id: str, target: int) -> None:
    """Attempt the webhooks that fall due until ``target``, each at its own time."""
    due = engine.deliverer.next_due(account_id)
    if due is not None and due <= target:
        engine.deliverer.drain_if_free(account_id, until=target)


def _shown(clock: AccountClock) -> dict[str, Any]:
    return {
        "now": clock.now_ms(),
        "frozen": clock.frozen_at_ms is not None,
        "offsetMs": clock.offset_ms,
    }
