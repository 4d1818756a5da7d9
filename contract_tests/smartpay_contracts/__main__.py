"""Run the kit: ``python -m smartpay_contracts``.

The command takes the options of the kit and of pytest. It ignores the pytest
configuration of the current folder.

Exit codes: 0 every clause holds, 1 some do not, 2 usage error, 3 the server stopped
answering, 11 a clause in the parity ledger is too old.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

USAGE = 2
_VERBOSITIES = ("-q", "-v", "--quiet", "--verb", "--co")
_PYTESTS_USAGE = {4, 5}
"""pytest's codes for wrong usage and for no test at all."""


def main(arguments: list[str] | None = None) -> int:
    """Run the kit.

    Args:
        arguments: Options of the kit and of pytest; the command line's by default.

    Returns:
        The exit code.
    """
    config = Path(__file__).with_name("kit.ini")
    own = [
        "-c",
        str(config),
        "-p",
        "no:cacheprovider",
        "--pyargs",
        "smartpay_contracts",
    ]
    given = sys.argv[1:] if arguments is None else arguments
    # A new process, because pytest cannot rewrite modules that are already imported.
    is_chosen = any(argument.startswith(_VERBOSITIES) for argument in given)
    quiet = [] if is_chosen else ["-q"]
    command = [sys.executable, "-m", "pytest", *own, *quiet, *given]
    status = subprocess.run(command, check=False).returncode  # noqa: S603 - our own
    return USAGE if status in _PYTESTS_USAGE else status


if __name__ == "__main__":
    sys.exit(main())
