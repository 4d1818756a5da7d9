"""Identifiers and chance. The only module that draws random values.

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

_SECRET_KEY = re.compile(r"sk_test_[0-9A-Za-z]+")

# 256 bytes to base62 by table: 0.4 us an id. The slight bias (256 is no multiple
# of 62) does not matter for identifiers of 22 characters.
_TABLE = bytes(ord(BASE62[value % 62]) for value in range(256))
_HEADS = {kind: f"{prefix}_test_" for kind, prefix in PREFIXES.items()}


def random_base62(length: int) -> str:
    """Return ``length`` characters of ``[0-9A-Za-z]`` from the system's chance."""
    return os.urandom(length).translate(_TABLE).decode("ascii")


# Suffixes drawn ahead: one call of the system for many ids. Popping and extending a
# list are safe between threads; a forked process must not give the same ids again.
_DRAWN_AT_ONCE = 256
_spare: list[str] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_spare.clear)


def _draw() -> str:
    """Draw suffixes ahead and return one more."""
    drawn = random_base62(SUFFIX_LENGTH * _DRAWN_AT_ONCE)
    starts = range(0, len(drawn), SUFFIX_LENGTH)
    first, *rest = [drawn[start : start + SUFFIX_LENGTH] for start in starts]
    _spare.extend(rest)
    return first


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
    """Return a generator of its own for ``seed``, for jitter and examples."""
    return random.Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing


class Ids:
    """The identifiers of one account.

    Args:
        seed: ``None`` draws from the system; a number makes ids repeatable.
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
        try:
            return _HEADS[kind] + _spare.pop()
        except IndexError:
            return _HEADS[kind] + _draw()

    def characters(self, length: int) -> str:
        """Return ``length`` characters of ``[0-9A-Za-z]``, at most 64."""
        if self._seed is None:
            return random_base62(length)
        self.drawn += 1
        source = f"{self._seed}/{self._account}/{self.drawn}".encode()
        digest = hashlib.blake2b(source, digest_size=64).digest()
        return digest.translate(_TABLE).decode("ascii")[:length]


def account_id(secret_key: str) -> str:
    """Return the name under which an account is stored: a digest of its key.

    The key itself is never stored, so a state file gives none away.
    """
    digest = hashlib.blake2b(secret_key.encode(), digest_size=SUFFIX_LENGTH).digest()
    return f"acct_{digest.translate(_TABLE).decode('ascii')}"
