"""Idempotency keys: a request that is repeated with its key runs once.

A key is scoped by account, method and path and remembered for six hours of the
account's time, counted from its first receipt. The unit of work serialises an
account's calls, so a second request waits while the first one runs.

A refusal is kept if it depends only on what the key stands for: the body, and the
account at that time. One that another header or setting avoids is not kept.

Source: docs:/reference/idempotency; scope, conflict and what is kept are *assumed*.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from smartpay_mock.api.validation import read_json
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.storage.base import Unit
from smartpay_schemas import Operation

HEADER = "idempotency-key"
REPLAYED = "Idempotency-Replayed"
KIND = "idempotency"
_NOT_KEPT = {401, 415, 429}
_SERVER_FAILED = 500
_PRUNED_AT_ONCE = 2


class Key(NamedTuple):
    """An idempotency key with its scope and what it was sent for."""

    id: str
    fingerprint: str


class Idempotency:
    """Stores answers by idempotency key, and replays them."""

    def read_key(
        self, operation: Operation, params: dict[str, str], call: Call, rules: Rules
    ) -> Key | None:
        """Return the call's key, or ``None`` where keys do not count.

        Raises:
            ApiError: ``idempotency.key-invalid``.
        """
        if not operation.idempotent or HEADER not in call.headers:
            return None
        value = call.headers[HEADER]
        is_printable = value.isascii() and value.isprintable()
        if not 1 <= len(value) <= rules.key_length or not is_printable:
            raise ApiError("idempotency.key-invalid")
        path = operation.path.format(**params) if params else operation.path
        return Key(f"{operation.method} {path} {value}", _fingerprint(operation, call))

    def replay(self, unit: Unit, key: Key, now: int) -> Answer | None:
        """Return the answer kept under ``key``, or ``None`` if it is free.

        Raises:
            ApiError: ``idempotency.key-reused`` for another body.
        """
        row = unit.row(KIND, key.id)
        if row is None or (row.due is not None and row.due <= now):
            return None
        kept = decode(row.body)
        if kept["fingerprint"] != key.fingerprint:
            raise ApiError("idempotency.key-reused")
        return Answer(
            kept["status"],
            row.attachment or b"",
            kept["contentType"],
            {REPLAYED: "true"},
        )

    def keep(
        self, unit: Unit, key: Key, answer: Answer, now: int, rules: Rules
    ) -> None:
        """Keep ``answer`` under ``key``; failures of the server are never kept."""
        if answer.status >= _SERVER_FAILED or answer.status in _NOT_KEPT:
            return
        for row in unit.due(KIND, until=now, limit=_PRUNED_AT_ONCE):
            unit.delete(KIND, row.id)
        unit.put(
            KIND,
            key.id,
            encode(
                {
                    "fingerprint": key.fingerprint,
                    "status": answer.status,
                    "contentType": answer.content_type,
                }
            ),
            due=now + rules.idempotency_window_ms,
            attachment=answer.body,
        )


def _fingerprint(operation: Operation, call: Call) -> str:
    """Return a digest of the body's JSON value, which its layout does not change."""
    if operation.request is None:
        return ""
    try:
        _, body = read_json(call)
    except (ValueError, TypeError, RecursionError):
        body = call.body
    return hashlib.blake2b(body, digest_size=16).hexdigest()
