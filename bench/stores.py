"""Measure the same calls on each store, and the writes of one charge alone."""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from inprocess import KEY, Emulator, emulator, times_us
from report import Table, spread

import postgresql
from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.storage import Store
from smartpay_mock.storage.base import Row, Unit

ACCOUNT = account_id(KEY)
HELD = 500
_TOKEN = sandbox_values().tokens["approved"]
_READ = (
    ("account", ACCOUNT),
    ("idempotency", "POST /orders new"),
    ("token", _TOKEN.id),
    ("consumer", _TOKEN.consumer),
)
_REPLAYED = (("account", ACCOUNT), ("idempotency", "POST /orders again"))
_ids = itertools.count()


def states(folder: str, database: str) -> dict[str, str]:
    """Return the URL of each store by its name in the table."""
    file = f"sqlite:///{folder}"
    return {
        "memory (default)": "memory:",
        "SQLite in memory": "sqlite:",
        "SQLite file, synchronous=off": f"{file}/off.db?synchronous=off",
        "SQLite file, synchronous=normal": f"{file}/normal.db?synchronous=normal",
        "SQLite file (durable)": f"{file}/full.db",
        "PostgreSQL, own process": database,
    }


def measure(_options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table of whole calls, then that of the stores alone."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = stack.enter_context(postgresql.running(more_settings=()))
        at = {
            name: stack.enter_context(emulator(url))
            for name, url in states(folder, database).items()
        }
        for each in at.values():
            for _ in range(HELD):
                each.create()
        yield calls(at)
        yield alone(at)


def calls(at: dict[str, Emulator]) -> Table:
    """Return the times of whole calls, without a socket."""
    rows = []
    for name, call in at.items():
        order = call.create()["id"]
        call("POST", "/v1/orders", key="again")
        create = times_us(call.create)
        others = [
            times_us(partial(call, "POST", "/v1/orders", key="again")),
            times_us(partial(call, "GET", f"/v1/orders/{order}")),
            times_us(partial(call, "GET", "/v1/orders")),
        ]
        rows.append([name, spread(create), *map(_middle, others)])
    head = ["store", "create, µs min / median / max", "replay", "get", "page of 20"]
    note = f"Whole calls without a socket, each journaled; {HELD:,} orders held."
    return Table("stores", head, rows, note)


def alone(at: dict[str, Emulator]) -> Table:
    """Return the times of the stores for the documents of one charge."""
    documents = _documents(at["memory (default)"].store)
    rows = []
    for name, each in at.items():
        store = each.store
        write = times_us(partial(_write, store, documents))
        look_up = times_us(partial(_look_up, store))
        ratio = statistics.median(look_up) / statistics.median(write)
        rows.append([name, spread(write), _middle(look_up), f"{ratio:.2f}"])
    head = ["store", "a create's, µs min / median / max", "key's look-up, µs", "ratio"]
    note = (
        f"One unit of work each. A create reads {len(_READ)} documents, writes "
        f"{len(documents)} and commits; the look-up reads account and key."
    )
    return Table("stores-alone", head, rows, note)


def _documents(store: Store) -> list[Callable[[Unit], None]]:
    """Return the puts of the newest charge; each call uses a new id."""
    puts: list[Callable[[Unit], None]] = []
    with store.read(ACCOUNT) as unit:
        for kind in (
            "order",
            "line_item",
            "payment",
            "event",
            "idempotency",
            "request",
        ):
            for row in unit.page(kind, limit=1):
                puts.append(partial(_put, row, kind))
    return puts


def _put(row: Row, kind: str, unit: Unit) -> None:
    unit.put(
        kind,
        f"{kind}-{next(_ids)}",
        row.body,
        index_key=row.index_key,
        due=row.due,
        attachment=row.attachment,
    )


def _write(store: Store, puts: list[Callable[[Unit], None]]) -> None:
    with store.write(ACCOUNT) as unit:
        for kind, id_ in _READ:
            unit.row(kind, id_)
        for put in puts:
            put(unit)


def _look_up(store: Store) -> None:
    with store.write(ACCOUNT) as unit:
        rows = [unit.row(kind, id_) for kind, id_ in _REPLAYED]
    if None in rows:
        raise SystemExit("the idempotency key is missing")


def _middle(times: list[float]) -> str:
    return f"{statistics.median(times):,.0f}"
