"""Where the time of one charge goes: by layer of the emulator, and by function.

Samples this process every few milliseconds of its CPU time while it charges. What a
function spends in libraries and built-ins counts for the function.
"""

from __future__ import annotations

import argparse
import signal
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from types import FrameType

from inprocess import Emulator, emulator, times_us
from report import Table
from servers import ours, prepare
from serving import need, running

INTERVAL_SECONDS = 0.001
SECONDS = 20.0
SHOWN = 15
_PACKAGES = ("smartpay_mock", "smartpay_schemas", "smartpay_fixtures")


def measure(options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table of layers, then that of functions."""
    need("wrk")
    prepare(with_peers=False)
    with emulator() as call:
        for _ in range(2_000):
            call.create()
        times = times_us(call.create, calls=200, clock=time.process_time)
        inside = statistics.median(times)
        layers, functions = _sampled(call)
    total = sum(layers.values())
    rows = [
        [name, f"{count / total * inside:.0f}", f"{count / total:.0%}"]
        for name, count in layers.most_common()
    ]
    rows.append(["all layers", f"{inside:.0f}", "100%"])
    for name, arguments in (
        ("threads", ()),
        ("granian", ("--server", "granian")),
    ):
        with running(ours(name, *arguments)) as at:
            at.warm_up()
            load = at.load(options.seconds)
        more = f"{load.cpu_us - inside:+.0f}"
        rows.append([f"sockets and HTTP: serve --server {name}", more, ""])
    head = ["layer", "CPU µs a charge", "share"]
    note = f"{total:,} samples in {SECONDS:.0f} s of CPU time."
    yield Table("layers", head, rows, note)
    rows = [
        [name, f"{count / total * inside:.1f}", f"{count / total:.1%}"]
        for name, count in functions.most_common(SHOWN)
    ]
    yield Table("functions", ["function", "CPU µs a charge", "share"], rows)


def _sampled(call: Emulator) -> tuple[Counter[str], Counter[str]]:
    layers: Counter[str] = Counter()
    functions: Counter[str] = Counter()

    def take(_number: int, frame: FrameType | None) -> None:
        while frame is not None:
            module = frame.f_globals.get("__name__", "")
            if module.startswith(_PACKAGES):
                parts = module.split(".")
                is_ours = parts[0] == "smartpay_mock" and len(parts) > 1
                layers[parts[1] if is_ours else parts[0]] += 1
                name = frame.f_code.co_qualname
                functions[f"{module.removeprefix('smartpay_mock.')}: {name}"] += 1
                return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, take)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
    try:
        end = time.process_time() + SECONDS
        while time.process_time() < end:
            call.create()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return layers, functions
