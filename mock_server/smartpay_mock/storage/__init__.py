"""Stores: in memory, in an SQLite file, in PostgreSQL.

This package imports the standard library, ``kernel`` and ``psycopg`` only, and imports
a database's driver when that database is used. The layers above see no SQL, connection
or transaction: they use :class:`~smartpay_mock.storage.base.Store` and
:class:`~smartpay_mock.storage.base.Unit`. The stores don't know what documents mean.
"""

from __future__ import annotations

from smartpay_mock.storage.base import Row, Store, Unit
from smartpay_mock.storage.urls import open_store

__all__ = ["Row", "Store", "Unit", "open_store"]
