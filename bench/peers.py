"""Charges a second beside every peer: same body, same load tool, interleaved rounds."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack

from report import Table, spread
from servers import WORK, app, ours, peers, prepare
from serving import CONNECTIONS, Load, Running, Server, need, running

TOOLS = {"wrk": "apt-get install wrk", "npm": "install Node.js 20"}
BASE = "Prism, log off"
WARM_UP_SECONDS = 2


def contenders(folder: str) -> list[Server]:
    """Return the emulator in several ways, its peers, and a floor."""
    file = f"sqlite:///{folder}"
    durable = ("--state", f"{file}/two.db", "--workers", "2", "--server", "granian")
    return [
        ours("emulator, granian", "--server", "granian"),
        ours("emulator, threads (default)"),
        ours("emulator, granian × 2, SQLite file", *durable),
        ours("emulator, threads, SQLite file", "--state", f"{file}/one.db"),
        *peers(),
        app("granian, fixed bytes (the floor)", "fixed_bytes.py", ""),
    ]


def measure(options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table."""
    need(**TOOLS)
    prepare(with_peers=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        servers = contenders(folder)
        at: dict[str, Running] = {}
        for server in servers:
            at[server.name] = stack.enter_context(running(server))
            at[server.name].load(WARM_UP_SECONDS)
        seen: dict[str, list[Load]] = {server.name: [] for server in servers}
        for _ in range(options.rounds):
            for server in servers:
                seen[server.name].append(at[server.name].load(options.seconds))
    base = _middle(seen[BASE])
    rows = [
        [
            server.name,
            server.does or "–",
            spread([load.rate for load in seen[server.name]]),
            f"{_middle(seen[server.name]) / base:.2f}",
            f"{statistics.median(load.p99_ms for load in seen[server.name]):,.1f}",
            f"{statistics.median(load.cpu_us for load in seen[server.name]):,.0f}",
        ]
        for server in servers
    ]
    head = ["server", "does", "req/s min / median / max", "× Prism", "p99 ms", "CPU µs"]
    note = (
        f"{WORK} {CONNECTIONS} kept connections, {options.rounds} rounds of "
        f"{options.seconds} s. CPU: of all the server's processes, for one request."
    )
    yield Table("peers", head, rows, note)


def _middle(loads: list[Load]) -> float:
    return statistics.median(load.rate for load in loads)
