"""The standard world: what a new account holds before its first call."""

from __future__ import annotations

from smartpay_fixtures import magic
from smartpay_mock.kernel.codec import encode
from smartpay_mock.storage.contract import Unit

# Tokens that lists show (see tokens.keep_token).
_LISTED = {"active", "disabled"}


def build_world(unit: Unit, now: int) -> None:
    """Put the standard consumers and tokens of ``magic.json`` into an account.

    Args:
        unit: Of the new account.
        now: Their time of creation, in milliseconds since the epoch.
    """
    for consumer in magic().consumers:
        document = {
            "id": consumer.id,
            "object": "consumer",
            "active": consumer.active,
            "decision": consumer.decision,
            "emailAddress": consumer.email,
            "createdAt": now,
            "updatedAt": now,
        }
        unit.put("consumer", consumer.id, encode(document))
    for token in reversed(magic().tokens):
        document = {
            "id": token.id,
            "object": "token",
            "createdAt": now,
            "metadata": {},
            "status": token.status,
            "test": True,
            "updatedAt": now,
            "_consumer": token.consumer,
            "_decision": token.decision,
        }
        owner = "listed" if token.status in _LISTED else None
        unit.put("token", token.id, encode(document), owner=owner)
