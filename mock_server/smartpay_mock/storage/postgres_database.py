"""A PostgreSQL database: how to reach it, its tables' version, what its errors mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from smartpay_mock.storage import layouts, sql_postgres
from smartpay_mock.storage.base import StoreError, StoreUnavailable

Connection = psycopg.Connection[tuple[object, ...]]

_DEFAULTS = {
    "application_name": "smartpay-sandbox",
    "client_encoding": "UTF8",
    # A host that is cut off is noticed within ten seconds, on both sides: sooner than
    # anybody who waits for its account gives up.
    "connect_timeout": "5",  # s
    "keepalives": "1",
    "keepalives_idle": "4",  # s
    "keepalives_interval": "1",  # s
    "keepalives_count": "4",
    "tcp_user_timeout": "8000",  # ms
}

# The server's word for what the client has in its URL. Keepalives alone would not do:
# they say nothing while an answer waits to be acknowledged.
_FOR_THE_SERVER = {
    "tcp_keepalives_idle": "keepalives_idle",
    "tcp_keepalives_interval": "keepalives_interval",
    "tcp_keepalives_count": "keepalives_count",
    "tcp_user_timeout": "tcp_user_timeout",
}

_IDLE_MS = 60_000
"""How long the server lets a unit do nothing before it takes its locks away."""


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """How to reach one schema of one database.

    Attributes:
        conninfo: As libpq takes it.
        schema: Where our tables are.
        busy_ms: How long to wait for another unit of the same account, in
            milliseconds.
    """

    conninfo: str
    schema: str
    busy_ms: int

    def __str__(self) -> str:
        """Name the place, without user and password."""
        parts = conninfo_to_dict(self.conninfo)
        host = parts.get("host") or "localhost"
        database = parts.get("dbname") or parts.get("user") or ""
        return f"PostgreSQL {database!r} at {host}:{parts.get('port') or 5432}"

    def settled(self) -> PostgresDatabase:
        """Return this with our patience where the URL has none of its own.

        Raises:
            StoreError: The URL is not one that libpq understands.
        """
        try:
            given = conninfo_to_dict(self.conninfo)
            own = {name: str(value) for name, value in given.items() if value}
            whole = {**_DEFAULTS, **own}
            conninfo = make_conninfo("", **whole)
        except psycopg.Error as error:
            raise StoreError(
                f"The URL of the store is not understood: {_first_line(error)}. Write "
                "postgresql://user@host:5432/database."
            ) from error
        return PostgresDatabase(conninfo, self.schema, self.busy_ms)

    def prepare(self, connection: Connection) -> None:
        """Make a new connection ours: its tables, its patience, its statements."""
        told = conninfo_to_dict(self.conninfo)
        settings = {
            "search_path": self.schema,
            "lock_timeout": f"{self.busy_ms}ms",
            "idle_in_transaction_session_timeout": f"{_IDLE_MS}ms",
            **{name: str(told[ours]) for name, ours in _FOR_THE_SERVER.items()},
            # Every question has its index; what the planner last heard about the
            # size of the tables shall not make it read a whole one.
            "enable_seqscan": "off",
            "enable_bitmapscan": "off",
            "enable_sort": "off",
            "plan_cache_mode": "force_generic_plan",
        }
        for name, value in settings.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.execute(sql_postgres.PREPARE)

    def migrate(self) -> None:
        """Make the tables, or bring them up to the current version.

        Raises:
            StoreError: They are another program's, or of a later version.
            StoreUnavailable: The database cannot be reached.
        """
        try:
            with psycopg.connect(self.conninfo) as connection:
                # Of several processes that start together, one does it.
                connection.execute(
                    "SELECT pg_advisory_xact_lock(%s)", (layouts.APPLICATION_ID,)
                )
                self._migrate(connection)
        except psycopg.Error as error:
            raise self.explain(error) from error

    def _migrate(self, connection: Connection) -> None:
        version = self._version(connection)
        if version > layouts.CURRENT:
            raise StoreError(
                f"The schema {self.schema!r} of {self} was written by a later "
                f"smartpay-sandbox (layout {version}; this one knows up to "
                f"{layouts.CURRENT}). Upgrade smartpay-sandbox, or choose another "
                "schema with ?schema=."
            )
        if version == layouts.CURRENT:
            return
        connection.execute("SELECT set_config('search_path', %s, true)", (self.schema,))
        todo = layouts.statements(version=version, dialect=layouts.POSTGRESQL)
        for statement in todo:
            connection.execute(statement)
        connection.execute("DELETE FROM layout")
        connection.execute("INSERT INTO layout VALUES (%s)", (layouts.CURRENT,))

    def _version(self, connection: Connection) -> int:
        """Return the version of our tables, 0 in a schema that was empty."""
        cursor = connection.execute(
            "SELECT c.relname FROM pg_namespace AS n LEFT JOIN pg_class AS c"
            " ON c.relnamespace = n.oid WHERE n.nspname = %s",
            (self.schema,),
        )
        found = {name for (name,) in cursor}
        if not found:
            connection.execute(f"CREATE SCHEMA {self.schema}")
        if "layout" in found:
            query = f"SELECT version FROM {self.schema}.layout"  # noqa: S608 - letters only
            row = connection.execute(query).fetchone()
            return cast("int", row[0]) if row else 0
        if found - {None}:
            raise StoreError(
                f"The schema {self.schema!r} of {self} has tables of another program. "
                "Choose another one with ?schema=."
            )
        connection.execute(
            f"CREATE TABLE {self.schema}.layout (version INTEGER NOT NULL)"
        )
        return 0

    def explain(self, error: psycopg.Error) -> StoreError:
        """Return the error that says where and what to do."""
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return StoreUnavailable(
                f"{self}: another unit of work on this account did not end within "
                f"{self.busy_ms} ms. End it (a held request holds it), or allow more "
                "with ?busy_ms=."
            )
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return StoreUnavailable(
                f"{self} cannot be reached: {_first_line(error)}. Nothing of this unit "
                "was kept, unless the connection broke during its commit. Check that "
                "the server runs and repeat the request with the same "
                "Idempotency-Key: it is carried out once."
            )
        if isinstance(error, psycopg.DataError):
            return StoreError(
                f"{self} cannot keep this: {_first_line(error)}. Use ids and kinds of "
                "printable characters."
            )
        return StoreError(
            f"{self}: {_first_line(error)}. Check that the user may create and write "
            f"tables in the schema {self.schema!r}."
        )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
