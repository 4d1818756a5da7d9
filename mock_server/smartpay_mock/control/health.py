"""Routes about the server: health, version, settings, test values."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from smartpay_fixtures import sandbox_values_document
from smartpay_mock.control.routes import Request, Routes
from smartpay_mock.kernel.clock import wall_ms

routes = Routes()

_STARTED_MS = wall_ms()


@cache
def version() -> str:
    """Return the version of the distribution."""
    from importlib import metadata  # noqa: PLC0415 - slow, and for a few routes only

    return metadata.version("smartpay-sandbox")


@routes.add("GET", "/health", needs_account=False, is_open=True)
def health(_request: Request) -> Any:
    """Check that the process answers."""
    now = wall_ms()
    return {
        "status": "healthy",
        "version": version(),
        "uptimeInSeconds": (now - _STARTED_MS) // 1000,
        "timestamp": now,
    }


@routes.add("GET", "/ready", needs_account=False, is_open=True)
def ready(request: Request) -> Any:
    """Check that the state can be read."""
    request.application.store.accounts()
    return {"status": "ready"}


@routes.add("GET", "/version", needs_account=False)
def show_version(_request: Request) -> Any:
    """Show name and version."""
    return {"name": "smartpay-sandbox", "version": version()}


@routes.add("GET", "/settings", needs_account=False)
def show_settings(request: Request) -> Any:
    """Show the settings but no secret."""
    settings = request.application.settings
    return {
        row.name: getattr(settings, row.name)
        for row in fields(settings)
        if not row.metadata["is_secret"]
    }


@routes.add("GET", "/test-values", needs_account=False)
def show_test_values(_request: Request) -> Any:
    """List the test values and the outcome of each."""
    return sandbox_values_document()
