"""What the pytest plugin costs: unused, and per test that uses it.

    .venv/bin/python bench/fixture_cost.py [ROUNDS]

Rounds with and without the plugin alternate, so a busy machine slows both. Figures
are minimum, median and maximum, in milliseconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = 500
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
PLUGIN = ["-p", "smartpay_sandbox"]
WITHOUT_OTHERS = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

EMPTY = "def test_nothing():\n    pass\n"
USED = f"""
import pytest, requests

@pytest.mark.parametrize("number", range({TESTS}))
def test_set_up(smartpay, number):
    pass

@pytest.mark.parametrize("number", range({TESTS}))
def test_payment(smartpay, number):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Basic {{smartpay.secret_key}}"
        session.post(f"{{smartpay.url}}/orders", json=smartpay.payload(amount=500))
"""
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


def run(folder: Path, *args: str) -> float:
    """Run pytest in ``folder``; return how long it took."""
    started = time.perf_counter()
    subprocess.run(
        [*PYTEST, *args], cwd=folder, env=WITHOUT_OTHERS, check=True, stdout=-3
    )
    return (time.perf_counter() - started) * 1000


def import_ms() -> float:
    """Return how long a process that has pytest takes to import the plugin."""
    program = (
        "import time, pytest; started = time.perf_counter(); "
        "import smartpay_mock.pytest_plugin; print(time.perf_counter() - started)"
    )
    return 1000 * float(subprocess.check_output([sys.executable, "-c", program]))


def row(label: str, values: list[float]) -> str:
    """Return one line of the table."""
    middle = statistics.median(values)
    return f"{label:<44}{min(values):9.2f}{middle:9.2f}{max(values):9.2f}"


def main(rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_empty.py").write_text(EMPTY)
        plain, loaded = [], []
        for _ in range(rounds + 1):
            plain.append(run(folder))
            loaded.append(run(folder, *PLUGIN))
        added = [b - a for a, b in zip(plain[1:], loaded[1:], strict=True)]
        (folder / "test_empty.py").write_text(USED)
        (folder / "conftest.py").write_text(TIMES)
        run(folder, *PLUGIN)
        times = json.loads((folder / "times.json").read_text())
    print(f"{'':44}{'min':>9}{'median':>9}{'max':>9}  ms")
    print(row("one empty test, without the plugin", plain[1:]))
    print(row("the same with the plugin, unused", loaded[1:]))
    print(row("what it adds, round by round", added))
    print(row("import of the plugin alone", [import_ms() for _ in range(rounds)]))
    print(f"first set-up of a process {times['test_set_up setup'][0]:27.2f}")
    print(row("set-up of the fixture, per test", times["test_set_up setup"][1:]))
    print(row("its verdict, per test", times["test_set_up call"][1:]))
    print(row("its teardown, per test", times["test_set_up teardown"]))
    print(row("a test with one payment, requests", times["test_payment call"][1:]))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
