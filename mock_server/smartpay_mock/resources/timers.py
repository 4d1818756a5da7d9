"""What time alone changes: authorizations that end after seven days."""

from __future__ import annotations

from collections.abc import Callable

from smartpay_mock.kernel.codec import decode
from smartpay_mock.resources.base import Context
from smartpay_mock.resources.orders import expire_order
from smartpay_mock.storage.contract import Unit

_BATCH = 100


def is_settled(unit: Unit, now: int) -> bool:
    """Return whether nothing of the account is due by ``now``."""
    due = unit.next_due("timer")
    return due is None or due > now


def settle(unit: Unit, now: int, context_at: Callable[[int], Context]) -> None:
    """Let everything that is due by ``now`` happen, each at its own time.

    Args:
        unit: Of the account.
        now: The account's time, in milliseconds since the epoch.
        context_at: Makes the context for a moment.
    """
    while not is_settled(unit, now):
        for row in unit.due("timer", until=now, limit=_BATCH):
            body = unit.get("order", row.id)
            unit.delete("timer", row.id)
            if body is not None and row.due is not None:
                expire_order(context_at(row.due), decode(body))
