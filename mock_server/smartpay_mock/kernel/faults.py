"""Fault plans: which operation fails, how, when and how often.

A plan is stored with its account, so every process that serves the account applies it.
``api.faults`` applies plans to requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_schemas import OPERATIONS, problems

WHENS = ("before_commit", "after_commit")
_TEN_YEARS_MS = 10 * 365 * DAY_MS

# kind -> the options it takes, with their defaults
KINDS: dict[str, dict[str, Any]] = {
    "status": {"status": 503, "retry_after": None, "body": None},
    "latency": {"ms": 0, "jitter_ms": 0, "p95_ms": None, "virtual": False},
    "reset": {},
    "empty": {},
    "half": {},
    "broken_json": {},
    "timeout": {"ms": 60_000},
}

_CHARGES = ("create_order", "authorize_order")
DECIDED = {
    "approve": _CHARGES,
    "decline": _CHARGES,
    "decline_softly": _CHARGES,
    "fail": ("create_payment", "create_refund", *_CHARGES),
}
"""Outcome -> the operations whose charge, capture or refund it can decide."""

OUTCOMES: dict[str, dict[str, Any]] = {kind: {} for kind in DECIDED}
"""Kinds that decide in place of test values and settings, and break nothing."""

SOCKET_KINDS = ("reset", "empty", "half", "timeout")
"""Kinds that break the connection, which not every server can do."""

ALL_KINDS = {**KINDS, **OUTCOMES}
"""Kind of fault or outcome -> its options and their defaults."""

MATCHING = {
    "reference": "/reference",
    "token": "/token",
    "amount": "/amount",
    "idempotency_key": "the header Idempotency-Key",
    "id": "the id in the path",
}
"""What ``matching`` may name besides JSON pointers, and where that is."""

Has = Callable[[str, Any], bool]
"""Returns whether a call has a value at a name or JSON pointer."""


_DURATION = {
    "type": "integer",
    "minimum": 0,
    "maximum": _TEN_YEARS_MS,
    "x-expected": "a whole number of milliseconds from 0",
}
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
# Source: RFC 9110, 5.6.7 (IMF-fixdate).
_HTTP_DATE = (
    rf"^({_DAYS}), (0[1-9]|[12][0-9]|3[01]) ({_MONTHS}) [0-9]{{4}}"
    " ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] GMT$"
)

OPTIONS: dict[str, dict[str, Any]] = {
    "status": {"type": "integer", "minimum": 200, "maximum": 599},
    "retry_after": {
        "type": ["integer", "string", "null"],
        "minimum": 0,
        "maximum": DAY_MS,
        "pattern": _HTTP_DATE,
        "x-expected": "a whole number of seconds, a date such as 'Wed, 01 Apr 2026 "
        "00:00:00 GMT', or null",
    },
    "body": {"type": ["object", "null"]},
    "ms": _DURATION,
    "jitter_ms": _DURATION,
    "p95_ms": {**_DURATION, "type": ["integer", "null"]},
    "virtual": {"type": "boolean"},
}
"""Option of a kind -> the JSON Schema of its value."""


@dataclass(slots=True)
class Fault:
    """One fault plan.

    Attributes:
        id: The id of the plan.
        operation: An operation id, or ``*`` for every one.
        kind: A key of ``KINDS`` or ``OUTCOMES``.
        when: ``before_commit`` (nothing is stored) or ``after_commit`` (the request
            was carried out, but its response is wrong or lost).
        times: How many requests it applies to; 0 means all.
        after: How many matching requests pass first.
        options: The options of the kind.
        matching: What a request must contain, as value by name or JSON pointer.
        seen: Matching requests so far.
        met: Requests whose client saw its effect.
    """

    id: str
    operation: str
    kind: str
    when: str = "before_commit"
    times: int = 1
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    matching: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    met: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether it applies to no further request."""
        return bool(self.times) and self.met >= self.times

    def describe(self) -> str:
        """Return a description of the plan, for messages."""
        options = "".join(
            f", {name}={value}"
            for name, value in self.options.items()
            if value != ALL_KINDS[self.kind][name] or name == "status"
        )
        matching = "".join(
            f", {name}={value!r}" for name, value in self.matching.items()
        )
        return f"{self.kind} on {self.operation} {self.when}{options}{matching}"

    def accepts(self, operation: str, has: Has) -> bool:
        """Count a matching request; return whether the plan may apply to it.

        Args:
            operation: The operation id of the request.
            has: What the request contains.
        """
        if self.operation not in {operation, "*"} or self.is_spent:
            return False
        if not all(has(name, value) for name, value in self.matching.items()):
            return False
        self.seen += 1
        return self.seen > self.after


def choose(plans: Sequence[Fault]) -> list[Fault]:
    """Return those of ``plans`` that can all have an effect on one call.

    These are every delay, and one answer: the first before the commit, else the first
    after it. A plan that aims at this one call by its header, which has no id, comes
    before all others. An outcome needs a call that is carried out.
    """
    answering = [one for one in plans if one.kind in KINDS and one.kind != "latency"]
    answering.sort(key=lambda one: (bool(one.id), WHENS.index(one.when)))
    first = answering[:1]
    is_refused = bool(first) and first[0].when == "before_commit"
    outcome = [one for one in plans if one.kind in OUTCOMES][:1]
    chosen = first if is_refused else first + outcome
    return [
        one
        for one in plans
        if one in chosen
        or (one.kind == "latency" and not (is_refused and one.when == "after_commit"))
    ]


def check_fault(
    id_: str,
    /,
    *,
    operation: str,
    kind: str,
    when: str = "before_commit",
    times: int = 1,
    after: int = 0,
    matching: Mapping[str, Any] | None = None,
    **options: Any,
) -> Fault:
    """Return a plan.

    Raises:
        SandboxUsageError: The operation, kind, moment or an option is unknown, a count
            is negative, the value of an option is not allowed, or the kind does not
            apply to the operation or the moment.
    """
    if operation != "*" and operation not in OPERATIONS:
        raise SandboxUsageError(
            f"Unknown operation {operation!r}. Use * or one of: "
            f"{', '.join(sorted(OPERATIONS))}."
        )
    if kind not in ALL_KINDS:
        raise SandboxUsageError(
            f"Unknown fault {kind!r}. Use one of: {', '.join(sorted(ALL_KINDS))}."
        )
    if when not in WHENS:
        raise SandboxUsageError(f"Unknown when={when!r}. Use {' or '.join(WHENS)}.")
    if times < 0 or after < 0:
        raise SandboxUsageError("times and after must be 0 or more.")
    _check_options(kind, options)
    _check_outcome(kind, operation, when)
    return Fault(
        id=id_,
        operation=operation,
        kind=kind,
        when=when,
        times=times,
        after=after,
        options={**ALL_KINDS[kind], **options},
        matching=_checked_matching(matching or {}),
    )


def _check_options(kind: str, options: Mapping[str, Any]) -> None:
    unknown = sorted(set(options) - set(ALL_KINDS[kind]))
    if unknown:
        raise SandboxUsageError(
            f"A {kind} fault takes no {', '.join(unknown)}; it takes "
            f"{', '.join(ALL_KINDS[kind]) or 'no options'}."
        )
    found = problems({"type": "object", "properties": OPTIONS}, dict(options))
    if found:
        listed = "; ".join(item.message for item in found)
        raise SandboxUsageError(f"Invalid options of a {kind} fault: {listed}.")


def _check_outcome(kind: str, operation: str, when: str) -> None:
    if kind not in OUTCOMES:
        return
    if operation not in {"*", *DECIDED[kind]}:
        raise SandboxUsageError(
            f"{kind} cannot decide {operation}. Use {' or '.join(DECIDED[kind])}."
        )
    if when != "before_commit":
        raise SandboxUsageError(f"{kind} decides the call. Use when=before_commit.")


def _checked_matching(matching: Mapping[str, Any]) -> dict[str, Any]:
    for name in matching:
        if name not in MATCHING and not name.startswith("/"):
            raise SandboxUsageError(
                f"Unknown matching {name!r}. Use {', '.join(MATCHING)}, or a JSON "
                "pointer into the body, such as /customerInfo/emailAddress."
            )
    return dict(matching)


def check_server(fault: Fault, *, breaks_connections: bool) -> None:
    """Check that a server can carry out the plan.

    Raises:
        SandboxUsageError: The kind breaks the connection, and the server cannot.
    """
    if fault.kind in SOCKET_KINDS and not breaks_connections:
        raise SandboxUsageError(
            f"A {fault.kind} fault breaks the connection, which this server cannot do. "
            "Serve with --server threads, or use a status, latency or broken_json "
            "fault."
        )


def to_document(fault: Fault) -> dict[str, Any]:
    """Return the plan as a JSON object."""
    return asdict(fault)
