"""A small WSGI app that in-process clients call."""

from __future__ import annotations

import pytest

from probe_app import ProbeApp


@pytest.fixture
def probe() -> ProbeApp:
    """Return the app that does what a path names."""
    return ProbeApp()
