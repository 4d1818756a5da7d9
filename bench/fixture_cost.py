"""What the pytest plugins cost: unused, per test that uses the fixture, and per call.

Rounds with and without them alternate, so a busy machine slows both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from report import Table, spread

ROUNDS = 7
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
# What the package registers: the fixture, and the contract kit.
PLUGINS = ["-p", "smartpay_sandbox", "-p", "smartpay_contracts"]
WITHOUT_OTHERS = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

BASELINES = {
    "baseline: requests.Session": "baseline: requests.Session",
    "baseline: requests.post": "baseline: requests.post",
    "Session to the fixture's server": "baseline: requests.Session",
    "Session, smartpay.adapter()": "baseline: requests.Session",
    "requests.post to the fixture's server": "baseline: requests.post",
    "requests.post, smartpay.intercept()": "baseline: requests.post",
}
"""The baseline of each way of calling."""

EMPTY = "def test_nothing():\n    pass\n"
USED = (Path(__file__).parent / "apps" / "payments.py").read_text(encoding="utf-8")
TIMES = """
import json
TIMES = {}

def pytest_runtest_logreport(report):
    name = report.nodeid.partition("::")[2].partition("[")[0]
    TIMES.setdefault(f"{name} {report.when}", []).append(report.duration * 1000)

def pytest_sessionfinish():
    with open("times.json", "w") as file:
        json.dump(TIMES, file)
"""


def measure(_options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table of the plugin, then that of calls."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_empty.py").write_text(EMPTY)
        plain, loaded = [], []
        for _ in range(ROUNDS + 1):
            plain.append(_run(folder))
            loaded.append(_run(folder, *PLUGINS))
        (folder / "test_empty.py").write_text(USED)
        (folder / "conftest.py").write_text(TIMES)
        _run(folder, *PLUGINS)
        times = json.loads((folder / "times.json").read_text())
        calls = json.loads((folder / "calls.json").read_text())
    added = [b - a for a, b in zip(plain[1:], loaded[1:], strict=True)]
    rows = [
        ["pytest with one empty test, without the plugins", spread(plain[1:])],
        ["what both plugins add, unused", spread(added, 1)],
        [
            "import of both plugins alone",
            spread([_import_ms() for _ in range(ROUNDS)], 1),
        ],
        [
            "first set-up of the fixture in a process",
            f"{times['test_set_up setup'][0]:.0f}",
        ],
        [
            "set-up of the fixture, each test after it",
            spread(times["test_set_up setup"][1:], 2),
        ],
        ["its verdict on a test", spread(times["test_set_up call"][1:], 2)],
        ["its teardown", spread(times["test_set_up teardown"], 2)],
    ]
    yield Table("fixture", ["the plugins", "ms, min / median / max"], rows)
    medians = {name: statistics.median(seen) for name, seen in calls.items()}
    rows = [
        [name, spread(seen, 2), f"{medians[name] - medians[BASELINES[name]]:+.2f}"]
        for name, seen in calls.items()
    ]
    note = "The baseline is `requests` with an adapter that answers at once."
    head = ["a charge with requests", "ms, min / median / max", "over the baseline"]
    yield Table("calls", head, rows, note)


def _run(folder: Path, *args: str) -> float:
    """Run pytest in ``folder``; return how long it took, in milliseconds."""
    started = time.perf_counter()
    subprocess.run(
        [*PYTEST, *args], cwd=folder, env=WITHOUT_OTHERS, check=True, stdout=-3
    )
    return (time.perf_counter() - started) * 1000


def _import_ms() -> float:
    """Return how long a process that has pytest takes to import both plugins."""
    program = (
        "import time, pytest; started = time.perf_counter(); "
        "import smartpay_mock.pytest_plugin, smartpay_contracts.entry; "
        "print(time.perf_counter() - started)"
    )
    return 1000 * float(subprocess.check_output([sys.executable, "-c", program]))
