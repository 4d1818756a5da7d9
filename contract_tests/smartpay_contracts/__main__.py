"""Run the kit: ``python -m smartpay_contracts``.

The command takes the options of the kit and of pytest. The current folder has no
influence on the run: its pytest configuration, ``conftest.py`` files and modules are
not read, and neither are installed pytest plugins nor ``PYTEST_ADDOPTS``.

Exit codes: 0 every clause holds, 1 some do not, 2 usage error, 3 the server stopped
answering, 11 a clause in the parity ledger is too old.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from smartpay_contracts.entry import SETTINGS

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
    package = Path(__file__).parent
    # The kit as a path: with a name in its place, pytest looks for conftest.py files in
    # the current folder. -P keeps modules of that folder from being imported.
    own = ["-c", str(package / SETTINGS), "-p", "smartpay_contracts.entry"]
    own += ["-p", "no:cacheprovider", "--pyargs", str(package)]
    given = sys.argv[1:] if arguments is None else arguments
    # A new process, because pytest cannot rewrite modules that are already imported.
    is_chosen = any(argument.startswith(_VERBOSITIES) for argument in given)
    quiet = [] if is_chosen else ["-q"]
    command = [sys.executable, "-P", "-m", "pytest", *own, *quiet, *given]
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    done = subprocess.run(command, env=variables, check=False)  # noqa: S603 - our own
    return USAGE if done.returncode in _PYTESTS_USAGE else done.returncode


if __name__ == "__main__":
    sys.exit(main())
