"""Two versions of the API: which changes break those who call it, and which do not.

Versions are OpenAPI documents as ``openapi`` makes them. What callers send may be
accepted more widely, never less; what they get may be promised more narrowly, never
more widely. A member that appears in an answer breaks nobody: readers ignore it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from smartpay_schemas._keywords import ABSENT, COMPARERS, Effect

Verdict = Literal["breaking", "compatible"]
Document = Mapping[str, Any]
Side = Literal["request", "response"]

_BREAKS: dict[Side, set[Effect]] = {
    "request": {"narrower", "other"},
    "response": {"wider", "other"},
}
_CONTAINERS = ("items", "then", "else", "additionalItems")
_LISTS = ("allOf", "anyOf", "oneOf")
_JSON = "application/json"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One difference between two versions.

    Attributes:
        where: Operation and part, such as ``create_order request /amount``.
        what: The change in words, such as ``minimum 1 -> 10``.
        verdict: ``breaking`` or ``compatible``.
        why: Why it breaks callers, or why it does not.
    """

    where: str
    what: str
    verdict: Verdict
    why: str


def compare(old: Document, new: Document) -> list[Change]:
    """Return every difference between two OpenAPI documents, sorted by place.

    Args:
        old: The version callers were written for.
        new: The version they are to work with.
    """
    before, after = _operations(old), _operations(new)
    changes = [
        Change(name, "operation removed", "breaking", "callers of it get 404")
        for name in before.keys() - after.keys()
    ]
    changes += [
        Change(name, "operation added", "compatible", "nobody calls it yet")
        for name in after.keys() - before.keys()
    ]
    for name in before.keys() & after.keys():
        walk = _Walk(old, new)
        changes += walk.operation(name, before[name], after[name])
    return sorted(set(changes))


def _operations(document: Document) -> dict[str, Document]:
    return {
        operation["operationId"]: {**operation, "path": f"{method.upper()} {path}"}
        for path, methods in document.get("paths", {}).items()
        for method, operation in methods.items()
    }


class _Walk:
    """Walks two documents side by side."""

    def __init__(self, old: Document, new: Document) -> None:
        self._documents = (old, new)
        self._open: set[tuple[str, str]] = set()

    def operation(self, name: str, old: Document, new: Document) -> Iterator[Change]:
        """Yield the differences of one operation."""
        if old["path"] != new["path"]:
            what = f"{old['path']} -> {new['path']}"
            yield Change(name, what, "breaking", "callers use the old address")
        yield from self._parameters(name, old, new)
        yield from self._body(name, old, new)
        yield from self._answers(name, old["responses"], new["responses"])

    def _parameters(self, name: str, old: Document, new: Document) -> Iterator[Change]:
        before, after = (
            {p["name"]: p for p in self._resolved_all(side, row.get("parameters", ()))}
            for side, row in enumerate((old, new))
        )
        for key in sorted(before.keys() - after.keys()):
            where = f"{name} parameter {key}"
            yield Change(where, "removed", "breaking", "it is ignored from now on")
        for key in sorted(after.keys() - before.keys()):
            where, must = f"{name} parameter {key}", after[key].get("required", False)
            verdict: Verdict = "breaking" if must else "compatible"
            why = "callers do not send it" if must else "it may be left out"
            yield Change(where, "added", verdict, why)
        for key in sorted(before.keys() & after.keys()):
            yield from self.schema(
                f"{name} parameter {key}",
                "request",
                before[key].get("schema", {}),
                after[key].get("schema", {}),
            )

    def _body(self, name: str, old: Document, new: Document) -> Iterator[Change]:
        before, after = (_schema_of(row.get("requestBody")) for row in (old, new))
        where = f"{name} request"
        if before is None and after is not None:
            yield Change(where, "body added", "breaking", "callers send none")
        elif before is not None and after is None:
            yield Change(where, "body removed", "breaking", "what they send is ignored")
        elif before is not None:
            yield from self.schema(where, "request", before, after)

    def _answers(self, name: str, old: Document, new: Document) -> Iterator[Change]:
        for status in sorted(old.keys() - new.keys()):
            good = status.startswith("2")
            verdict: Verdict = "breaking" if good else "compatible"
            why = "callers wait for it" if good else "one refusal less"
            yield Change(f"{name} response {status}", "removed", verdict, why)
        for status in sorted(new.keys() - old.keys()):
            where = f"{name} response {status}"
            yield Change(where, "added", "breaking", "callers do not know it")
        for status in sorted(old.keys() & new.keys()):
            yield from self._answer(
                f"{name} response {status}", old[status], new[status]
            )

    def _answer(self, where: str, old: Document, new: Document) -> Iterator[Change]:
        before, after = _schema_of(old), _schema_of(new)
        if (before is None) != (after is None):
            what = "body added" if before is None else "body removed"
            yield Change(where, what, "breaking", "callers read it otherwise")
        elif before is not None:
            yield from self.schema(where, "response", before, after)
        codes = [set(_errors_of(answer)) for answer in (old, new)]
        for code in sorted(codes[1] - codes[0]):
            what = f"error {code} added"
            yield Change(where, what, "breaking", "callers do not know it")
        for code in sorted(codes[0] - codes[1]):
            what = f"error {code} removed"
            yield Change(where, what, "compatible", "one refusal less")

    def schema(self, where: str, side: Side, old: Any, new: Any) -> Iterator[Change]:
        """Yield the differences of two schemas at one place."""
        here = (str(old.get("$ref", id(old))), str(new.get("$ref", id(new))))
        if here in self._open:
            return
        self._open.add(here)
        before, after = self._resolved(0, old), self._resolved(1, new)
        yield from self._keywords(where, side, before, after)
        yield from self._members(where, side, before, after)
        for key in _CONTAINERS:
            if key in before and key in after:
                place = f"{where} /{key}"
                yield from self.schema(place, side, before[key], after[key])
        for key in _LISTS:
            yield from self._branches(where, side, key, before, after)
        self._open.discard(here)

    def _keywords(
        self, where: str, side: Side, old: Document, new: Document
    ) -> Iterator[Change]:
        for key, compare_keyword in COMPARERS.items():
            before, after = old.get(key, ABSENT), new.get(key, ABSENT)
            if before is after or before == after:
                continue
            effect = compare_keyword(before, after)
            if key in _CLOSING and side == "response":
                effect = "narrower"  # readers ignore members that they do not know
            yield _change(where, side, _words(key, before, after), effect)
        if side == "request" and old.get("default") != new.get("default"):
            what = _words(
                "default", old.get("default", ABSENT), new.get("default", ABSENT)
            )
            yield Change(where, what, "breaking", "leaving it out means something else")

    def _members(
        self, where: str, side: Side, old: Document, new: Document
    ) -> Iterator[Change]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in sorted(before.keys() - after.keys()):
            why = (
                "callers read it" if side == "response" else "it is ignored from now on"
            )
            yield Change(f"{where} /{name}", "member removed", "breaking", why)
        for name in sorted(after.keys() - before.keys()):
            why = "readers ignore it" if side == "response" else "it may be left out"
            yield Change(f"{where} /{name}", "member added", "compatible", why)
        for name in sorted(before.keys() & after.keys()):
            yield from self.schema(f"{where} /{name}", side, before[name], after[name])

    def _branches(
        self, where: str, side: Side, key: str, old: Document, new: Document
    ) -> Iterator[Change]:
        before, after = old.get(key, []), new.get(key, [])
        for number, (left, right) in enumerate(zip(before, after, strict=False)):
            yield from self.schema(f"{where} /{key}/{number}", side, left, right)
        if len(before) != len(after):
            grows = len(after) > len(before)
            effect: Effect = "narrower" if grows == (key == "allOf") else "wider"
            what = f"{key}: {len(before)} -> {len(after)} branches"
            yield _change(where, side, what, effect)

    def _resolved_all(self, side: int, nodes: Any) -> list[Document]:
        return [self._resolved(side, node) for node in nodes]

    def _resolved(self, side: int, node: Any) -> Document:
        if "$ref" not in node:
            found: Document = node
            return found
        target: Any = self._documents[side]
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _merged(self._resolved(side, target), beside)


def _merged(base: Document, beside: Document) -> Document:
    """Return a schema and what stands beside the reference to it, as one."""
    merged = {**base, **beside}
    if "properties" in base and "properties" in beside:
        merged["properties"] = {**base["properties"], **beside["properties"]}
    if "required" in base and "required" in beside:
        merged["required"] = sorted({*base["required"], *beside["required"]})
    return merged


_CLOSING = {"unevaluatedProperties", "additionalProperties"}
_WHY: dict[tuple[Side, Effect], str] = {
    ("request", "narrower"): "what callers send may be refused",
    ("request", "wider"): "what callers send is still accepted",
    ("request", "other"): "what callers send may be refused",
    ("response", "narrower"): "callers get what they were promised",
    ("response", "wider"): "callers may get what they were never promised",
    ("response", "other"): "callers may get what they were never promised",
}


def _change(where: str, side: Side, what: str, effect: Effect) -> Change:
    verdict: Verdict = "breaking" if effect in _BREAKS[side] else "compatible"
    return Change(where, what, verdict, _WHY[side, effect])


def _words(key: str, old: Any, new: Any) -> str:
    shown = ["none" if value is ABSENT else str(value)[:60] for value in (old, new)]
    return f"{key} {shown[0]} -> {shown[1]}"


def _schema_of(part: Any) -> Any:
    return (part or {}).get("content", {}).get(_JSON, {}).get("schema")


def _errors_of(answer: Document) -> Iterator[str]:
    for example in (
        answer.get("content", {}).get(_JSON, {}).get("examples", {}).values()
    ):
        value = example.get("value")
        if isinstance(value, dict) and "errorCode" in value:
            yield value["errorCode"]
