"""Webhook faults: what a test makes go wrong with an account's webhooks.

A network may duplicate, reorder and delay webhooks, and a deployment may use the wrong
secret. The options below simulate that. They combine; each is off by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from smartpay_mock.kernel.clock import DAY_MS
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


OPTIONS: dict[str, dict[str, Any]] = {
    "duplicate": {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_COPIES,
        "x-expected": f"a whole number from 0 to {MOST_COPIES}",
        "description": "Copies to send after a 200.",
    },
    "reorder": {
        "type": "boolean",
        "x-expected": "true or false",
        "description": "Send the newest due delivery first.",
    },
    "delay_ms": {
        "type": "integer",
        "minimum": 0,
        "maximum": LONGEST_DELAY_MS,
        "x-expected": f"a whole number from 0 to {LONGEST_DELAY_MS:,}",
        "description": "Milliseconds between signing and sending.",
    },
    "bad_signature": {
        "type": ["integer", "boolean"],
        "minimum": ALWAYS,
        "maximum": MOST_COPIES,
        "x-expected": f"a whole number from 0 to {MOST_COPIES}, or true for every "
        "attempt",
        "description": "Attempts of each delivery that get a wrong signature.",
    },
    "rotated_secret": {
        "type": ["string", "null"],
        "pattern": "^A*[B-Za-z0-9][A-Za-z0-9]*$",  # not only zeros
        "x-expected": "a secret in [A-Za-z0-9], or null",
        "description": "Sign with this secret instead of the endpoint's.",
    },
}
"""Webhook fault -> the JSON Schema of its value."""

SCHEMA = {"type": "object", "properties": OPTIONS, "additionalProperties": False}
NO_FAULTS = WebhookFaults()


def faults_of(options: Mapping[str, Any]) -> WebhookFaults:
    """Return the webhook faults that ``options`` describe; they fit ``SCHEMA``."""
    attempts = options.get("bad_signature", 0)
    if isinstance(attempts, bool):
        attempts = ALWAYS if attempts else 0
    return WebhookFaults(**{**options, "bad_signature": attempts})


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
