"""Webhook signatures: secrets, signed bytes and headers.

Source: the webhook helpers of the official SDKs (node:webhooks.ts, go:utils.go).
"""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Callable

from smartpay_mock.kernel.errors import SandboxUsageError

SIGNATURE_HEADER = "Smartpay-Signature"
TIMESTAMP_HEADER = "Smartpay-Signature-Timestamp"
SUBSCRIPTION_HEADER = "Smartpay-Subscription-Id"
EVENT_HEADER = "Smartpay-Event-Id"

# Header -> its value.
HEADERS = {
    SIGNATURE_HEADER: "HMAC-SHA256 in lower-case hex",
    TIMESTAMP_HEADER: "when this attempt was signed, in milliseconds since the epoch",
    SUBSCRIPTION_HEADER: "id of the webhook endpoint",
    EVENT_HEADER: "id of the event; the same on every attempt",
}

# Unlike in kernel.ids, A is 0, a is 26 and 0 is 52.
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
SECRET_LENGTH = 40
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def new_secret(characters: Callable[[int], str]) -> str:
    """Return a signing secret: 40 base62 characters that do not start with ``A``.

    A leading ``A`` is a leading zero, which SDKs pad differently. Without it the key
    has exactly 30 bytes in all SDKs.

    Args:
        characters: Returns that many random characters of ``[0-9A-Za-z]``.
    """
    drawn = characters(SECRET_LENGTH)
    return "B" + drawn[1:] if drawn.startswith("A") else drawn


def decode_secret(secret: str) -> bytes:
    """Return the key of a secret: base62, most significant digit first.

    Raises:
        SandboxUsageError: The secret is empty or contains another character.
    """
    odd = sorted(set(secret) - _VALUES.keys())
    if odd or not secret:
        found = f"contains {' '.join(odd)!r}" if odd else "is empty"
        raise SandboxUsageError(
            f"The signing secret {found}, but must consist of [A-Za-z0-9]. "
            "Use the signingSecret of a webhook endpoint."
        )
    number = 0
    for character in secret:
        number = number * len(ALPHABET) + _VALUES[character]
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def digest(secret: str, message: bytes) -> str:
    """Return the HMAC-SHA256 of ``message`` in lower-case hex."""
    return hmac.new(decode_secret(secret), message, hashlib.sha256).hexdigest()


def sign(secret: str, timestamp_ms: int, body: bytes) -> str:
    """Return the signature of one attempt.

    Args:
        secret: The endpoint's ``signingSecret``.
        timestamp_ms: Milliseconds since the epoch, as in the timestamp header.
        body: Exactly the bytes that are sent.
    """
    return digest(secret, b"%d.%b" % (timestamp_ms, body))


def verify(secret: str, timestamp_ms: int, body: bytes, *, signature: str) -> bool:
    """Return whether ``signature`` is right for these bytes and this time."""
    expected = sign(secret, timestamp_ms, body)
    return hmac.compare_digest(expected.encode(), signature.encode())
