"""The ``smartpay`` fixture, and the names for test code to import.

Nothing heavy is imported before a test uses it. Everything in here calls the emulator
through ``client``: in this process (``local``) or behind a URL (``remote``).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartpay_mock.testing.checks import SmartpayAdviceWarning
    from smartpay_mock.testing.clock import Clock
    from smartpay_mock.testing.faults import Fault, Faults, Hold
    from smartpay_mock.testing.invariants import Violation, find_violations
    from smartpay_mock.testing.journal import Advice, Finding, RecordedRequest
    from smartpay_mock.testing.retries import RetryScenario, retry_scenarios
    from smartpay_mock.testing.seed_data import Consumers, Tokens
    from smartpay_mock.testing.session import SmartpayServer
    from smartpay_mock.testing.smartpay import Smartpay
    from smartpay_mock.testing.webhooks import Receiver, WebhookEvent, Webhooks

__all__ = [
    "Advice",
    "Clock",
    "Consumers",
    "Fault",
    "Faults",
    "Finding",
    "Hold",
    "Receiver",
    "RecordedRequest",
    "RetryScenario",
    "Smartpay",
    "SmartpayAdviceWarning",
    "SmartpayServer",
    "Tokens",
    "Violation",
    "WebhookEvent",
    "Webhooks",
    "find_violations",
    "retry_scenarios",
]

_NAMES = {
    "checks": ["SmartpayAdviceWarning"],
    "clock": ["Clock"],
    "faults": ["Fault", "Faults", "Hold"],
    "invariants": ["Violation", "find_violations"],
    "journal": ["Advice", "Finding", "RecordedRequest"],
    "retries": ["RetryScenario", "retry_scenarios"],
    "seed_data": ["Consumers", "Tokens"],
    "session": ["SmartpayServer"],
    "smartpay": ["Smartpay"],
    "webhooks": ["Receiver", "WebhookEvent", "Webhooks"],
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, and store it as a global."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
