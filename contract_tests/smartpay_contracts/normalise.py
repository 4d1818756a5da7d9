"""Tell real differences from names: ids, times and secrets become references."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from smartpay_contracts.exchange import Exchange

_ID = re.compile(r"\b([a-z]+)_(?:test|live)_[0-9A-Za-z]+\b")
_TIMES = {"createdAt", "updatedAt", "expiresAt", "timestamp"}
_SECRETS = {"signingSecret", "accessToken", "password"}
_WORDS = {"message", "details", "realm"}
_OPAQUE = {"pageToken", "nextPageToken", "url"}

_KINDS = {
    "paytok": "token",
    "checkout": "checkoutSession",
    "promotioncode": "promotionCode",
    "webhookendpoint": "webhookEndpoint",
    "evt": "event",
    "li": "lineItem",
}


class References:
    """Numbers the ids of one run in the order in which they are first seen."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def of(self, id_: str, prefix: str) -> str:
        """Return the reference of an id, such as ``<order:1>``."""
        if id_ not in self._known:
            kind = _KINDS.get(prefix, prefix)
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._known[id_] = f"<{kind}:{self._counts[kind]}>"
        return self._known[id_]

    def name(self, value: str, reference: str) -> None:
        """Let ``value`` be shown as ``reference`` from now on."""
        self._known[value] = reference

    def own_entries(self, page: dict[str, Any]) -> dict[str, Any]:
        """Return a page of a list with those entries only that were seen before.

        What else an account holds, and how many pages that makes, is no difference.
        """
        mine = [entry for entry in page.get("data", []) if entry["id"] in self._known]
        return {**page, "data": mine}

    def text(self, value: str) -> str:
        """Return text with every id in it replaced."""
        if value in self._known:
            return self._known[value]
        return _ID.sub(lambda match: self.of(match[0], match[1]), value)


def normalised(
    value: Any, references: References, *, name: str = "", with_words: bool = False
) -> Any:
    """Return a document in which only what differs in substance differs.

    Args:
        value: Decoded JSON.
        references: Of the run that the document is from.
        name: The member that holds ``value``.
        with_words: Whether messages for people are kept as they are.
    """
    if isinstance(value, dict):
        return {
            key: normalised(entry, references, name=key, with_words=with_words)
            for key, entry in sorted(value.items())
        }
    is_wording = name in _WORDS and not with_words
    if isinstance(value, list) and not is_wording:
        return [
            normalised(entry, references, name=name, with_words=with_words)
            for entry in value
        ]
    return _scalar(value, references, name, is_wording=is_wording)


def _scalar(value: Any, references: References, name: str, *, is_wording: bool) -> Any:
    if is_wording:
        return "<text>" if isinstance(value, str) else f"<{type(value).__name__}>"
    if name in _TIMES and isinstance(value, int):
        return "<time>"
    if name in _SECRETS and isinstance(value, str):
        return "<secret>"
    if name in _OPAQUE and isinstance(value, str) and value:
        return f"<{name}>"
    return references.text(value) if isinstance(value, str) else value


def fingerprint(exchanges: Iterable[Exchange]) -> str:
    """Return what a series of calls looked like, in 16 hexadecimal characters.

    Two runs against a server that did not change have the same fingerprint: statuses,
    error codes, and which members of which type there are, count; values, numbers of
    list entries and words do not.
    """
    told = {
        json.dumps(
            [e.operation or urlsplit(e.url).path, e.status, _shape(_decoded(e))],
            sort_keys=True,
        )
        for e in exchanges
    }
    text = "\n".join(sorted(told))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _decoded(exchange: Exchange) -> Any:
    try:
        return json.loads(exchange.body) if exchange.body else None
    except ValueError:
        return "<not JSON>"


def _shape(value: Any, name: str = "") -> Any:
    if isinstance(value, dict) and value.get("object") == "collection":
        # What a list holds depends on who else uses the account.
        return "collection"
    if isinstance(value, dict):
        return {key: _shape(entry, key) for key, entry in value.items()}
    if isinstance(value, list):
        shapes = {json.dumps(_shape(entry), sort_keys=True) for entry in value}
        return sorted(shapes)
    if name in {"errorCode", "status", "object", "kind"}:
        return value
    return type(value).__name__
