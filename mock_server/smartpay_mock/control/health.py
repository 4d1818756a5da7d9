"""Routes about the server: health, version, settings, test values."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any

from smartpay_fixtures import sandbox_values_document
from smartpay_mock.control.routes import Request, Routes, json_object
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.settings import Settings

routes = Routes()

SETTINGS = json_object(
    strict={"type": ["boolean", "null"]},
    inactive_token={"enum": ["rejected", "error", None]},
    captures={"enum": ["processed", "failed", None]},
    refunds={"enum": ["succeeded", "failed", None]},
    webhook_schedule={
        "type": ["string", "null"],
        "maxLength": 200,
        "pattern": r"^([0-9]{1,6}[smhd](, ?[0-9]{1,6}[smhd])*)?$",
        "x-expected": "whole numbers with a unit (s, m, h or d): 90s,5m,1h",
        "description": "Pauses such as 90s,5m,1h.",
    },
)
"""The JSON Schema of an account's own settings."""

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
    """Check that the state can be read, and written again after a write failed."""
    request.application.store.check()
    return {"status": "ready"}


@routes.add("GET", "/version", needs_account=False)
def show_version(_request: Request) -> Any:
    """Show name and version."""
    return {"name": "smartpay-sandbox", "version": version()}


@routes.add("GET", "/settings", needs_account=False)
def show_settings(request: Request) -> Any:
    """Show the settings of the emulator, or of the account, but no secret."""
    if not request.account:
        return _shown(request.application.settings)
    with request.opened() as ctx:
        return _shown(ctx.settings)


@routes.add("PATCH", "/settings", body=SETTINGS)
def change_settings(request: Request) -> Any:
    """Change settings of the account; null restores the emulator's. Show them all."""
    with request.opened() as ctx:
        changed = {**ctx.account.settings, **request.body}
        kept = {name: value for name, value in changed.items() if value is not None}
        ctx.account.change(settings=kept)
        return _shown(request.application.settings_of(ctx.account))


def _shown(settings: Settings) -> dict[str, Any]:
    return {
        row.name: getattr(settings, row.name)
        for row in fields(settings)
        if not row.metadata["is_secret"]
    }


@routes.add("GET", "/test-values", needs_account=False)
def show_test_values(_request: Request) -> Any:
    """List the test values and the outcome of each."""
    return sandbox_values_document()
