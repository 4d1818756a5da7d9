"""What the ``smartpay`` fixture is made of, and the names for test code to import.

Law: imports nothing heavy before it is used; a test that asks for no account pays
nothing. ``desk`` is where everything else meets the emulator, in this process
(``local``) or behind a URL (``remote``).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smartpay_mock.testing.advice import SmartpayAdviceWarning
    from smartpay_mock.testing.clock import Clock
    from smartpay_mock.testing.faults import Fault, Faults, Hold
    from smartpay_mock.testing.grading_scenarios import RetryScenario, retry_scenarios
    from smartpay_mock.testing.journal import Advice, Finding, RecordedRequest
    from smartpay_mock.testing.oracle import Violation, find_violations
    from smartpay_mock.testing.receiver import Receiver, WebhookEvent
    from smartpay_mock.testing.session import SmartpayServer
    from smartpay_mock.testing.smartpay import Smartpay
    from smartpay_mock.testing.webhooks import Webhooks
    from smartpay_mock.testing.worlds import Consumers, Tokens

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

_HOMES = {
    "Advice": "journal",
    "Clock": "clock",
    "Consumers": "worlds",
    "Fault": "faults",
    "Faults": "faults",
    "Finding": "journal",
    "Hold": "faults",
    "Receiver": "receiver",
    "RecordedRequest": "journal",
    "RetryScenario": "grading_scenarios",
    "Smartpay": "smartpay",
    "SmartpayAdviceWarning": "advice",
    "SmartpayServer": "session",
    "Tokens": "worlds",
    "Violation": "oracle",
    "WebhookEvent": "receiver",
    "Webhooks": "webhooks",
    "find_violations": "oracle",
    "retry_scenarios": "grading_scenarios",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, and keep it as a plain global."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
