"""What time alone changes: authorizations that end after seven days."""

from __future__ import annotations

from smartpay_mock.kernel.codec import decode
from smartpay_mock.resources.base import Context
from smartpay_mock.resources.orders import expire_order
from smartpay_mock.storage.base import Unit

_BATCH = 100


def is_settled(unit: Unit, now: int) -> bool:
    """Return whether nothing of the account is due by ``now``."""
    due = unit.next_due("timer")
    return due is None or due > now


def settle(ctx: Context, *, until: int) -> None:
    """Let everything that is due happen, each at its own time.

    Args:
        ctx: Its time is moved to that of each thing in turn.
        until: The account's time, in milliseconds since the epoch.
    """
    unit = ctx.unit
    while not is_settled(unit, until):
        for row in unit.due("timer", until=until, limit=_BATCH):
            body = unit.get("order", row.id)
            unit.delete("timer", row.id)
            if body is not None and row.due is not None:
                ctx.now = row.due
                expire_order(ctx, decode(body))
