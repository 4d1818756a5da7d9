"""The journal: what was asked and answered, and why."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.api.auth import SERVER_ACCOUNT
from smartpay_mock.api.journal import KIND, operation_of, read
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.exchange import REASON_HEADER


def list_requests(
    engine: Application,
    account_id: str,
    *,
    operation: str | None = None,
    limit: int = 1_000,
) -> list[dict[str, Any]]:
    """Return the account's journal entries, oldest first.

    Args:
        engine: The emulator.
        account_id: Whose journal.
        operation: Only entries of this operation id; ``""`` for calls that reached
            none.
        limit: How many at the most; the newest ones.

    Raises:
        NotFoundError: There is no such operation.
    """
    if operation and operation not in engine.rules.operations:
        raise NotFoundError.among("operation", operation, list(engine.rules.operations))
    kept = engine.settings.journal  # now and then there are a few more
    with engine.opened(account_id) as (unit, _account):
        rows = unit.page(KIND, limit=kept) if kept else []
    chosen = [
        row for row in rows if operation is None or operation_of(row) == operation
    ]
    return [read(row) for row in chosen[:limit][::-1]]


def get_request(engine: Application, account_id: str, id_: str) -> dict[str, Any]:
    """Return the entry with this Request-Id.

    Calls of consumers to objects that no account has, and logins, are found too.

    Raises:
        NotFoundError: The journal has none; it keeps the newest only.
    """
    newest: list[str] = []
    for account in (account_id, SERVER_ACCOUNT):
        with engine.opened(account) as (unit, _account):
            found = unit.row(KIND, id_)
            newest = newest or [row.id for row in unit.page(KIND, limit=5)]
        if found is not None:
            return read(found)
    raise NotFoundError(
        f"There is no request {id_!r} of this account in the journal. It keeps the "
        f"newest {engine.settings.journal} and no 401, whose header "
        f"{REASON_HEADER} explains it. The newest: "
        f"{', '.join(newest) or 'none'}."
    )


def clear_requests(engine: Application, account_id: str) -> None:
    """Forget the account's journal."""
    with engine.opened(account_id) as (unit, _account):
        unit.trim(KIND, 0)
