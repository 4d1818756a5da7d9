"""Webhook faults: what a test makes go wrong with an account's webhooks.

A network may duplicate, reorder and delay webhooks, and a deployment may use the wrong
secret. The options below simulate that. They combine; each is off by default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from smartpay_mock.events.signing import decode_secret
from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.storage.base import Unit

KIND = "adversary"
"""The former name: stored states, snapshots and attempts contain it."""
DOCUMENT_ID = "webhooks"
ALWAYS = -1
MOST_COPIES = 100
LONGEST_DELAY_MS = 30 * DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFaults:
    """The webhook faults of an account; ``OPTIONS`` describes each.

    ``bad_signature`` is -1 if all attempts get a wrong signature.
    """

    duplicate: int = 0
    reorder: bool = False
    delay_ms: int = 0
    bad_signature: int = 0
    rotated_secret: str | None = None

    def has_bad_signature(self, tries: int) -> bool:
        """Return whether the attempt after ``tries`` others gets a wrong signature."""
        return self.bad_signature == ALWAYS or tries < self.bad_signature

    def of_attempt(self, tries: int) -> list[str]:
        """Return the names of the faults of the attempt after ``tries`` others."""
        applied = {
            "bad_signature": self.has_bad_signature(tries),
            "rotated_secret": self.rotated_secret is not None,
            "delay_ms": self.delay_ms > 0,
        }
        return [name for name, is_applied in applied.items() if is_applied]


class Option(NamedTuple):
    """What an option accepts, in words and as a check, and what it does."""

    expected: str
    is_valid: Callable[[object], bool]
    help: str


def _whole(highest: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and 0 <= value <= highest


def _is_secret(value: object) -> bool:
    if not isinstance(value, str):
        return value is None
    try:
        return bool(decode_secret(value))
    except SandboxUsageError:
        return False


OPTIONS = {
    "duplicate": Option(
        f"a whole number from 0 to {MOST_COPIES}",
        _whole(MOST_COPIES),
        "Copies to send after a 200.",
    ),
    "reorder": Option(
        "true or false",
        lambda value: isinstance(value, bool),
        "Send the newest due delivery first.",
    ),
    "delay_ms": Option(
        f"a whole number from 0 to {LONGEST_DELAY_MS:,}",
        _whole(LONGEST_DELAY_MS),
        "Milliseconds between signing and sending.",
    ),
    "bad_signature": Option(
        f"a whole number from 0 to {MOST_COPIES}, or true for every attempt",
        lambda value: (
            type(value) is int and (value == ALWAYS or _whole(MOST_COPIES)(value))
        ),
        "Attempts of each delivery that get a wrong signature.",
    ),
    "rotated_secret": Option(
        "a secret in [A-Za-z0-9], or null",
        _is_secret,
        "Sign with this secret instead of the endpoint's.",
    ),
}

NO_FAULTS = WebhookFaults()


def parse_faults(options: Mapping[str, Any]) -> WebhookFaults:
    """Return the webhook faults that ``options`` describe.

    Raises:
        NotFoundError: An option is unknown.
        SandboxUsageError: An option has an invalid value.
    """
    for name in options:
        if name not in OPTIONS:
            raise NotFoundError.among("webhook fault", name, list(OPTIONS))
    values = dict(options)
    if isinstance(values.get("bad_signature"), bool):
        values["bad_signature"] = ALWAYS if values["bad_signature"] else 0
    for name, value in values.items():
        if not OPTIONS[name].is_valid(value):
            raise SandboxUsageError(
                f"Invalid webhook fault {name}={options[name]!r}; "
                f"send {OPTIONS[name].expected}."
            )
    return WebhookFaults(**values)


def read_faults(unit: Unit) -> WebhookFaults:
    """Return the account's webhook faults; ``NO_FAULTS`` if none are set."""
    body = unit.get(KIND, DOCUMENT_ID)
    return NO_FAULTS if body is None else WebhookFaults(**decode(body))


def save_faults(unit: Unit, faults: WebhookFaults) -> None:
    """Set the account's webhook faults; ``NO_FAULTS`` deletes the document."""
    if faults == NO_FAULTS:
        unit.delete(KIND, DOCUMENT_ID)
    else:
        unit.put(KIND, DOCUMENT_ID, encode(asdict(faults)))
