"""The contract kit in a process of its own: it never shares one with the emulator."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence


def run_kit(module: str, arguments: Sequence[str]) -> int:
    """Run a module of the kit and return its exit code.

    Args:
        module: ``smartpay_contracts`` or one of its modules.
        arguments: Its command line.
    """
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own package
