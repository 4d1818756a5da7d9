"""Server-wide routes: is it alive, is it ready, which version, which settings."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from smartpay_mock.control.routes import Request
from smartpay_mock.kernel.clock import wall_ms

_STARTED_MS = wall_ms()


@cache
def version() -> str:
    """Return the version of the distribution."""
    from importlib import metadata  # noqa: PLC0415 - slow, and for a few routes only

    return metadata.version("smartpay-sandbox")


def health(_request: Request) -> Any:
    """Return that the process answers."""
    now = wall_ms()
    return {
        "status": "healthy",
        "version": version(),
        "uptimeInSeconds": (now - _STARTED_MS) // 1000,
        "timestamp": now,
    }


def ready(request: Request) -> Any:
    """Return that the state can be read."""
    request.engine.store.accounts()
    return {"status": "ready"}


def show_version(_request: Request) -> Any:
    """Return name and version."""
    return {"name": "smartpay-sandbox", "version": version()}


def show_settings(request: Request) -> Any:
    """Return the settings, secrets left out."""
    settings = request.engine.settings
    return {
        row.name: getattr(settings, row.name)
        for row in fields(settings)
        if not row.metadata["is_secret"]
    }
