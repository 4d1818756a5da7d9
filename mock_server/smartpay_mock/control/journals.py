"""The journal: what was asked and answered, and why."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.engine import Engine
from smartpay_mock.api.journal import KIND
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import NotFoundError


def list_requests(
    engine: Engine,
    account_id: str,
    *,
    operation: str | None = None,
    limit: int = 1_000,
) -> list[dict[str, Any]]:
    """Return the account's journal entries, oldest first.

    Args:
        engine: The emulator.
        account_id: Whose journal.
        operation: Only entries of this operation id.
        limit: How many at the most; the newest ones.
    """
    with engine.opened(account_id) as (unit, _account):
        rows = unit.page(KIND, limit=limit)
    entries = [decode(row.body) for row in reversed(rows)]
    return [
        entry
        for entry in entries
        if operation is None or entry["operation"] == operation
    ]


def get_request(engine: Engine, account_id: str, id_: str) -> dict[str, Any]:
    """Return the entry with this Request-Id.

    Raises:
        NotFoundError: The journal has none; it keeps the newest only.
    """
    with engine.opened(account_id) as (unit, _account):
        body = unit.get(KIND, id_)
        if body is None:
            newest = [row.id for row in unit.page(KIND, limit=5)]
            raise NotFoundError.among("request", id_, newest)
    document: dict[str, Any] = decode(body)
    return document


def clear_requests(engine: Engine, account_id: str) -> None:
    """Forget the account's journal."""
    with engine.opened(account_id) as (unit, _account):
        unit.trim(KIND, 0)
