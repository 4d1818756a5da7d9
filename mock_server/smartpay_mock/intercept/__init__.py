"""Interception: calls of an HTTP library go to the application without a socket.

Importing this package imports neither ``requests`` nor ``responses`` nor ``httpx``;
each is imported when its interception is used.
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
    """Import a name when it is first used, and with it its HTTP library."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
