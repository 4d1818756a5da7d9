"""What was asked and answered, and why: one entry per call, newest kept.

The entry is written in the same unit as the call's changes, with the secret key left
out.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.storage.contract import Unit
from smartpay_schemas import Operation

KIND = "request"
# Trimming on every call would cost time on every call.
_TRIM_EVERY = 32
_SECRET_HEADERS = ("authorization", "smartpay-sandbox-account")
_LEFT_OUT = "(left out: it holds a password)"


def entry(
    *,
    id_: str,
    at: int,
    operation: Operation | None,
    call: Call,
    answer: Answer,
    key_hint: str,
    trace: list[dict[str, str]],
    advice: list[dict[str, str]],
    faults: list[str],
) -> dict[str, Any]:
    """Return the journal entry of one exchange.

    Args:
        id_: The answer's Request-Id.
        at: The account's time, in milliseconds since the epoch.
        operation: What was called; ``None`` for a path or method that is not served.
        call: As it arrived.
        answer: As it was made, before a fault changed it.
        key_hint: What to show of the credential.
        trace: Why the answer is as it is.
        advice: What was tolerated.
        faults: The fault plans it met, in words.
    """
    headers = {
        name: key_hint if name in _SECRET_HEADERS else value
        for name, value in call.headers.items()
    }
    is_login = operation is not None and operation.side == "consumer-login"
    return {
        "id": id_,
        "at": at,
        "operation": operation.id if operation else "",
        "method": call.method,
        "path": call.path,
        "query": dict(call.query),
        "headers": headers,
        "idempotencyKey": call.headers.get("idempotency-key"),
        "body": _LEFT_OUT if is_login else call.body.decode("utf-8", "replace"),
        "status": answer.status,
        "answer": answer.body.decode("utf-8", "replace"),
        "replayed": "Idempotency-Replayed" in answer.headers,
        "trace": trace,
        "advice": advice,
        "faults": faults,
    }


def write(unit: Unit, document: dict[str, Any], *, keep: int, turn: int) -> None:
    """Write one entry and now and then drop the oldest beyond ``keep``.

    Args:
        unit: Of the account.
        document: The entry.
        keep: How many entries to keep; 0 writes none.
        turn: Counts the account's calls.
    """
    if not keep:
        return
    unit.put(KIND, document["id"], encode(document))
    if turn % _TRIM_EVERY == 0:
        unit.trim(KIND, keep)
