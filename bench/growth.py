"""Does a charge, or a page of the list, cost more when an account holds more orders?

One account of an emulator in this process: a charge, and the first page, one in the
middle and the last, at 1,000 orders and more, with the memory they take.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from functools import partial

from inprocess import Emulator, emulator, times_us
from report import Table

SIZES = (1_000, 10_000, 50_000)
CALLS = 40
ROUNDS = 7


def measure(options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table."""
    rows: list[list[str]] = []
    base: list[float] = []
    with emulator(options.state) as call:
        call.create()
        empty = _resident_mb()
        held = 1
        for size in (size for size in SIZES if size <= options.most):
            for _ in range(size - held):
                call("POST", "/v1/orders")
            each_kb = (_resident_mb() - empty) * 1024 / size
            figures = _figures(call, size)
            held = size + ROUNDS * CALLS
            base = base or figures
            cells = [
                f"{f:,.0f}, {f / b:.2f}" for f, b in zip(figures, base, strict=True)
            ]
            rows.append([f"{size:,}", *cells, f"{each_kb:.1f}"])
    head = ["orders", "charge", "first page", "middle page", "last page", "KB an order"]
    note = (
        "Median CPU time of a call in µs, and its ratio to that at 1,000 orders. A "
        f"page has 20 orders. State: {options.state}"
    )
    yield Table("growth", head, rows, note)


def _figures(call: Emulator, size: int) -> list[float]:
    middle, last = _tokens(call, size)
    work = [partial(call, "POST", "/v1/orders")]
    work += [
        partial(call, "GET", "/v1/orders", f"pageToken={token}")
        for token in ("", middle, last)
    ]
    return [
        statistics.median(
            times_us(each, rounds=ROUNDS, calls=CALLS, clock=time.process_time)
        )
        for each in work
    ]


def _tokens(call: Emulator, size: int) -> tuple[str, str]:
    """Return the page tokens of a page in the middle and of the last one."""
    token, tokens = "", []
    for _ in range(size // 100 - 1):
        query = f"maxResults=100&pageToken={token}"
        token = json.loads(call("GET", "/v1/orders", query))["nextPageToken"]
        tokens.append(token)
    return tokens[len(tokens) // 2], tokens[-1]


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
