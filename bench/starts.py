"""From the start of a process to its first charge."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator

from report import Table, spread
from servers import app, ours, peers, prepare
from serving import running

STARTS = 7
BASE = "a Flask app with one route"


def measure(_options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table."""
    prepare(with_peers=True)
    with tempfile.TemporaryDirectory() as folder:
        file = ("--state", f"sqlite:///{folder}/state.db")
        servers = [
            app(BASE, "bare_flask.py", ""),
            ours("emulator, threads (default)"),
            ours("emulator, threads, SQLite file", *file),
            ours("emulator, granian", "--server", "granian"),
            *peers(),
        ]
        seen: dict[str, list[float]] = {server.name: [] for server in servers}
        for number in range(STARTS + 1):
            for server in servers:
                with running(server) as at:
                    if number:  # the first one fills caches of files
                        seen[server.name].append(at.first_ms)
    base = statistics.median(seen[BASE])
    rows = [
        [name, spread(times), f"{statistics.median(times) / base:.2f}"]
        for name, times in seen.items()
    ]
    head = ["server", "ms, min / median / max", "× bare Flask"]
    note = f"{STARTS} starts each, in turn. The first charge creates the account."
    yield Table("starts", head, rows, note)
