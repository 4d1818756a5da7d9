"""Fault plans: which operation fails, how, when and how often.

A plan is stored with its account, so every process that serves the account applies it.
``api.faults`` applies plans to requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_schemas import OPERATIONS

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


# option -> (check of its value, the same in words)
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
    """One fault plan.

    Attributes:
        id: The id of the plan.
        operation: An operation id, or ``*`` for every one.
        kind: A key of ``KINDS``.
        when: ``before_commit`` (nothing is stored) or ``after_commit`` (the request
            was carried out, but its response is wrong or lost).
        times: How many requests it applies to; 0 means all.
        after: How many matching requests pass first.
        options: The options of the kind.
        seen: Matching requests so far.
        met: Requests it was applied to so far.
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
        """Whether it applies to no further request."""
        return bool(self.times) and self.met >= self.times

    def describe(self) -> str:
        """Return a description of the plan, for messages."""
        options = "".join(
            f", {name}={value}"
            for name, value in self.options.items()
            if value != KINDS[self.kind][name] or name == "status"
        )
        return f"{self.kind} on {self.operation} {self.when}{options}"

    def take(self, operation: str) -> bool:
        """Count a request for ``operation``; return whether the plan applies to it."""
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
    """Return a plan.

    Raises:
        SandboxUsageError: The operation, kind, moment or an option is unknown, a count
            is negative, or the value of an option is not allowed.
    """
    if operation != "*" and operation not in OPERATIONS:
        raise SandboxUsageError(
            f"Unknown operation {operation!r}. Use * or one of: "
            f"{', '.join(sorted(OPERATIONS))}."
        )
    if kind not in KINDS:
        raise SandboxUsageError(
            f"Unknown fault {kind!r}. Use one of: {', '.join(sorted(KINDS))}."
        )
    if when not in WHENS:
        raise SandboxUsageError(f"Unknown when={when!r}. Use {' or '.join(WHENS)}.")
    if times < 0 or after < 0:
        raise SandboxUsageError("times and after must be 0 or more.")
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
            raise SandboxUsageError(f"Invalid {name}={value!r}. Send {expected}.")


def to_document(fault: Fault) -> dict[str, Any]:
    """Return the plan as a JSON object."""
    return asdict(fault)
