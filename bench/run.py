"""Every benchmark by name; ``make bench`` runs them all, ``ARGS='growth'`` one.

Benchmarks are run by people, never by CI: their figures are ratios within one run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHES = ("peers", "growth", "fixture_cost")


def main() -> int:
    """Run the benchmarks named on the command line, all of them without one."""
    names = sys.argv[1:2] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"There is no benchmark {unknown[0]}. There are: {', '.join(BENCHES)}.")
        return 2
    for name in names:
        print(f"== {name}", flush=True)
        script = Path(__file__).with_name(f"{name}.py")
        done = subprocess.run([sys.executable, str(script), *sys.argv[2:]], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
