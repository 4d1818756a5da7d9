"""Compare answers field by field: ids, times and secrets don't count."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import Any, Final
from urllib.parse import urlsplit

from smartpay_contracts.exchange import Exchange

ABSENT: Final = "(absent)"
VARIES: Final = "<varies>"

_ID = re.compile(r"\b([a-z]+)_(?:test|live)_[0-9A-Za-z]+\b")
_TIMES = {"createdAt", "updatedAt", "expiresAt", "timestamp"}
_SECRETS = {"signingSecret", "accessToken", "password"}
_WORDING = {"message", "details", "realm"}
_OPAQUE = {"pageToken", "nextPageToken", "url"}

_KINDS = {
    "paytok": "token",
    "checkout": "checkoutSession",
    "promotioncode": "promotionCode",
    "webhookendpoint": "webhookEndpoint",
    "evt": "event",
    "li": "lineItem",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the script as it was answered.

    Attributes:
        name: Name of the step.
        seen: Status, headers and body, with references in place of ids.
        operation: Its row in operations.json.
    """

    name: str
    seen: dict[str, Any]
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two servers differ.

    Attributes:
        step: The call.
        path: The field, such as ``body.lineItems[0].kind``.
        left: What the one says, as JSON.
        right: What the other says.
    """

    step: str
    path: str
    left: str
    right: str

    def document(self) -> dict[str, str]:
        """Return the difference as JSON values."""
        return asdict(self)


def differences(left: Sequence[Step], right: Sequence[Step]) -> list[Difference]:
    """Return what differs, step by step; a step of one side only differs as a whole."""
    others = {step.name: step for step in right}
    names = {step.name for step in left}
    found = []
    for step in left:
        if step.name in others:
            for path, mine, theirs in _unlike(step.seen, others[step.name].seen, ""):
                found.append(Difference(step.name, path, mine, theirs))
        else:
            found.append(Difference(step.name, "the call", "made", "could not be made"))
    for step in right:
        if step.name not in names:
            found.append(Difference(step.name, "the call", "could not be made", "made"))
    return found


def without_volatile(first: Any, second: Any) -> Any:
    """Return ``first`` with fields that differ in ``second`` marked as varying.

    Args:
        first: Normalised, of one play of the script.
        second: The same, of another play on the same server.
    """
    if isinstance(first, dict) and isinstance(second, dict):
        return {
            name: without_volatile(value, second.get(name, ABSENT))
            for name, value in first.items()
        }
    if isinstance(first, list) and isinstance(second, list):
        pairs = zip_longest(first, second[: len(first)], fillvalue=ABSENT)
        return [without_volatile(mine, again) for mine, again in pairs]
    return first if first == second else VARIES


def _unlike(left: Any, right: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}):
            inner = f"{path}.{name}" if path else name
            yield from _unlike(left.get(name, ABSENT), right.get(name, ABSENT), inner)
    elif isinstance(left, list) and isinstance(right, list):
        pairs = zip_longest(left, right, fillvalue=ABSENT)
        for index, (mine, theirs) in enumerate(pairs):
            yield from _unlike(mine, theirs, f"{path}[{index}]")
    elif left != right or type(left) is not type(right):
        yield path, _text(left), _text(right)


def _text(value: Any) -> str:
    return value if value == ABSENT else json.dumps(value, ensure_ascii=False)


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
        """Show ``value`` as ``reference`` from now on."""
        self._known[value] = reference

    def own_entries(self, page: dict[str, Any]) -> dict[str, Any]:
        """Return a page of a list with only those entries that were seen before.

        Other objects of the account don't count.
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
    """Return a document without ids, times, secrets and wording.

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
    is_wording = name in _WORDING and not with_words
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
    """Return a hash of what a series of calls looked like, 16 hexadecimal characters.

    Two runs against a server that did not change have the same fingerprint: statuses,
    error codes, and which members of which type there are, count; values, numbers of
    list entries and words do not.
    """
    shapes = {
        json.dumps(
            [e.operation or urlsplit(e.url).path, e.status, _shape_of_answer(e)],
            sort_keys=True,
        )
        for e in exchanges
    }
    text = "\n".join(sorted(shapes))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _shape_of_answer(exchange: Exchange) -> Any:
    try:
        return _shape(json.loads(exchange.body) if exchange.body else None)
    except ValueError:
        return _shape("<not JSON>")
    except RecursionError:
        return "<nested too deeply>"


def _shape(value: Any, name: str = "") -> Any:
    if isinstance(value, dict) and value.get("object") == "collection":
        # What a list holds depends on who else uses the account.
        return "collection"
    if isinstance(value, dict):
        return {key: _shape(entry, key) for key, entry in value.items()}
    if isinstance(value, list):
        shapes = [_shape(entry) for entry in value]
        distinct = {json.dumps(shape, sort_keys=True): shape for shape in shapes}
        return [shape for _, shape in sorted(distinct.items())]
    if name in {"errorCode", "status", "object", "kind"}:
        return value
    return type(value).__name__
