"""Run the parts of the soak and print their figures.

They are written into docs/reliability.md too. Exits with 1 if anything happened that
must not.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import re
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple

from tests.soak.figures import Figures

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reliability.md"
_PLACE = "<!-- soak: {name} -->.*?<!-- end -->"

# Where the PostgreSQL of tests and benchmarks is.
sys.path.append(str(ROOT / "tools"))


class Part(NamedTuple):
    """A part of the soak.

    Attributes:
        about: What it does, for people.
        seconds: How long it runs in a whole soak.
        program: Module and function, which takes the seconds.
        arguments: Those before the seconds.
    """

    about: str
    seconds: int
    program: str
    arguments: tuple[Any, ...] = ()


_KILLS, _RACES = "kills:kill_again_and_again", "races:race"
_FUZZ, _WALK = "fuzz:fuzz_on_cores", "walk:walk"

PARTS = {
    "kill-sqlite": Part("kill emulators on SQLite", 90, _KILLS, ("sqlite",)),
    "kill-granian": Part("kill processes of granian", 60, _KILLS, ("granian",)),
    "kill-postgresql": Part(
        "kill emulators on a database", 60, _KILLS, ("postgresql",)
    ),
    "kill-backends": Part("kill backends of PostgreSQL", 60, _KILLS, ("backends",)),
    "kill-database": Part("kill PostgreSQL", 60, _KILLS, ("database",)),
    "race-memory": Part("calls at once, in memory", 40, _RACES, ("memory:", 1)),
    "race-sqlite": Part("calls at once, SQLite", 40, _RACES, ("sqlite", 2)),
    "race-postgresql": Part("calls at once, PostgreSQL", 40, _RACES, ("postgresql", 2)),
    "fuzz-memory": Part("random input, in memory", 420, _FUZZ, ("memory:",)),
    "fuzz-sqlite": Part("random input, SQLite", 90, _FUZZ, ("sqlite",)),
    "fuzz-postgresql": Part("random input, PostgreSQL", 90, _FUZZ, ("postgresql",)),
    "walk-memory": Part("lives and a model, in memory", 40, _WALK, ("memory:",)),
    "walk-sqlite": Part("lives and a model, SQLite", 40, _WALK, ("sqlite",)),
    "walk-postgresql": Part("lives and a model, database", 40, _WALK, ("postgresql",)),
    "raw": Part("bytes that are hardly HTTP", 80, "raw:fuzz_bytes"),
    "descriptors": Part("few descriptors", 20, "limits:few_descriptors"),
    "slow-senders": Part("slow senders", 20, "limits:slow_senders"),
    "full-disk": Part("a full disk", 30, "limits:full_disk"),
    "starts": Part("starts and stops", 40, "limits:starts_and_stops"),
    "memory": Part("memory over many requests", 180, "limits:memory"),
}
"""By name; a whole soak takes less than 30 minutes."""


def main() -> None:
    """Run what the command line names."""
    whole = sum(part.seconds for part in PARTS.values()) / 60
    parser = argparse.ArgumentParser(
        prog="make soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:16}{part.about}" for name, part in PARTS.items()),
    )
    parser.add_argument(
        "--only", action="append", choices=PARTS, metavar="PART", help="repeatable"
    )
    parser.add_argument(
        "--minutes", type=float, default=whole, help=f"of a whole soak [{whole:.0f}]"
    )
    parser.add_argument("--no-keep", action="store_true", help="leave the page alone")
    options = parser.parse_args()
    bad = []
    for name in options.only or PARTS:
        figures, took_s = run(
            PARTS[name], PARTS[name].seconds * options.minutes / whole
        )
        print(f"{name:16} {took_s:5.0f} s  {figures}", flush=True)
        for example in figures.examples:
            print(f"    {example}", flush=True)
        if not figures.is_good:
            bad.append(name)
        if not (options.no_keep or figures.skipped):
            keep(name, figures)
    print(f"Not good: {', '.join(bad)}" if bad else "Nothing happened that must not.")
    raise SystemExit(1 if bad else 0)


def run(part: Part, seconds: float) -> tuple[Figures, float]:
    """Run a part; return its figures and how long it took, in seconds."""
    module, _, function = part.program.partition(":")
    began = time.monotonic()
    try:
        program = getattr(importlib.import_module(f"tests.soak.{module}"), function)
        figures: Figures = program(*part.arguments, seconds)
    except Exception:
        figures = Figures()
        figures.fail("runs that failed", traceback.format_exc())
    return figures, time.monotonic() - began


def keep(name: str, figures: Figures) -> None:
    """Write figures in their place in the page, with date and commit."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(_PLACE.format(name=re.escape(name)))
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no place for the figures of {name!r}.")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    git = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout
    text = f"<!-- soak: {name} -->{figures}; {today}, {commit.strip()}<!-- end -->"
    PAGE.write_text(pattern.sub(lambda _: text, page), encoding="utf-8")


if __name__ == "__main__":
    main()
