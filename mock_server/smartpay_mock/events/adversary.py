"""What a test can make go wrong with an account's webhooks on purpose.

The network may duplicate, reorder and delay; a deployment may hold the wrong secret.
A receiver must survive all of it. Options compose; each is off by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from smartpay_mock.events.signing import decode_secret
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.storage.base import Unit

KIND = "adversary"
DOCUMENT_ID = "webhooks"
ALWAYS = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Adversary:
    """How an account's webhooks misbehave.

    Attributes:
        duplicate: Copies sent after a delivery that was acknowledged.
        reorder: Of the deliveries due, send the youngest first.
        delay_ms: Between signing and sending, on the account's clock; nothing sleeps.
        bad_signature: How many attempts of each delivery carry a wrong signature;
            -1 means every one.
        rotated_secret: Sign with this secret in place of the endpoint's.
    """

    duplicate: int = 0
    reorder: bool = False
    delay_ms: int = 0
    bad_signature: int = 0
    rotated_secret: str | None = None

    def spoils_signature(self, tries: int) -> bool:
        """Return whether the attempt after ``tries`` others is signed wrongly."""
        return self.bad_signature == ALWAYS or tries < self.bad_signature


class Option(NamedTuple):
    """One row of the table of options: what it may be, and what it does."""

    expected: str
    help: str


OPTIONS = {
    "duplicate": Option("a whole number from 0", "Send so many copies after a 200."),
    "reorder": Option("true or false", "Send the youngest of what is due first."),
    "delay_ms": Option("a whole number from 0", "Arrive so long after the signing."),
    "bad_signature": Option(
        "a whole number from 0, or true for every attempt",
        "Sign so many attempts of each delivery wrongly.",
    ),
    "rotated_secret": Option(
        "a secret in [A-Za-z0-9], or null",
        "Sign with another secret than the endpoint's.",
    ),
}

PLAIN = Adversary()


def parse_adversary(options: Mapping[str, Any]) -> Adversary:
    """Return the adversary that ``options`` describe.

    Raises:
        NotFoundError: An option is unknown.
        SandboxUsageError: The value of an option cannot be used.
    """
    for name in options:
        if name not in OPTIONS:
            raise NotFoundError.among("webhook adversary option", name, list(OPTIONS))
    values = dict(options)
    if isinstance(values.get("bad_signature"), bool):
        values["bad_signature"] = ALWAYS if values["bad_signature"] else 0
    for name, value in values.items():
        if not _READERS[name](value):
            raise SandboxUsageError(
                f"Webhook adversary option {name}={options[name]!r} cannot be used; "
                f"send {OPTIONS[name].expected}."
            )
    return Adversary(**values)


def read_adversary(unit: Unit) -> Adversary:
    """Return the account's adversary; a plain one when none was set."""
    body = unit.get(KIND, DOCUMENT_ID)
    return PLAIN if body is None else Adversary(**decode(body))


def write_adversary(unit: Unit, adversary: Adversary) -> None:
    """Set the account's adversary; a plain one takes it away."""
    if adversary == PLAIN:
        unit.delete(KIND, DOCUMENT_ID)
    else:
        unit.put(KIND, DOCUMENT_ID, encode(asdict(adversary)))


def _is_whole(value: object, lowest: int = 0) -> bool:
    return type(value) is int and value >= lowest


def _is_secret(value: object) -> bool:
    if not isinstance(value, str):
        return value is None
    try:
        return bool(decode_secret(value))
    except SandboxUsageError:
        return False


_READERS = {
    "duplicate": _is_whole,
    "reorder": lambda value: isinstance(value, bool),
    "delay_ms": _is_whole,
    "bad_signature": lambda value: _is_whole(value, ALWAYS),
    "rotated_secret": _is_secret,
}
