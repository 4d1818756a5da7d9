"""One call and its answer, shown without secrets; and how a test fails."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from smartpay_contracts.redact import SECRETS

LONGEST_SHOWN = 4_000
"""Characters of a body that a report shows."""

_HIDDEN_HEADERS = {"accept-encoding", "connection", "content-length", "user-agent"}


class ContractFailure(AssertionError):  # noqa: N818 - a test failure, not an error
    """An answer differs from the contract.

    Attributes:
        expected: What the contract promises, in words.
        found: What came instead.
        exchange: The call it was seen in, if it was one.
    """

    def __init__(
        self, expected: str, *, found: str, exchange: Exchange | None = None
    ) -> None:
        self.expected = expected
        self.found = found
        self.exchange = exchange
        super().__init__(f"expected {expected}; found {found}")


class Doc(dict[str, Any]):
    """A JSON object of an answer; a missing member is a ``ContractFailure``."""

    exchange: Exchange | None = None

    def __missing__(self, name: str) -> Any:
        members = ", ".join(self) or "none"
        raise ContractFailure(
            f"a member {name!r} in the {self.get('object', 'object')}",
            found=f"only these members: {members}",
            exchange=self.exchange,
        )


@dataclass(kw_only=True, eq=False)
class Exchange:
    """A call and its answer.

    Attributes:
        operation: Its row in operations.json, or None for a call outside the table.
        method: Upper case.
        url: With the query.
        sent_headers: As they were sent.
        sent: The body that was sent.
        status: The HTTP status.
        headers: Of the answer; looked up without regard to case.
        body: Of the answer, decompressed.
        expanded: Whether the caller asked for ``expand=all``.
    """

    operation: str | None
    method: str
    url: str
    sent_headers: Mapping[str, str]
    sent: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes
    expanded: bool = False

    @cached_property
    def text(self) -> str:
        """The answer's body as text."""
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The answer's body, decoded; each object in it is a ``Doc``.

        Raises:
            ContractFailure: The body is not JSON.
        """
        try:
            value = json.loads(self.body, object_pairs_hook=self._doc)
        except ValueError as error:
            raise ContractFailure(
                "a body of JSON", found=f"{self.text[:80]!r} ({error})", exchange=self
            ) from None
        SECRETS.learn_from(value)
        return value

    @cached_property
    def doc(self) -> Doc:
        """The answer's body, which is a JSON object.

        Raises:
            ContractFailure: The body is not a JSON object.
        """
        if not isinstance(self.json, Doc):
            raise ContractFailure(
                "a JSON object", found=f"{self.text[:80]!r}", exchange=self
            )
        return self.json

    def _doc(self, pairs: Iterable[tuple[str, Any]]) -> Doc:
        doc = Doc(pairs)
        doc.exchange = self
        return doc

    @property
    def summary(self) -> str:
        """The status and the beginning of the body."""
        return f"{self.status} {self.text[:300]}"

    def failure(self, expected: str, found: str) -> ContractFailure:
        """Return the failure of a check of this exchange."""
        return ContractFailure(expected, found=found, exchange=self)

    def curl(self) -> str:
        """Return a command line that repeats the call, given the key in a variable."""
        parts = [f"curl -X {self.method} {shlex.quote(SECRETS.clean(self.url))}"]
        for name, value in self.sent_headers.items():
            if name.lower() not in _HIDDEN_HEADERS:
                parts.append(f'-H "{_in_double_quotes(f"{name}: {value}")}"')
        if len(self.sent) > LONGEST_SHOWN:
            parts.append(f"--data-binary @body  # of {len(self.sent)} bytes")
        elif self.sent:
            text = SECRETS.clean(self.sent.decode("utf-8", "replace"))
            parts.append(f"--data {shlex.quote(text)}")
        return " ".join(parts)

    def record(self) -> dict[str, Any]:
        """Return the exchange for a report, without secrets."""
        return {
            "operation": self.operation,
            "request": {
                "method": self.method,
                "url": SECRETS.clean(self.url),
                "headers": _shown_headers(self.sent_headers),
                "body": _shown(self.sent),
            },
            "response": {
                "status": self.status,
                "headers": _shown_headers(self.headers),
                "body": _shown(self.body),
            },
            "curl": self.curl(),
        }


def _shown(body: bytes) -> str:
    text = SECRETS.clean(body.decode("utf-8", "replace"))
    if len(text) > LONGEST_SHOWN:
        return f"{text[:LONGEST_SHOWN]}... ({len(body)} bytes in all)"
    return text


def _shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: SECRETS.clean(value) for name, value in headers.items()}


def _in_double_quotes(text: str) -> str:
    """Return text for a shell's double quotes, in which the placeholder expands."""
    clean = SECRETS.clean(text)
    for character in '\\"`':
        clean = clean.replace(character, f"\\{character}")
    return clean
