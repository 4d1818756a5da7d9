"""Find the fault plans of a call, and apply them before or after the commit.

Nothing is locked while a fault waits, so other calls of the account go on.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from smartpay_mock.api.validation import read_json
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import (
    FAULT_HEADER,
    Answer,
    Call,
    TransportFault,
    TransportKind,
)
from smartpay_mock.kernel.faults import (
    DECIDED,
    MATCHING,
    OUTCOMES,
    SOCKET_KINDS,
    Fault,
    check_fault,
    check_server,
    choose,
)
from smartpay_mock.kernel.ids import seeded_random
from smartpay_mock.kernel.json import decode, decode_request, encode, encode_sorted
from smartpay_mock.kernel.waiting import before_waiting
from smartpay_schemas import Operation

_WHOLE = re.compile(r"[0-9]+(\.0+)?")
_HEADER_WORDS = 2
_FILTERS = {"operation", "times", "after", "matching"}
# What the client gets, by kind of fault.
_SEEN = {
    "reset": "lost",
    "empty": "lost",
    "timeout": "lost",
    "half": "cut in half",
    "broken_json": "cut in half",
}
# What a successful call did, by operation and the status of the object.
_DONE = {
    ("create_order", "succeeded"): "charged",
    ("create_order", "requires_capture"): "authorized",
    ("create_order", "rejected"): "declined",
    ("authorize_order", "succeeded"): "charged",
    ("authorize_order", "requires_capture"): "authorized",
    ("authorize_order", "rejected"): "declined",
    ("cancel_order", "canceled"): "canceled",
    ("create_payment", "succeeded"): "captured",
    ("create_refund", "succeeded"): "refunded",
}


@dataclass(slots=True)
class CallFaults:
    """The fault plans of one call.

    Attributes:
        plans: Those to apply.
        left: Those that could apply to the call, but cannot have an effect on it, and
            the reason of each.
    """

    plans: list[Fault] = field(default_factory=list)
    left: list[tuple[Fault, str]] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """The outcome planned for the charge; empty if there is none."""
        return next((one.kind for one in self.plans if one.kind in OUTCOMES), "")

    @property
    def prevent_commit(self) -> bool:
        """Whether a plan answers the call before it commits anything."""
        return any(
            one.when == "before_commit" and one.kind in _ANSWERS for one in self.plans
        )

    def leave(self, is_without_effect: Callable[[Fault], bool], why: str) -> list[str]:
        """Move the plans without effect to those that are left; return their ids."""
        moved = [one for one in self.plans if is_without_effect(one)]
        self.left += [(one, why) for one in moved]
        self.plans = [one for one in self.plans if one not in moved]
        return [one.id for one in moved]

    def findings(self, result: str) -> list[str]:
        """Return what each plan did, in words.

        Args:
            result: What they made of the call.
        """
        done = [
            f"{one.describe()}: {_effect(one) or result} ({one.id or FAULT_HEADER})"
            for one in self.plans
        ]
        left = [
            f"{one.describe()}: not applied, {reason} ({one.id or FAULT_HEADER})"
            for one, reason in self.left
        ]
        return done + left


def take_faults(
    account: Account, operation: Operation, params: Mapping[str, str], call: Call
) -> CallFaults:
    """Count a call with the account's plans, and return those that apply to it.

    Raises:
        SandboxUsageError: The header of the call that plans a fault is invalid.
    """
    has_header = FAULT_HEADER.lower() in call.headers
    aimed = [_in_header(operation, call)] if has_header else []
    accepted, skipped = account.take_faults(
        operation.id,
        lambda name, value: _has(call, params, name, value),
        skip=() if call.breaks_connections else SOCKET_KINDS,
    )
    accepted = [
        one
        for one in accepted
        if one.kind not in OUTCOMES or operation.id in DECIDED[one.kind]
    ]
    plans = choose(aimed + accepted)
    for plan in plans:
        plan.met += 1
    another = "another plan answers this call"
    cannot = "this server cannot break connections"
    left = [(one, another) for one in accepted if one not in plans]
    return CallFaults(plans, left + [(one, cannot) for one in skipped])


def _in_header(operation: Operation, call: Call) -> Fault:
    """Return the plan in the call's own header: ``KIND [WHEN]``, or a JSON object."""
    text = call.headers[FAULT_HEADER.lower()]
    try:
        plan = _read_header(text)
        fault = check_fault("", operation=operation.id, **plan)
        check_server(fault, breaks_connections=call.breaks_connections)
    except (SandboxUsageError, ValueError, TypeError) as error:
        raise SandboxUsageError(f"{FAULT_HEADER}: {error}") from None
    return fault


def _read_header(text: str) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        plan = decode_request(text.encode("latin-1"))
        if isinstance(plan, dict) and "kind" in plan and not _FILTERS & plan.keys():
            return plan
        raise SandboxUsageError(
            "Send a JSON object with a kind and its options. The plan applies to its "
            f"own call, so it takes no {', '.join(sorted(_FILTERS))}."
        )
    words = text.split()
    if not 1 <= len(words) <= _HEADER_WORDS:
        raise SandboxUsageError("Send KIND, KIND WHEN, or a JSON object.")
    return dict(zip(("kind", "when"), words, strict=False))


def _has(call: Call, params: Mapping[str, str], name: str, value: Any) -> bool:
    """Return whether a call has ``value`` at a name or JSON pointer."""
    if name == "idempotency_key":
        return bool(call.headers.get("idempotency-key") == value)
    if name == "id":
        return bool(params.get("id") == value)
    try:
        found, _ = read_json(call)
        for part in MATCHING.get(name, name).split("/")[1:]:
            member = part.replace("~1", "/").replace("~0", "~")
            found = found[int(member) if isinstance(found, list) else member]
    except (ValueError, TypeError, LookupError, RecursionError):
        return False
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and isinstance(found, str) and _WHOLE.fullmatch(found):
        found = int(found.partition(".")[0])  # the API accepts numbers as text
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return encode_sorted(found) == encode_sorted(value)


def result_of(
    operation: Operation, faults: Sequence[Fault], answer: Answer | None
) -> str:
    """Return what the faults made of a call, in words; empty if only a delay.

    Args:
        operation: What was called.
        faults: The plans that apply.
        answer: The answer that was committed; ``None`` if nothing was.
    """
    for fault in faults:
        if fault.kind in _ANSWERS:
            seen = _SEEN.get(fault.kind, f"replaced by {fault.options.get('status')}")
            done = "nothing done" if answer is None else _done(operation, answer)
            when = fault.when.replace("_", " ")
            return f"{done}, answer {seen} ({fault.kind} {when})"
    return ""


def _done(operation: Operation, answer: Answer) -> str:
    """Return what a committed call did, and the id of its object."""
    document = decode(answer.body) if answer.body else {}
    key = (operation.id, document.get("status", ""))
    done = _DONE.get(key, "committed")
    if "Idempotency-Replayed" in answer.headers:
        done = "replayed"
    return f"{done} {document.get('id', '')}".strip()


def _effect(fault: Fault) -> str:
    """Return what a plan did that changes no answer; empty for others."""
    if fault.kind == "latency":
        return f"delayed by {latency_ms(fault)} ms"
    return "it decided the call" if fault.kind in OUTCOMES else ""


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
        elif fault.kind in _ANSWERS:
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
