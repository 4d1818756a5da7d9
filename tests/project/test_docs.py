"""The reference pages say what the tables say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_generated_pages_are_up_to_date(root: Path) -> None:
    """A changed table comes with its pages: make docs."""
    outcome = subprocess.run(
        [sys.executable, "tools/reference.py", "--check"],
        cwd=root,
        check=False,
        capture_output=True,
        text=True,
    )

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
