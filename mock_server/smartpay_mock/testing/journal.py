"""Journal entries as typed objects, and their explanation for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import ORIGIN_HEADER
from smartpay_mock.kernel.text import printable
from smartpay_mock.testing.text import wrap

_INDENT = 12
_LONGEST = 2_000
# Rules in a trace.
_SCHEMA = "schema"
_DECIDING = {"refusal", "authorization", "fault"}


@dataclass(frozen=True, slots=True)
class Advice:
    """A problem of a request that the API tolerates.

    Attributes:
        code: Kind of problem, such as ``unknown-member``.
        pointer: Place in the body, as a JSON pointer.
        message: The problem, and what to send instead.
    """

    code: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that affected an answer.

    Attributes:
        rule: Name of the rule, such as ``authorization``.
        found: The result of the rule, in words.
    """

    rule: str
    found: str


@dataclass(frozen=True)
class RecordedRequest:
    """A request that the emulator answered.

    Attributes:
        id: ``Request-Id`` of the answer.
        at: The account's time, in milliseconds since the epoch.
        operation: Operation id, such as ``create_order``; empty for a path that the
            API does not have.
        method: HTTP method.
        path: Path as sent.
        query: Query parameters.
        headers: Headers, names in lower case; the secret key is left out.
        idempotency_key: The ``Idempotency-Key`` header, ``None`` without one.
        body: The request body as text.
        status: HTTP status of the answer, before any fault changed it.
        answer_text: Body of the answer, before any fault changed it.
        replayed: Whether the answer is the stored one of an earlier request with the
            same key.
        trace: The reasons for the answer, one finding per rule that affected it.
        advice: Problems that were tolerated.
        faults: The planned faults that were applied to it, in words.
        result: What they made of the call, such as ``charged order_..., answer lost
            (reset after commit)``; empty if the client got the answer.
    """

    id: str
    at: int
    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    idempotency_key: str | None
    body: str
    status: int
    answer_text: str
    replayed: bool
    trace: tuple[Finding, ...]
    advice: tuple[Advice, ...]
    faults: tuple[str, ...]
    result: str = ""

    @cached_property
    def json(self) -> Any:
        """The request body's JSON value; ``None`` if it is empty or not JSON."""
        return _parsed(self.body)

    @cached_property
    def answer(self) -> Any:
        """The answer's JSON value; ``None`` if it is empty or not JSON."""
        return _parsed(self.answer_text)

    @property
    def outcome(self) -> str:
        """The object's status, the error code, or else the HTTP status."""
        answer = self.answer if isinstance(self.answer, dict) else {}
        return str(answer.get("errorCode") or answer.get("status") or self.status)

    @property
    def is_from_test(self) -> bool:
        """Whether the fixture itself made the call, as set-up."""
        return ORIGIN_HEADER in self.headers

    @property
    def name(self) -> str:
        """The operation id; method and path if the API has no such operation."""
        return self.operation or f"{self.method} {self.path}"

    def summary(self) -> str:
        """Return method, path, status and outcome in one line."""
        outcome = "" if self.outcome == str(self.status) else f" {self.outcome}"
        return printable(f"{self.method} {self.path} -> {self.status}{outcome}")

    def __repr__(self) -> str:
        return f"<{self.name}: {self.summary()}>"

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> RecordedRequest:
        """Return the request of a journal entry."""
        known = {row.name for row in fields(cls)}
        return cls(
            **{name: value for name, value in entry.items() if name in known}
            | {
                "idempotency_key": entry["idempotencyKey"],
                "answer_text": entry["answer"],
                "trace": tuple(Finding(**finding) for finding in entry["trace"]),
                "advice": tuple(Advice(**advice) for advice in entry["advice"]),
                "faults": tuple(entry["faults"]),
            }
        )


def with_addresses(
    entries: list[dict[str, Any]], addresses: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return journal entries with some addresses replaced by others.

    Args:
        entries: Entries of the journal.
        addresses: New URL by old URL. The scheme is optional in the entries: a Host
            header has none.
    """
    text = json.dumps(entries, ensure_ascii=False)
    for old, new in addresses.items():
        text = text.replace(old, new)
        text = text.replace(old.partition("//")[2], new.partition("//")[2])
    replaced: list[dict[str, Any]] = json.loads(text)
    return replaced


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def request_id_of(response: Any) -> str:
    """Return the ``Request-Id`` of a response of any client, or the id itself.

    Args:
        response: The id; a recorded request; or a response of requests, httpx,
            aiohttp, urllib or Flask's test client, or its headers.

    Raises:
        SandboxUsageError: The response has no ``Request-Id``.
    """
    if isinstance(response, str):
        return response
    if isinstance(response, RecordedRequest):
        return response.id
    id_ = header_of(response, "Request-Id")
    if id_ is not None:
        return id_
    raise SandboxUsageError(
        f"{type(response).__name__} has no Request-Id header, so it is not a response "
        "of this emulator. Pass a response of the emulator, or a Request-Id."
    )


def header_of(response: object, wanted: str) -> str | None:
    """Return a header of a response of any client, ``None`` without one."""
    items = getattr(getattr(response, "headers", response), "items", None)
    for name, value in items() if callable(items) else ():
        if str(name).lower() == wanted.lower():
            return str(value)
    return None


def explain(request: RecordedRequest) -> str:
    """Return a request, its answer, and the reasons, one line per rule.

    Lines are not wrapped, so that a test can search them for words.
    """
    rows = [("key", request.idempotency_key)] if request.idempotency_key else []
    rows += [(item.rule, item.found) for item in request.trace]
    rows += [("advice", advice.message) for advice in request.advice]
    lines = [f"{request.id}: {request.name}", f"  {request.summary()}"]
    lines += [f"{_label(label)}{printable(text, _LONGEST)}" for label, text in rows]
    return "\n".join(lines)


def overview(requests: Iterable[RecordedRequest]) -> str:
    """Return one line per request, plus the reasons for refusals and declines."""
    lines = []
    for number, request in enumerate(requests, start=1):
        key = f"  key {request.idempotency_key}" if request.idempotency_key else ""
        again = "  replayed" if request.replayed else ""
        lines.append(f"#{number} {request.summary()}{again}{key}")
        problems = [item for item in request.trace if item.rule == _SCHEMA]
        # A single problem is already in the message of the refusal.
        shown = _DECIDING | ({_SCHEMA} if len(problems) > 1 else set())
        rows = [(item.rule, item.found) for item in request.trace if item.rule in shown]
        rows += [("advice", advice.message) for advice in request.advice]
        for label, text in rows:
            lines += wrap(printable(text, _LONGEST), _label(label), " " * (_INDENT + 4))
    return "\n".join(lines) or "The emulator received no request."


def _label(label: str) -> str:
    return f"    {label:<{_INDENT - 1}} "
