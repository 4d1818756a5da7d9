"""Several processes on one state: what each adds, and where the time goes."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from report import Table, spread
from servers import ours, prepare
from serving import Load, Running, cpu_seconds, middle, need, running

import postgresql

ACCOUNTS = 64


def measure(options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table."""
    need("wrk")
    prepare(with_peers=False)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = stack.enter_context(postgresql.running(more_settings=()))
        at: dict[tuple[str, int], Running] = {}
        # Each number of processes has a state of its own.
        for name, state, counts in (
            ("memory", "memory:", (1,)),
            ("SQLite file", f"sqlite:///{folder}/state-{{}}.db", (1, 2)),
            ("PostgreSQL", f"{database}&schema=with_{{}}", (1, 2, 4)),
        ):
            for workers in counts:
                server = ours(
                    name,
                    *("--server", "granian", "--workers", str(workers)),
                    *("--state", state.format(workers)),
                    accounts=ACCOUNTS,
                )
                at[name, workers] = stack.enter_context(running(server))
                at[name, workers].warm_up()
        yield _table(at, database, options)


def _table(
    at: dict[tuple[str, int], Running], database: str, options: argparse.Namespace
) -> Table:
    loads: dict[tuple[str, int], list[Load]] = {key: [] for key in at}
    databases: dict[tuple[str, int], list[float]] = {key: [] for key in at}
    server = _postmaster(database)
    for _ in range(options.rounds):
        for key, running_ in at.items():
            before = cpu_seconds(server)
            load = running_.load(options.seconds)
            used = cpu_seconds(server) - before
            loads[key].append(load)
            databases[key].append(used / (load.rate * options.seconds) * 1e6)
    rows = []
    for (name, workers), seen in loads.items():
        median, one = middle(seen), middle(loads[name, 1])
        rows.append(
            [
                f"{name}, {workers} process{'es' if workers > 1 else ''}",
                spread([load.rate for load in seen]),
                f"{median.rate / one.rate:.2f}",
                f"{median.p99_ms:.1f}",
                f"{median.cpu_us:,.0f}",
                f"{statistics.median(databases[name, workers]):,.0f}"
                if name == "PostgreSQL"
                else "–",
            ]
        )
    head = ["state", "req/s min / median / max", "× one", "p99 ms"]
    head += ["CPU µs, emulator", "CPU µs, database"]
    note = (
        f"{ACCOUNTS} accounts, 16 connections, granian, {options.rounds} rounds of "
        f"{options.seconds} s; everything, wrk too, on this machine. PostgreSQL with "
        "fsync and synchronous_commit on."
    )
    return Table("processes", head, rows, note)


def _postmaster(url: str) -> int:
    """Return the process id of the database server."""
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(url) as connection:
        [[folder]] = connection.execute("SHOW data_directory").fetchall()
    return int(Path(folder, "postmaster.pid").read_text().splitlines()[0])
