"""Journal entries as small typed objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from smartpay_mock.testing.desk import ORIGIN_HEADER


@dataclass(frozen=True, slots=True)
class Advice:
    """An oddity of a request that the API tolerates.

    Attributes:
        code: Its kind, such as ``unknown-member``.
        pointer: Where in the body, as a JSON pointer.
        message: What is odd and what to send, in words.
    """

    code: str
    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that had a say in an answer.

    Attributes:
        rule: Such as ``authorization``.
        found: What it found, in words.
    """

    rule: str
    found: str


@dataclass(frozen=True)
class RecordedRequest:
    """A request that the emulator answered.

    Attributes:
        id: The answer's ``Request-Id``.
        at: The account's time, in milliseconds since the epoch.
        operation: What was called, such as ``create_order``; empty for a path that
            the API does not have.
        method: HTTP method.
        path: As sent.
        query: Query parameters.
        headers: Names in lower case; the secret key is left out.
        idempotency_key: The ``Idempotency-Key`` header, ``None`` without one.
        body: The request body as text.
        status: The HTTP status of the answer as it was made, before a fault.
        answer_text: The answer's body, likewise.
        replayed: Whether the answer was kept from an earlier request with the key.
        trace: Why the answer is as it is, one finding per rule that had a say.
        advice: Oddities that were tolerated.
        faults: The planned faults it met, in words.
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

    @cached_property
    def json(self) -> Any:
        """The request body's JSON value; ``None`` when it is empty or no JSON."""
        return _parsed(self.body)

    @cached_property
    def answer(self) -> Any:
        """The answer's JSON value; ``None`` when it is empty or no JSON."""
        return _parsed(self.answer_text)

    @property
    def outcome(self) -> str:
        """What came of it in a word: a status, an error code, or the HTTP status."""
        answer = self.answer if isinstance(self.answer, dict) else {}
        return str(answer.get("errorCode") or answer.get("status") or self.status)

    @property
    def is_from_test(self) -> bool:
        """Whether the fixture itself made the call, to set something up."""
        return ORIGIN_HEADER in self.headers

    @property
    def name(self) -> str:
        """The operation; method and path where the API has none for them."""
        return self.operation or f"{self.method} {self.path}"

    def summary(self) -> str:
        """Return method, path, status and outcome in a line."""
        said = "" if self.outcome == str(self.status) else f" {self.outcome}"
        return f"{self.method} {self.path} -> {self.status}{said}"

    def __repr__(self) -> str:
        return f"<{self.name}: {self.summary()}>"

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> RecordedRequest:
        """Return the request of a journal entry."""
        return cls(
            id=entry["id"],
            at=entry["at"],
            operation=entry["operation"],
            method=entry["method"],
            path=entry["path"],
            query=entry["query"],
            headers=entry["headers"],
            idempotency_key=entry["idempotencyKey"],
            body=entry["body"],
            status=entry["status"],
            answer_text=entry["answer"],
            replayed=entry["replayed"],
            trace=tuple(Finding(**finding) for finding in entry["trace"]),
            advice=tuple(Advice(**advice) for advice in entry["advice"]),
            faults=tuple(entry["faults"]),
        )


def with_addresses(
    entries: list[dict[str, Any]], addresses: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return journal entries with some addresses replaced by others.

    Args:
        entries: As the emulator keeps them.
        addresses: URL by URL; where one stands without its scheme, as in a Host
            header, the other one stands so too.
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
