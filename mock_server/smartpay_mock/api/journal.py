"""The journal: one entry per call with its answer and the reasons for it.

The entry is written in the same unit as the call's changes, without the secret key.
Only the newest entries are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.resources.context import Context
from smartpay_mock.storage.base import Row, Unit
from smartpay_schemas import Operation

KIND = "request"
_SECRET_HEADERS = ("authorization", "smartpay-sandbox-account")
_READ_AT_ONCE = 16  # each may have megabytes
_LEFT_OUT = b"(left out: it holds a password)"


def write(
    ctx: Context,
    call: Call,
    answer: Answer,
    key_hint: str,
    *,
    operation: Operation | None = None,
    faults: Sequence[str] = (),
) -> int:
    """Write an entry under the answer's Request-Id, and return its size in bytes.

    Bodies are stored as bytes beside the entry, because encoding them as JSON strings
    is slow.

    Args:
        ctx: Has the time, the trace and the advice.
        call: As it arrived.
        answer: As the pipeline made it, before a fault changed it.
        key_hint: The secret key with its middle left out.
        operation: The operation called; ``None`` for an unknown path or method.
        faults: The fault plans that applied, as text.
    """
    if not ctx.settings.journal:
        return 0
    id_ = answer.headers["Request-Id"]
    is_login = operation is not None and operation.side == "consumer-login"
    body = _LEFT_OUT if is_login else call.body
    hints = {name: key_hint for name in _SECRET_HEADERS if name in call.headers}
    document = {
        "id": id_,
        "at": ctx.now,
        "operation": operation.id if operation else "",
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "headers": {**call.headers, **hints},
        "bodyBytes": len(body),
        "status": answer.status,
        "replayed": "Idempotency-Replayed" in answer.headers,
        "trace": ctx.trace,
        "advice": ctx.advice,
        "faults": faults,
        "result": answer.result,
    }
    entry, bodies = encode(document), body + answer.body
    ctx.unit.put(KIND, id_, entry, attachment=bodies)
    return len(entry) + len(bodies)


def count_within(unit: Unit, limit: int) -> int:
    """Return how many of an account's newest entries have ``limit`` bytes in all."""
    size, kept, before = 0, 0, None
    while rows := unit.page(KIND, limit=_READ_AT_ONCE, before=before):
        for row in rows:
            size += len(row.body) + len(row.attachment or b"")
            if size > limit:
                return kept
            kept += 1
        before = rows[-1].seq
    return kept


def read(row: Row) -> dict[str, Any]:
    """Return an entry with body and answer as text."""
    kept = decode(row.body)
    texts, length = row.attachment or b"", kept.pop("bodyBytes")
    return {
        **kept,
        "idempotencyKey": kept["headers"].get("idempotency-key"),
        "result": kept.get("result", ""),  # earlier versions stored none
        "trace": [{"rule": rule, "found": found} for rule, found in kept["trace"]],
        "body": texts[:length].decode("utf-8", "replace"),
        "answer": texts[length:].decode("utf-8", "replace"),
    }


def operation_of(row: Row) -> str:
    """Return the operation id of an entry; empty for a call that reached none."""
    return str(decode(row.body)["operation"])
