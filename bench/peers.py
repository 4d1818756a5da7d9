"""Charges a second beside every peer: same body, same load tool, interleaved rounds."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

from report import Table, spread
from servers import WORK, app, ours, peers, prepare
from serving import CONNECTIONS, Load, Running, Server, middle, need, running

BASE = "Prism, log off"


def contenders(folder: str) -> list[Server]:
    """Return the emulator in several ways, its peers, and a baseline."""
    file = f"sqlite:///{folder}"
    durable = ("--state", f"{file}/two.db", "--workers", "2", "--server", "granian")
    return [
        ours("emulator, granian", "--server", "granian"),
        ours("emulator, threads (default)"),
        ours("emulator, granian × 2, SQLite file", *durable),
        ours("emulator, threads, SQLite file", "--state", f"{file}/one.db"),
        *peers(),
        app("granian, fixed bytes (baseline)", "fixed_bytes.py", ""),
    ]


def measure(options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table."""
    need("wrk", "npm")
    prepare(with_peers=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = contenders(folder)
        at: dict[str, Running] = {}
        for server in servers:
            at[server.name] = stack.enter_context(running(server))
            at[server.name].warm_up()
        seen: dict[str, list[Load]] = {server.name: [] for server in servers}
        for _ in range(options.rounds):
            for server in servers:
                seen[server.name].append(at[server.name].load(options.seconds))
    medians = {name: middle(loads) for name, loads in seen.items()}
    rows = [
        [
            server.name,
            server.does or "–",
            spread([load.rate for load in seen[server.name]]),
            f"{medians[server.name].rate / medians[BASE].rate:.2f}",
            f"{medians[server.name].p99_ms:,.1f}",
            f"{medians[server.name].cpu_us:,.0f}",
        ]
        for server in servers
    ]
    head = ["server", "does", "req/s min / median / max", "× Prism", "p99 ms", "CPU µs"]
    note = (
        f"{WORK} {CONNECTIONS} kept connections, {options.rounds} rounds of "
        f"{options.seconds} s. CPU: of all the server's processes, for one request."
    )
    yield Table("peers", head, rows, note)
