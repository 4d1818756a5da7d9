"""Look the pinned packages up in the advisory database: make audit.

Exits with 0 if no advisory is known, 1 if one is, 2 if packages were not looked up.
Needs a network, so it is no part of `make check`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PINS = Path(__file__).resolve().parents[1] / "constraints.txt"
OPTIONS = ("--disable-pip", "--no-deps", "--progress-spinner", "off", "-f", "json")


def verdict(packages: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """Return the exit code and the lines for what pip-audit found.

    Args:
        packages: The member ``dependencies`` of its report.
    """
    advisories = [
        f"{package['name']} {package['version']}: {advisory['id']}, fixed in "
        f"{', '.join(advisory['fix_versions']) or 'no version yet'}"
        for package in packages
        for advisory in package.get("vulns", [])
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    checked = len(packages) - len(skipped)
    lines = [*advisories, f"{checked} of {len(packages)} packages looked up."]
    if skipped:
        lines.append(
            "The advisory database doesn't know the others, or can't be reached from "
            f"here: {', '.join(skipped)}."
        )
    return (1 if advisories else 2 if skipped else 0), lines


def main() -> int:
    """Audit the pins and print what was found."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(PINS), *OPTIONS]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if not done.stdout:
        print(done.stderr, file=sys.stderr)
        print("No package was looked up: pip-audit did not reach its database.")
        return 2
    code, lines = verdict(json.loads(done.stdout)["dependencies"])
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
