"""This version beside an earlier one: the same calls in turn, each in its own Python.

Both are installed as wheels into environments of their own, from ``git archive``, with
the packages that each names. Read the last column: this version over the earlier one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import tempfile
import venv
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fixture_cost import PLUGINS, TIMES, USED, WITHOUT_OTHERS
from report import Table, spread
from servers import ours, prepare
from serving import CACHE, Load, Running, need, running

import postgresql

ROOT = Path(__file__).resolve().parents[1]
CHARGES = Path(__file__).resolve().parent / "apps" / "charges.py"
ROUNDS = 5
STARTS = 11
HELD = 20_000
Figure = TypeVar("Figure")


@dataclass(frozen=True)
class Version:
    """One commit, installed.

    Attributes:
        commit: Its short name.
        folder: Where it is installed.
    """

    commit: str
    folder: Path

    @property
    def python(self) -> str:
        """The Python that has it."""
        return str(self.folder / "venv" / "bin" / "python")

    @property
    def wheel(self) -> Path:
        """Its wheel."""
        return next((self.folder / "dist").glob("*.whl"))


@dataclass(frozen=True)
class Case:
    """One way to serve charges.

    Attributes:
        name: What the table calls it.
        options: Of ``serve``; ``{folder}`` and ``{database}`` are filled in.
        connections: How many wrk keeps open.
        is_kept: Whether a connection serves more than one call.
        held: Orders that are there before.
    """

    name: str
    options: tuple[str, ...] = ()
    connections: int = 1
    is_kept: bool = True
    held: int = 0


CASES = (
    Case("memory, 1 kept connection"),
    Case("memory, a new connection each", is_kept=False),
    Case("memory, 4 kept connections", connections=4),
    Case("memory, 16 kept connections", connections=16),
    Case(f"memory, 16, {HELD:,} orders held", connections=16, held=HELD),
    Case("granian, 16", ("--server", "granian"), 16),
    Case("SQLite, full, 1", ("--state", "sqlite:///{folder}/full.db")),
    Case(
        "SQLite, full, 16",
        ("--state", "sqlite:///{folder}/full16.db"),
        connections=16,
    ),
    Case(
        "SQLite, normal, 1",
        ("--state", "sqlite:///{folder}/normal.db?synchronous=normal"),
    ),
    Case("PostgreSQL, 16", ("--state", "{database}"), connections=16),
)


def measure(options: argparse.Namespace) -> Iterator[Table]:
    """Yield the table of HTTP, then that of everything else."""
    need("wrk", "git")
    prepare(with_peers=False)
    versions = (install(options.before), install("HEAD"))
    yield over_http(versions, options.seconds)
    yield in_process(versions)


def install(commit: str) -> Version:
    """Install a commit into an environment of its own, unless it is there."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.check_output([*git, "rev-parse", "--short", commit], text=True)
    version = Version(name.strip(), CACHE / f"version-{name.strip()}")
    if (version.folder / "done").exists():
        return version
    source = version.folder / "source"
    source.mkdir(parents=True, exist_ok=True)
    archive = subprocess.check_output([*git, "archive", version.commit])
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    venv.create(version.folder / "venv", with_pip=True, clear=True)
    pip = [version.python, "-m", "pip"]
    dist = str(version.folder / "dist")
    pins = ["-c", str(source / "constraints.txt")]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", dist, source], check=True)
    wheel = f"{version.wheel}[fast,postgres]"
    subprocess.run([*pip, "install", "-q", *pins, wheel], check=True)
    (version.folder / "done").touch()
    return version


def over_http(versions: Sequence[Version], seconds: float) -> Table:
    """Return what servers of both versions do under load."""
    rows = []
    for case in CASES:
        with ExitStack() as stack:
            seen = _loads(versions, case, seconds, stack)
        before, now = (seen[each] for each in versions)
        for figure, unit in (("cpu_us", "CPU µs"), ("rate", "req/s"), ("p99_ms", "ms")):
            values = [
                [getattr(load, figure) for load in side] for side in (before, now)
            ]
            label = "p99" if figure == "p99_ms" else unit
            rows.append([f"{case.name}: {label}", *_compared(*values)])
    note = f"{ROUNDS} rounds of {seconds} s each, in turn; one server of each version."
    return Table("before-http", _head(versions), rows, note)


def _loads(
    versions: Sequence[Version], case: Case, seconds: float, stack: ExitStack
) -> dict[Version, list[Load]]:
    at: dict[Version, Running] = {}
    for version in versions:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = ""
        if "{database}" in case.options:
            database = stack.enter_context(postgresql.running(more_settings=()))
        filled = (o.format(folder=folder, database=database) for o in case.options)
        server = ours(version.commit, *filled, python=version.python)
        at[version] = stack.enter_context(running(server))
        at[version].fill(case.held, at_most_s=120)
        at[version].load(2, case.connections, is_kept=case.is_kept)
    seen: dict[Version, list[Load]] = defaultdict(list)
    for _ in range(ROUNDS):
        for version in versions:
            load = at[version].load(seconds, case.connections, is_kept=case.is_kept)
            seen[version].append(load)
    return seen


def in_process(versions: Sequence[Version]) -> Table:
    """Return starts, calls within a process, the fixture, and the wheels' sizes."""
    rows = [["start to first charge, ms", *_starts(versions)]]
    rows.append(["a charge in this process, memory, CPU µs", *_charges(versions)])
    phases = {"setup": "set-up", "call": "call", "teardown": "teardown"}
    seen = _in_turn(versions, ROUNDS, _fixture)
    for phase, name in phases.items():
        values = [[one[phase] for one in seen[version]] for version in versions]
        rows.append([f"the fixture's {name}, ms", *_compared(*values, digits=3)])
    sizes = [[version.wheel.stat().st_size / 1000] for version in versions]
    rows.append(["the wheel, kB", *_compared(*sizes)])
    note = f"Medians of {STARTS} starts and {ROUNDS} rounds, in turn."
    return Table("before-process", _head(versions), rows, note)


def _starts(versions: Sequence[Version]) -> list[str]:
    def start(version: Version) -> float:
        with running(ours(version.commit, python=version.python)) as at:
            return at.first_ms

    seen = _in_turn(versions, STARTS + 1, start)  # the first one fills caches of files
    return _compared(*(seen[version][1:] for version in versions))


def _charges(versions: Sequence[Version]) -> list[str]:
    def charge(version: Version) -> float:
        argv = [version.python, str(CHARGES), str(CACHE / "order.json")]
        return float(subprocess.check_output(argv, text=True))

    seen = _in_turn(versions, ROUNDS, charge)
    return _compared(*(seen[version] for version in versions))


def _fixture(version: Version) -> dict[str, float]:
    """Return the median milliseconds of each phase of a test with the fixture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_used.py").write_text(USED)
        (folder / "conftest.py").write_text(TIMES)
        argv = [version.python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        subprocess.run(
            [*argv, *PLUGINS], cwd=folder, env=WITHOUT_OTHERS, check=True, stdout=-3
        )
        times = json.loads((folder / "times.json").read_text())
        calls = json.loads((folder / "calls.json").read_text())
    return {
        "setup": statistics.median(times["test_set_up setup"][1:]),
        "teardown": statistics.median(times["test_set_up teardown"]),
        "call": statistics.median(calls["Session to the fixture's server"]),
    }


def _in_turn(
    versions: Sequence[Version], rounds: int, run: Callable[[Version], Figure]
) -> dict[Version, list[Figure]]:
    seen: dict[Version, list[Figure]] = defaultdict(list)
    for _ in range(rounds):
        for version in versions:
            seen[version].append(run(version))
    return seen


def _compared(
    before: Sequence[float], now: Sequence[float], *, digits: int = 1
) -> list[str]:
    ratio = statistics.median(now) / statistics.median(before)
    return [spread(before, digits), spread(now, digits), f"{ratio:.2f}"]


def _head(versions: Sequence[Version]) -> list[str]:
    before, now = (version.commit for version in versions)
    title = "min / median / max"
    return ["figure", f"{before}, {title}", f"{now}, {title}", "ratio"]
