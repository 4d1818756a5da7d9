"""Every client of the examples is served, over the socket and in-process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_every_client_is_served() -> None:
    """requests, httpx (sync and async), aiohttp, urllib: the example's own tests."""
    folder = Path(__file__).parents[2] / "examples" / "clients"
    plugins = ("-p", "no:cacheprovider", "-p", "smartpay_sandbox")

    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
        capture_output=True,
        text=True,
    )

    assert outcome.returncode == 0, outcome.stdout
    assert "9 passed" in outcome.stdout
