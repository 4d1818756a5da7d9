"""Apply fault plans before or after the commit.

Nothing is locked while a fault waits, so other calls of the account go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from smartpay_mock.kernel.exchange import Answer, TransportFault, TransportKind
from smartpay_mock.kernel.faults import Fault
from smartpay_mock.kernel.ids import seeded_random
from smartpay_mock.kernel.json import encode
from smartpay_mock.kernel.waiting import before_waiting

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


def _transport(fault: Fault, answer: Answer | None) -> Answer:
    base = answer or Answer(200, b'{"details":[],"injected":true}')
    stall_ms = int(fault.options.get("ms", 0)) or 60_000
    kind = _TRANSPORT_KINDS[fault.kind]
    return replace(base, transport=TransportFault(kind, stall_ms=stall_ms))


_TRANSPORT_KINDS: dict[str, TransportKind] = {
    "reset": "reset",
    "empty": "empty",
    "half": "half",
    "timeout": "stall",
}
# Kind -> makes the faulty answer. Latency is not here: it changes no answer.
_ANSWERS: dict[str, Callable[[Fault, Answer | None], Answer]] = {
    "status": _status,
    "broken_json": _broken_json,
    **dict.fromkeys(_TRANSPORT_KINDS, _transport),
}


def apply_faults(
    faults: Sequence[Fault], when: str, answer: Answer | None = None
) -> tuple[Answer | None, int]:
    """Apply those of ``faults`` that belong to the moment ``when``.

    Args:
        faults: The plans that apply to this call.
        when: ``before_commit`` or ``after_commit``.
        answer: The pipeline's answer, after commit.

    Returns:
        The answer to send instead, if any, and how far latency moves the account's
        virtual clock, in milliseconds.
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
    return changed, advance_ms


def latency_ms(fault: Fault) -> int:
    """Return how long a latency fault takes at this call, in milliseconds.

    ``ms`` plus up to ``jitter_ms``; with ``p95_ms`` one call in twenty takes that
    long. The random draw depends on the fault's id and count only, so runs repeat.
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
    before_waiting()
    threading.Event().wait(duration / 1000)
    return 0
