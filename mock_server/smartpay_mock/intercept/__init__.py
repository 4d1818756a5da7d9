"""Doors without a socket: a client library's calls go straight to the app.

``requests``, ``responses`` and ``httpx`` are imported by the door that is for them,
when it is opened; importing this package imports none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartpay_mock.intercept.adapter import SmartpayAdapter
    from smartpay_mock.intercept.mocking import intercept
    from smartpay_mock.intercept.transports import (
        async_smartpay_transport,
        smartpay_transport,
    )

__all__ = [
    "SmartpayAdapter",
    "async_smartpay_transport",
    "intercept",
    "smartpay_transport",
]

_HOMES = {
    "SmartpayAdapter": "adapter",
    "intercept": "mocking",
    "smartpay_transport": "transports",
    "async_smartpay_transport": "transports",
}


def __getattr__(name: str) -> Any:
    """Import the door asked for, and with it the library it is for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
