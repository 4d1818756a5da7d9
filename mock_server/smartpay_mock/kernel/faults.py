"""Fault plans: what goes wrong, for which operation, when, and how often.

A plan belongs to an account and is kept with it, so that every process that serves
the account honours it. Carrying a plan out is the business of ``api.faults``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_schemas import OPERATIONS

WHENS = ("before_commit", "after_commit")
_TEN_YEARS_MS = 10 * 365 * DAY_MS

# kind -> the options it takes, with their defaults; None means: must be given.
KINDS: dict[str, dict[str, Any]] = {
    "status": {"status": 503, "retry_after": None, "body": None},
    "latency": {"ms": 0, "jitter_ms": 0, "p95_ms": None, "virtual": False},
    "reset": {},
    "empty": {},
    "half": {},
    "broken_json": {},
    "timeout": {"ms": 60_000},
}


def _is_whole(value: Any, lowest: int, highest: int) -> bool:
    return type(value) is int and lowest <= value <= highest


def _is_duration(value: Any) -> bool:
    return _is_whole(value, 0, _TEN_YEARS_MS)


def _is_http_date(value: Any) -> bool:
    try:
        moment = parsedate_to_datetime(value)
        return bool(format_datetime(moment, usegmt=True) == value)
    except (TypeError, ValueError, AttributeError):
        return False


# option -> (what its value must fulfil, the same in words)
_OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "status": (lambda value: _is_whole(value, 200, 599), "a status from 200 to 599"),
    "retry_after": (
        lambda value: (
            value is None or _is_whole(value, 0, DAY_MS) or _is_http_date(value)
        ),
        "a whole number of seconds, a date such as 'Wed, 01 Apr 2026 00:00:00 GMT', "
        "or null",
    ),
    "body": (
        lambda value: value is None or isinstance(value, dict),
        "a JSON object, or null",
    ),
    "ms": (_is_duration, "a whole number of milliseconds from 0"),
    "jitter_ms": (_is_duration, "a whole number of milliseconds from 0"),
    "p95_ms": (
        lambda value: value is None or _is_duration(value),
        "a whole number of milliseconds from 0, or null",
    ),
    "virtual": (lambda value: isinstance(value, bool), "true or false"),
}


@dataclass(slots=True)
class Fault:
    """One plan.

    Attributes:
        id: Names the plan in answers and messages.
        operation: An operation id, or ``*`` for every one.
        kind: A key of ``KINDS``.
        when: ``before_commit`` (nothing happens) or ``after_commit`` (it happened,
            but the client does not learn of it properly).
        times: How many requests meet it; 0 means every one.
        after: How many matching requests pass first.
        options: The options of the kind.
        seen: Matching requests so far.
        met: Requests that met it so far.
    """

    id: str
    operation: str
    kind: str
    when: str = "before_commit"
    times: int = 1
    after: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    met: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether no further request will meet it."""
        return bool(self.times) and self.met >= self.times

    def describe(self) -> str:
        """Return the plan in words, for messages."""
        options = "".join(
            f", {name}={value}"
            for name, value in self.options.items()
            if value != KINDS[self.kind][name] or name == "status"
        )
        return f"{self.kind} on {self.operation} {self.when}{options}"

    def take(self, operation: str) -> bool:
        """Count one request for ``operation`` and return whether it meets the plan."""
        if self.operation not in {operation, "*"} or self.is_spent:
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        self.met += 1
        return True


def check_fault(
    id_: str,
    /,
    *,
    operation: str,
    kind: str,
    when: str = "before_commit",
    times: int = 1,
    after: int = 0,
    **options: Any,
) -> Fault:
    """Return the plan described, or say what about it cannot be.

    Raises:
        SandboxUsageError: An unknown operation, kind, moment or option, a negative
            count, or a value that an option does not take.
    """
    if operation != "*" and operation not in OPERATIONS:
        raise SandboxUsageError(
            f"There is no operation {operation!r}. Use * or one of: "
            f"{', '.join(sorted(OPERATIONS))}."
        )
    if kind not in KINDS:
        raise SandboxUsageError(
            f"There is no fault {kind!r}. Use one of: {', '.join(sorted(KINDS))}."
        )
    if when not in WHENS:
        raise SandboxUsageError(f"when={when!r} is neither {' nor '.join(WHENS)}.")
    if times < 0 or after < 0:
        raise SandboxUsageError("times and after are counts; send 0 or more.")
    _check_options(kind, options)
    return Fault(
        id=id_,
        operation=operation,
        kind=kind,
        when=when,
        times=times,
        after=after,
        options={**KINDS[kind], **options},
    )


def _check_options(kind: str, options: Mapping[str, Any]) -> None:
    unknown = sorted(set(options) - set(KINDS[kind]))
    if unknown:
        raise SandboxUsageError(
            f"A {kind} fault takes no {', '.join(unknown)}; it takes "
            f"{', '.join(KINDS[kind]) or 'no options'}."
        )
    for name, value in options.items():
        is_good, expected = _OPTIONS[name]
        if not is_good(value):
            raise SandboxUsageError(f"{name}={value!r} cannot be; send {expected}.")


def take_faults(faults: Sequence[Fault], operation: str) -> list[Fault]:
    """Return the plans that a request for ``operation`` meets, each counted."""
    return [fault for fault in faults if fault.take(operation)]


def to_document(fault: Fault) -> dict[str, Any]:
    """Return the plan as it is kept and shown."""
    return asdict(fault)
