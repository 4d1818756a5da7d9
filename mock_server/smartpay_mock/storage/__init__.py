"""Where documents are kept: in memory, in an SQLite file, in PostgreSQL.

Law: the standard library, ``kernel`` and ``psycopg`` only, and each database's driver
is imported when it is used. Nothing above this floor sees SQL, a connection or a
transaction: it sees :class:`~smartpay_mock.storage.contract.Store` and
:class:`~smartpay_mock.storage.contract.Unit`. What a document means is not known here.
"""

from __future__ import annotations

from smartpay_mock.storage.contract import Row, Store, Unit

__all__ = ["Row", "Store", "Unit", "open_store"]


def open_store(url: str | None = None) -> Store:
    """Return the store that ``url`` names.

    Args:
        url: ``None`` or ``memory:``.

    Raises:
        StoreError: The URL names no kind of store.
    """
    from smartpay_mock.storage.memory import MemoryStore  # noqa: PLC0415 - only when used

    return MemoryStore()
