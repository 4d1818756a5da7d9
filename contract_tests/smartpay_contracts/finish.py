"""What happens when the last test is over: verdicts, reports, ledger, exit code."""

from __future__ import annotations

from typing import Any

import pytest


def finish(
    config: pytest.Config, records: list[dict[str, Any]], status: int
) -> tuple[list[str], int]:
    """Return the lines to show and the exit code."""
    return [], status
