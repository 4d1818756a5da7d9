"""Identifiers and random values. No other module draws random values.

An id is ``<prefix>_test_`` and 22 characters of ``[0-9A-Za-z]``: the SDKs refuse
anything else. With a seed, an account's ids follow from the seed, the account and
how many were drawn before, so a run can be repeated byte for byte.

Source: ids seen in the documentation and the SDKs' fixtures.
"""

from __future__ import annotations

import hashlib
import os
import random
import re

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SUFFIX_LENGTH = 22
_SUFFIX_BITS = 8 * SUFFIX_LENGTH
SECRET_LENGTH = 40

PREFIXES = {
    "checkout_session": "checkout",
    "order": "order",
    "payment": "payment",
    "refund": "refund",
    "token": "paytok",
    "consumer": "consumer",
    "coupon": "coupon",
    "promotion_code": "promotioncode",
    "webhook_endpoint": "webhookendpoint",
    "event": "evt",
    "delivery": "delivery",
    "line_item": "li",
    "price": "price",
    "product": "product",
    "discount": "discount",
    "request": "req",
    "fault": "fault",
    "hold": "hold",
    "access": "access",
}

LIVE_PREFIX = "sk_live_"
LIVE_PREFIX_BYTES = LIVE_PREFIX.encode()
_LIVE_KEY = re.compile(r"(sk_live_)[0-9A-Za-z_]+")
_LIVE_KEY_BYTES = re.compile(rb"(sk_live_)[0-9A-Za-z_]+")
_SECRET_KEY = re.compile(r"sk_test_[0-9A-Za-z]+")

# From bytes to base 62 by table. 256 is not a multiple of 62, but the slight bias does
# not matter for identifiers of 22 characters.
_TABLE = bytes(ord(BASE62[value % 62]) for value in range(256))

# Ids are not secrets. A generator in the process is faster than the system's, and a
# forked process must not repeat its ids.
_generator = random.Random()  # noqa: S311 - not for security
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_generator.seed)

_HEADS = {kind: f"{prefix}_test_" for kind, prefix in PREFIXES.items()}


def without_live_keys(text: str) -> str:
    """Return ``text`` with the rest of each live secret key replaced by dots."""
    return _LIVE_KEY.sub(r"\1...", text) if LIVE_PREFIX in text else text


def without_live_key_bytes(data: bytes) -> bytes:
    """Return ``data`` with the rest of each live secret key replaced by dots."""
    is_there = data.find(LIVE_PREFIX_BYTES) >= 0  # faster than ``in``
    return _LIVE_KEY_BYTES.sub(rb"\1...", data) if is_there else data


def random_base62(length: int) -> str:
    """Return ``length`` random characters of ``[0-9A-Za-z]``."""
    return os.urandom(length).translate(_TABLE).decode("ascii")


def is_secret_key(text: str) -> bool:
    """Return whether ``text`` is a secret key of the test mode."""
    return _SECRET_KEY.fullmatch(text) is not None


def new_secret_key() -> str:
    """Return a fresh test secret key: ``sk_test_`` and 22 characters."""
    return f"sk_test_{random_base62(SUFFIX_LENGTH)}"


def new_password(length: int = 32) -> str:
    """Return ``length`` random characters, for an admin token."""
    return random_base62(length)


def seeded_random(seed: int | str) -> random.Random:
    """Return a new generator for ``seed``, for jitter and examples."""
    return random.Random(seed)  # noqa: S311 - repeatable on purpose, not for security


class Ids:
    """The identifiers of one account.

    Args:
        seed: A number makes ids repeatable; ``None`` makes them random.
        account: Keeps two seeded accounts apart.
        drawn: How many ids were drawn before, with a seed.
    """

    __slots__ = ("_account", "_seed", "drawn")

    def __init__(
        self, seed: int | None = None, account: str = "", drawn: int = 0
    ) -> None:
        self._seed = seed
        self._account = account
        self.drawn = drawn

    def new(self, kind: str) -> str:
        """Return a new id for ``kind``, a key of ``PREFIXES``."""
        if self._seed is not None:
            return _HEADS[kind] + self.characters(SUFFIX_LENGTH)
        drawn = _generator.getrandbits(_SUFFIX_BITS).to_bytes(SUFFIX_LENGTH, "little")
        return _HEADS[kind] + drawn.translate(_TABLE).decode("ascii")

    def characters(self, length: int) -> str:
        """Return ``length`` characters of ``[0-9A-Za-z]``, at most 64."""
        if self._seed is None:
            return random_base62(length)
        self.drawn += 1
        source = f"{self._seed}/{self._account}/{self.drawn}".encode()
        digest = hashlib.blake2b(source, digest_size=64).digest()
        return digest.translate(_TABLE).decode("ascii")[:length]


def account_id(secret_key: str) -> str:
    """Return the id of an account: a digest of its key.

    The key itself is never stored, so a state file does not reveal it.
    """
    digest = hashlib.blake2b(secret_key.encode(), digest_size=SUFFIX_LENGTH).digest()
    return f"acct_{digest.translate(_TABLE).decode('ascii')}"
