"""Where documents are kept: in memory, in an SQLite file, in PostgreSQL.

Law: the standard library, ``kernel`` and ``psycopg`` only, and each database's driver
is imported when it is used. Nothing above this floor sees SQL, a connection or a
transaction: it sees :class:`~smartpay_mock.storage.base.Store` and
:class:`~smartpay_mock.storage.base.Unit`. What a document means is not known here.
"""

from __future__ import annotations

from smartpay_mock.storage.base import Row, Store, Unit
from smartpay_mock.storage.urls import open_store

__all__ = ["Row", "Store", "Unit", "open_store"]
