"""The stores under test: each test that takes ``store`` runs on every kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from smartpay_mock.storage import Store, open_store

KINDS = ("memory", "sqlite", "sqlite-in-memory", "postgresql")

_schemas = itertools.count(1)


@pytest.fixture(params=KINDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, of each kind in turn."""
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite-in-memory":
        return "sqlite://"
    if request.param == "sqlite":
        # Durability is tested where it belongs; here it would only cost time.
        return f"sqlite:///{tmp_path / 'state.db'}?synchronous=off"
    server: str = request.getfixturevalue("postgresql_server")
    return f"{server}&schema=test_{next(_schemas)}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return an empty store of each kind in turn."""
    opened = open_store(store_url)
    yield opened
    opened.close()
