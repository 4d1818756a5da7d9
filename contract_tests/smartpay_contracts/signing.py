"""The signature of a webhook, worked out anew from what is published.

Source: docs:/reference/receive-webhooks; every official SDK.
"""

from __future__ import annotations

import hashlib
import hmac
import string

BASE62 = string.ascii_uppercase + string.ascii_lowercase + string.digits


def decode_base62(text: str) -> bytes:
    """Return the bytes that ``text`` stands for: one large number, big end first.

    Raises:
        ValueError: A character is none of A-Z, a-z, 0-9.
    """
    number = 0
    for character in text:
        number = number * 62 + BASE62.index(character)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature, in lower-case hexadecimal.

    Args:
        secret: The endpoint's signing secret, in base62.
        timestamp: As the header has it, milliseconds since the epoch.
        body: The raw bytes of the delivery.
    """
    message = timestamp.encode("ascii") + b"." + body
    return hmac.new(decode_base62(secret), message, hashlib.sha256).hexdigest()
