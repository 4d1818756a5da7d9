"""``python -m smartpay_contracts``: the kit with settings of its own.

Takes the options of the kit and of pytest, and nothing of the folder it is started
in: whose tests these are, their configuration does not matter here.

Exit codes: 0 every clause holds, 1 some do not, 2 wrong usage, 3 the server was lost
in the middle, 11 the parity ledger is too old.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

USAGE = 2
_PYTESTS_USAGE = {pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED}


def main(arguments: list[str] | None = None) -> int:
    """Run the kit.

    Args:
        arguments: Options of the kit and of pytest; the command line's by default.

    Returns:
        The exit code.
    """
    own = ["--pyargs", "smartpay_contracts", "-p", "no:cacheprovider"]
    config = Path(__file__).with_name("kit.ini")
    given = sys.argv[1:] if arguments is None else arguments
    status = pytest.main(["-c", str(config), *own, *given])
    return USAGE if status in _PYTESTS_USAGE else int(status)


if __name__ == "__main__":
    sys.exit(main())
