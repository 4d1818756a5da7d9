"""Carry fault plans out: before anything is committed, or after.

Nothing is locked while a fault waits, so other calls of the account go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.exchange import Answer, TransportFault
from smartpay_mock.kernel.faults import Fault
from smartpay_mock.kernel.ids import seeded_random

_ERROR_TEXTS = {
    429: "Too many requests; this is an injected fault.",
    503: "The service is not available; this is an injected fault.",
}


def _status(fault: Fault, _answer: Answer | None) -> Answer:
    status = int(fault.options["status"])
    body = fault.options["body"] or {
        "details": [],
        "errorCode": "fault.injected",
        "message": _ERROR_TEXTS.get(status, "This is an injected fault."),
        "statusCode": status,
    }
    headers = {}
    if fault.options["retry_after"] is not None:
        headers["Retry-After"] = str(fault.options["retry_after"])
    return Answer(status, encode(body), headers=headers)


def _broken_json(_fault: Fault, answer: Answer | None) -> Answer:
    whole = answer.body if answer and answer.body else b'{"object":"order","id":"or'
    return Answer(answer.status if answer else 200, whole[: max(1, len(whole) // 2)])


def _transport(kind: Any) -> Callable[[Fault, Answer | None], Answer]:
    def answer_with(fault: Fault, answer: Answer | None) -> Answer:
        base = answer or Answer(200, b'{"details":[],"injected":true}')
        stall_ms = int(fault.options.get("ms", 0)) or 60_000
        return Answer(
            base.status,
            base.body,
            base.content_type,
            base.headers,
            TransportFault(kind, stall_ms=stall_ms),
        )

    return answer_with


# kind -> what becomes of the answer; latency is not here: it changes no answer.
_ANSWERS: dict[str, Callable[[Fault, Answer | None], Answer]] = {
    "status": _status,
    "broken_json": _broken_json,
    "reset": _transport("reset"),
    "empty": _transport("empty"),
    "half": _transport("half"),
    "timeout": _transport("stall"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a moment's faults did.

    Attributes:
        answer: What to answer with instead; ``None`` leaves the answer alone.
        advance_ms: How far latency moves the virtual clock.
    """

    answer: Answer | None
    advance_ms: int = 0


def apply_faults(
    faults: Sequence[Fault], when: str, answer: Answer | None = None
) -> Outcome:
    """Carry out those of ``faults`` that belong to the moment ``when``.

    Args:
        faults: The plans this call meets.
        when: ``before_commit`` or ``after_commit``.
        answer: What was answered, after commit.
    """
    advance_ms = 0
    changed: Answer | None = None
    for fault in faults:
        if fault.when != when:
            continue
        if fault.kind == "latency":
            advance_ms += _wait(fault)
        else:
            changed = _ANSWERS[fault.kind](fault, changed or answer)
    return Outcome(changed, advance_ms)


def latency_ms(fault: Fault) -> int:
    """Return how long this meeting of a latency fault takes, in milliseconds.

    ``ms`` plus up to ``jitter_ms``; with ``p95_ms`` one meeting in twenty takes that
    long. The draw follows from the fault's id and count, so it can be repeated.
    """
    options = fault.options
    chance = seeded_random(f"{fault.id}/{fault.met}")
    if options["p95_ms"] is not None and chance.random() >= 0.95:  # noqa: PLR2004 - the percentile itself
        return int(options["p95_ms"])
    return int(options["ms"]) + chance.randrange(int(options["jitter_ms"]) + 1)


def _wait(fault: Fault) -> int:
    """Wait in real time and return 0, or return how far the clock is to move."""
    duration = latency_ms(fault)
    if fault.options["virtual"]:
        return duration
    threading.Event().wait(duration / 1000)
    return 0
