"""Every benchmark by name: ``make bench`` runs them all, ``ARGS=growth`` one of them.

Benchmarks are run by people, never by CI: read their figures as ratios within one run.
Each table is printed and put into docs/speed.md; with ``--no-keep`` only printed.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from report import keep, machine

BENCHES = {
    "before": "this version beside an earlier one",
    "peers": "charges a second beside every peer",
    "starts": "from the start of a process to its first charge",
    "memory": "after 20,000 charges that are kept",
    "stores": "what each store makes of the same calls",
    "processes": "what one more process brings",
    "growth": "with 1,000 orders held, and with 50,000",
    "layers": "where the time of one charge goes",
    "fixture_cost": "the pytest plugin, unused and used",
}


# Where the PostgreSQL of tests and benchmarks lives.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))


def main() -> None:
    """Run the benchmarks named on the command line, all of them without one."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:14}{about}" for name, about in BENCHES.items()),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="all without one")
    parser.add_argument("--rounds", type=int, default=3, help="of load (3)")
    parser.add_argument("--seconds", type=int, default=5, help="a round (5)")
    parser.add_argument("--most", type=int, default=50_000, help="orders, for growth")
    parser.add_argument("--state", default="memory:", help="of growth (memory:)")
    parser.add_argument(
        "--before", default="470848d", help="the earlier commit, for before (470848d)"
    )
    parser.add_argument("--no-keep", action="store_true", help="leave the page alone")
    options = parser.parse_args()
    for name in set(options.names) - set(BENCHES):
        parser.error(f"there is no benchmark {name}; there are {', '.join(BENCHES)}")
    print(f"On {machine()}.", flush=True)
    for name in options.names or BENCHES:
        print(f"\n== {name}: {BENCHES[name]}", flush=True)
        for table in importlib.import_module(name).measure(options):
            print(f"{table.text()}\n", flush=True)
            if not options.no_keep:
                keep(table)


if __name__ == "__main__":
    main()
