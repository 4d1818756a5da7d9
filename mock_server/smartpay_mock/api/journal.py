"""The journal: one entry per call with its answer and the reasons for it.

The entry is written in the same unit as the call's changes, without the secret key.
Only the newest entries are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.storage.base import Row, Unit
from smartpay_schemas import Operation

KIND = "request"
_SECRET_HEADERS = ("authorization", "smartpay-sandbox-account")
_LEFT_OUT = b"(left out: it holds a password)"


@dataclass(slots=True)
class Entry:
    """The facts about a call at the time of its answer.

    Attributes:
        at: The account's time, in milliseconds since the epoch.
        call: As it arrived.
        answer: As the pipeline made it, before a fault changed it.
        key_hint: The secret key with its middle left out.
        trace: Which rule found what.
        operation: The operation called; ``None`` for an unknown path or method.
        advice: Oddities that were tolerated.
        faults: The fault plans that applied, as text.
    """

    at: int
    call: Call
    answer: Answer
    key_hint: str
    trace: list[tuple[str, str]]
    operation: Operation | None = None
    advice: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def write(unit: Unit, entry: Entry, *, keep: int) -> None:
    """Write an entry under the answer's Request-Id.

    Bodies are stored as bytes beside the entry, because encoding them as JSON strings
    is slow.

    Args:
        unit: Of the account.
        entry: What to write.
        keep: How many entries are kept; 0 writes none.
    """
    if not keep:
        return
    call, answer, operation = entry.call, entry.answer, entry.operation
    id_ = answer.headers["Request-Id"]
    is_login = operation is not None and operation.side == "consumer-login"
    body = _LEFT_OUT if is_login else call.body
    document = {
        "id": id_,
        "at": entry.at,
        "operation": operation.id if operation else "",
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "headers": _without_keys(call.headers, entry.key_hint),
        "bodyBytes": len(body),
        "status": answer.status,
        "replayed": "Idempotency-Replayed" in answer.headers,
        "trace": entry.trace,
        "advice": entry.advice,
        "faults": entry.faults,
    }
    unit.put(KIND, id_, encode(document), attachment=body + answer.body)


def _without_keys(headers: Mapping[str, str], key_hint: str) -> dict[str, str]:
    hints = {name: key_hint for name in _SECRET_HEADERS if name in headers}
    return {**headers, **hints}


def read(row: Row) -> dict[str, Any]:
    """Return an entry with body and answer as text."""
    kept = decode(row.body)
    texts, length = row.attachment or b"", kept.pop("bodyBytes")
    return {
        **kept,
        "idempotencyKey": kept["headers"].get("idempotency-key"),
        "trace": [{"rule": rule, "found": found} for rule, found in kept["trace"]],
        "body": texts[:length].decode("utf-8", "replace"),
        "answer": texts[length:].decode("utf-8", "replace"),
    }


def operation_of(row: Row) -> str:
    """Return the operation id of an entry; empty for a call that reached none."""
    return str(decode(row.body)["operation"])
