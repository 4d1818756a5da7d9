"""Find the requests that a test expects, and explain why others don't match."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.text import whole_number
from smartpay_mock.testing.journal import RecordedRequest
from smartpay_mock.testing.text import WIDTH, fill, wrap
from smartpay_schemas import OPERATIONS

_ABSENT = object()
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The requests that a test expects.

    Attributes:
        operation: Operation id.
        times: Exact number; ``None`` for at least one.
        matching: Members of the body and their values. Objects are compared member
            by member, names with dots are paths, a callable checks the value.
        headers: Headers, compared in the same way; case does not matter.
        idempotency_key: The key of the request.
        status: The HTTP status of the answer.

    Raises:
        NotFoundError: There is no such operation.
    """

    operation: str
    times: int | None = None
    matching: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        # With a typo, ``times=0`` would always pass.
        if self.operation not in OPERATIONS:
            raise NotFoundError.among("operation", self.operation, list(OPERATIONS))

    def mismatches(self, request: RecordedRequest) -> list[str]:
        """Return why ``request`` does not match, one reason per member."""
        reasons = []
        if self.status is not None and request.status != self.status:
            reasons.append(f"status: {request.status}, expected {self.status}")
        key = request.idempotency_key
        if self.idempotency_key is not None and key != self.idempotency_key:
            sent = "not sent" if key is None else _show(key)
            expected = _show(self.idempotency_key)
            reasons.append(f"Idempotency-Key: {sent}, expected {expected}")
        for name, expected in self.headers.items():
            found = request.headers.get(name.lower(), _ABSENT)
            reasons += _differences(name, found, expected)
        for path, expected in self.matching.items():
            reasons += _differences(path, _at(request.json, path), expected)
        return reasons

    def describe(self) -> str:
        """Return the conditions in words."""
        parts = [f"{path}={_show(value)}" for path, value in self.matching.items()]
        parts += [f"header {name}={_show(v)}" for name, v in self.headers.items()]
        if self.idempotency_key is not None:
            parts.append(f"Idempotency-Key={_show(self.idempotency_key)}")
        if self.status is not None:
            parts.append(f"status={self.status}")
        return ", ".join(parts)


def find_requests(
    requests: Sequence[RecordedRequest], wanted: Wanted
) -> list[RecordedRequest]:
    """Return the matching requests.

    Raises:
        AssertionError: Their number is different; the text lists the near misses and
            why each does not match.
    """
    __tracebackhide__ = True  # pytest shows the test's own line
    candidates = [item for item in requests if item.operation == wanted.operation]
    compared = [(item, wanted.mismatches(item)) for item in candidates]
    found = [item for item, reasons in compared if not reasons]
    if len(found) == wanted.times or (wanted.times is None and found):
        return found
    misses = sorted(
        ((item, reasons) for item, reasons in compared if reasons),
        key=lambda miss: len(miss[1]),
    )
    text = [_headline(wanted, len(found))]
    text += _listing("These match:", requests, [(item, []) for item in found])
    text += _listing("These nearly match:", requests, misses)
    if not candidates:
        text.append(_others(requests))
    raise AssertionError("\n".join(text))


def _headline(wanted: Wanted, found: int) -> str:
    count = "at least 1" if wanted.times is None else str(wanted.times)
    plural = "" if wanted.times in {None, 1} else "s"
    asked = f" with {wanted.describe()}" if wanted.describe() else ""
    return fill(
        f"Expected {count} {wanted.operation} request{plural}{asked}; "
        f"{found or 'none'} matched."
    )


def _listing(
    title: str,
    requests: Sequence[RecordedRequest],
    entries: Sequence[tuple[RecordedRequest, list[str]]],
) -> list[str]:
    if not entries:
        return []
    numbers = {id(request): number for number, request in enumerate(requests, 1)}
    lines = [title]
    for request, reasons in entries[:_SHOWN]:
        lines.append(f"  #{numbers[id(request)]} {request.summary()}")
        for reason in reasons:
            lines += wrap(reason, " " * 5, " " * 9)
    if len(entries) > _SHOWN:
        lines.append(f"  and {len(entries) - _SHOWN} more")
    return lines


def _others(requests: Sequence[RecordedRequest]) -> str:
    counts = Counter(request.name for request in requests)
    if not counts:
        return fill(
            "The emulator received no request. Does the code under test use "
            "smartpay.url and smartpay.secret_key?"
        )
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    return fill(f"It received other requests: {listed}.")


def _at(document: Any, path: str) -> Any:
    if isinstance(document, Mapping) and path in document:
        return document[path]
    for step in path.split("."):
        index = whole_number(step) if isinstance(document, list) else None
        if isinstance(document, Mapping) and step in document:
            document = document[step]
        elif index is not None and index < len(document):
            document = document[index]
        else:
            return _ABSENT
    return document


def _differences(path: str, found: Any, expected: Any) -> list[str]:
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return [
            reason
            for name, value in expected.items()
            for reason in _differences(f"{path}.{name}", _at(found, name), value)
        ]
    if callable(expected):
        if found is not _ABSENT and expected(found):
            return []
    elif found is not _ABSENT and found == expected:
        return []
    sent = "not sent" if found is _ABSENT else _show(found)
    return [f"{path}: {sent}, expected {_show(expected)}"]


def _show(value: Any) -> str:
    if callable(value):
        return f"a value that {getattr(value, '__name__', value)} accepts"
    text = repr(value)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
