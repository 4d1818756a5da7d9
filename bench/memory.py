"""Memory at the start, and after 20,000 charges that are kept."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from report import Table
from servers import WORK, ours, peers, prepare
from serving import running

CHARGES = 20_000
AT_MOST_SECONDS = 45


def measure(_options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table."""
    prepare(with_peers=True)
    rows = []
    for server in [
        ours("emulator, threads (default)"),
        ours("emulator, granian", "--server", "granian"),
        *peers(),
    ]:
        with running(server) as at:
            before = at.memory_mb()
            done = at.fill(CHARGES, at_most_s=AT_MOST_SECONDS)
            after = at.memory_mb()
        each = (after - before) * 1024 / done
        figures = (f"{before:.0f}", f"{done:,}", f"{after:.0f}", f"{each:.1f}")
        rows.append([server.name, server.does or "–", *figures])
    head = ["server", "does", "MB at start", "requests", "MB then", "KB each"]
    note = (
        f"{WORK} One connection, {CHARGES:,} requests or {AT_MOST_SECONDS} s. "
        "Proportional set size of all processes."
    )
    yield Table("memory", head, rows, note)
