"""Idle accounts: those that have nothing of their own may be dropped from memory."""

from __future__ import annotations

from smartpay_mock.api import journal
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.clock import AccountClock
from smartpay_mock.resources.seed_data import seed_rows
from smartpay_mock.resources.webhook_endpoints import start_endpoint_id
from smartpay_mock.storage.base import Unit


def has_own_documents(unit: Unit, seed: int | None) -> bool:
    """Return whether an account has more than seed data and a journal.

    Args:
        unit: Of the account.
        seed: The seed of new accounts.
    """
    body = unit.get("account", unit.account)
    account = Account.from_bytes(body) if body else Account(unit.account, 0, seed=seed)
    if account.faults or account.settings or account.seed != seed:
        return True
    start_id = start_endpoint_id(unit.account)
    seeded = {(kind, id_, document) for kind, id_, document, _ in seed_rows()}
    own = {
        (kind, row.id, row.body)
        for kind in set(unit.kinds()) - {"account", journal.KIND}
        for row in unit.page(kind, limit=len(seeded) + 1)
        if row.id != start_id
    }
    return account.clock != AccountClock() or own != seeded
