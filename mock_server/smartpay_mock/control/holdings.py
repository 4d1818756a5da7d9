"""What an account holds, in the form in which creating it is answered."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.kernel.codec import decode
from smartpay_mock.resources import Context
from smartpay_mock.resources.views import expanded, plain

_ALL = 1_000_000
_EXPANDED = {"order"}


def list_held(engine: Application, account_id: str, kind: str) -> list[dict[str, Any]]:
    """Return every stored document of a kind, oldest first.

    Orders are shown expanded, everything else plain: as the answer to creating one.

    Args:
        engine: The emulator.
        account_id: Whose documents.
        kind: ``order``, ``payment`` or ``refund``.
    """
    with engine.opened(account_id) as (unit, account):
        ctx: Context = engine.context(unit, account, account.ids())
        documents = [decode(row.body) for row in reversed(unit.page(kind, limit=_ALL))]
        if kind not in _EXPANDED:
            return [plain(document) for document in documents]
        return [expanded(document, ctx.find) for document in documents]
