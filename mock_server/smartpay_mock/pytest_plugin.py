"""The pytest plugin: a payment provider of its own for each test.

Imported by every run of pytest on a machine that has the package installed, so it
imports nothing heavy: what a fixture needs is imported when the fixture is used.
"""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, so that ``--strict-markers`` knows it."""
    config.addinivalue_line(
        "markers",
        "smartpay(**options): how the smartpay fixture behaves in this test",
    )
