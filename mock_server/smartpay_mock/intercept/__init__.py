"""In-process clients: the calls of a client library go to the app without a socket.

``requests``, ``responses`` and ``httpx`` are imported when the name that needs them is
used; importing this package imports none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartpay_mock.intercept.adapter import SmartpayAdapter
    from smartpay_mock.intercept.interception import intercept
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

_MODULES = {
    "SmartpayAdapter": "adapter",
    "intercept": "interception",
    "smartpay_transport": "transports",
    "async_smartpay_transport": "transports",
}


def __getattr__(name: str) -> Any:
    """Import an entry point, and with it the library that it serves."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
