"""What was asked and answered, and why: one entry per call, newest kept.

The entry is written in the same unit as the call's changes, with the secret key left
out.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.storage.base import Row, Unit
from smartpay_schemas import Operation

KIND = "request"
_SECRET_HEADERS = ("authorization", "smartpay-sandbox-account")
_LEFT_OUT = b"(left out: it holds a password)"


def write(
    unit: Unit,
    *,
    id_: str,
    at: int,
    operation: Operation | None,
    call: Call,
    answer: Answer,
    key_hint: str,
    trace: list[tuple[str, str]],
    advice: list[dict[str, str]],
    faults: list[str],
    keep: int,
) -> None:
    """Write the entry of one exchange.

    Body and answer stand beside the entry as the bytes they are: to make JSON strings
    of them would cost more than all the rest.

    Args:
        unit: Of the account.
        id_: The answer's Request-Id.
        at: The account's time, in milliseconds since the epoch.
        operation: What was called; ``None`` for a path or method that is not served.
        call: As it arrived.
        answer: As it was made, before a fault changed it.
        key_hint: What to show of the credential.
        trace: Why the answer is as it is: which rule found what.
        advice: What was tolerated.
        faults: The fault plans it met, in words.
        keep: How many entries are kept; 0 writes none.
    """
    if not keep:
        return
    headers = dict(call.headers)
    for name in _SECRET_HEADERS:
        if name in headers:
            headers[name] = key_hint
    is_login = operation is not None and operation.side == "consumer-login"
    body = _LEFT_OUT if is_login else call.body
    document = {
        "id": id_,
        "at": at,
        "operation": operation.id if operation else "",
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "headers": headers,
        "bodyBytes": len(body),
        "status": answer.status,
        "replayed": "Idempotency-Replayed" in answer.headers,
        "trace": trace,
        "advice": advice,
        "faults": faults,
    }
    unit.put(KIND, id_, encode(document), attachment=body + answer.body)


def read(row: Row) -> dict[str, Any]:
    """Return an entry as it is shown, body and answer as text."""
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
