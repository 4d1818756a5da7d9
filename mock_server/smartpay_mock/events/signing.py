"""Webhook signatures: what is signed, with which key, in which headers.

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

# header -> what its value is
HEADERS = {
    SIGNATURE_HEADER: "HMAC-SHA256 in lower-case hex",
    TIMESTAMP_HEADER: "when this attempt was signed, in milliseconds since the epoch",
    SUBSCRIPTION_HEADER: "id of the webhook endpoint",
    EVENT_HEADER: "id of the event; the same on every attempt",
}

# Not the order of kernel.ids: in a secret A is 0, a is 26 and 0 is 52.
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
SECRET_LENGTH = 40
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


def new_secret(characters: Callable[[int], str]) -> str:
    """Return a signing secret: 40 base62 characters, the first of them not ``A``.

    A leading ``A`` is a leading zero, which SDKs pad differently; without one the key
    has exactly 30 bytes in all of them.

    Args:
        characters: Draws that many characters of ``[0-9A-Za-z]``.
    """
    drawn = characters(SECRET_LENGTH)
    return "B" + drawn[1:] if drawn.startswith("A") else drawn


def decode_secret(secret: str) -> bytes:
    """Return the key that a secret stands for: base62, most significant digit first.

    Raises:
        SandboxUsageError: The secret is empty or holds another character.
    """
    odd = sorted(set(secret) - _VALUES.keys())
    if odd or not secret:
        found = f"it holds {' '.join(odd)!r}" if odd else "it is empty"
        raise SandboxUsageError(
            f"A signing secret is written in [A-Za-z0-9], but {found}; "
            "use the signingSecret of a webhook endpoint."
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
        body: The bytes that are sent, exactly.
    """
    return digest(secret, b"%d.%b" % (timestamp_ms, body))


def verify(secret: str, timestamp_ms: int, body: bytes, *, signature: str) -> bool:
    """Return whether ``signature`` is the one of these bytes at this time."""
    expected = sign(secret, timestamp_ms, body)
    return hmac.compare_digest(expected.encode(), signature.encode())


def headers_for(
    *, signature: str, timestamp_ms: int, endpoint_id: str, event_id: str
) -> dict[str, str]:
    """Return the headers of one attempt."""
    return {
        "Content-Type": "application/json",
        SIGNATURE_HEADER: signature,
        TIMESTAMP_HEADER: str(timestamp_ms),
        SUBSCRIPTION_HEADER: endpoint_id,
        EVENT_HEADER: event_id,
    }
