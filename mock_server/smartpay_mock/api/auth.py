"""Who calls: the secret key in the Authorization header.

Accepted spellings: ``Basic <key>`` as the guide and every SDK send it, ``Basic
base64(<key>:)``, ``Bearer <key>``. Source: docs:/reference/authentication; the second
and third spelling are *assumed*.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache

from smartpay_mock.kernel.ids import account_id, is_secret_key

_SCHEMES = {"basic", "bearer"}

# What is wrong with a credential that starts like this, and what to send.
_REFUSED_PREFIXES = {
    "sk_live_": "live keys are refused here; use a test key",
    "pk_": "a public key only identifies; use the secret key",
}


@dataclass(frozen=True, slots=True)
class Credential:
    """A well-formed secret key.

    Attributes:
        account: The id of the account that the key names.
        hint: The key with its middle left out, for journals.
        actor: E-mail address of the consumer who acts; empty for a merchant.
        advice: What the caller should know about how the account was found.
    """

    account: str
    hint: str
    actor: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call was not let in, in words; answered as 401."""

    reason: str


class _RefusedError(Exception):
    """The header lets nobody in; says why."""


def authenticate(
    header: str | None, allowed: frozenset[str] = frozenset()
) -> Credential | Refusal:
    """Return whose call this is, or why it is refused.

    Args:
        header: The Authorization header, ``None`` when there is none.
        allowed: The keys that may call; empty lets every test key in.
    """
    try:
        return _credential(header, allowed)
    except _RefusedError as refused:
        return Refusal(str(refused))


# An exception is not remembered: what is refused does not even stay in memory.
@lru_cache(maxsize=4096)
def _credential(header: str | None, allowed: frozenset[str]) -> Credential:
    if not header:
        raise _RefusedError("there is no Authorization header; send Basic sk_test_...")
    scheme, _, value = header.partition(" ")
    if scheme.lower() not in _SCHEMES or not value.strip():
        raise _RefusedError(
            "the Authorization header is not Basic or Bearer with a key"
        )
    key = _key_in(value.strip())
    for prefix, reason in _REFUSED_PREFIXES.items():
        if key.startswith(prefix):
            raise _RefusedError(reason)
    if not is_secret_key(key):
        raise _RefusedError(
            "the key is no secret test key; it looks like sk_test_4eC39..."
        )
    if allowed and key not in allowed:
        raise _RefusedError("the key is not among those this emulator is set to accept")
    return Credential(account_id(key), f"sk_test_...{key[-4:]}")


def _key_in(value: str) -> str:
    """Return the key as it is, or out of base64 of ``key:``."""
    if value.startswith(("sk_", "pk_")):
        return value
    try:
        decoded = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return value
    return decoded.partition(":")[0]
