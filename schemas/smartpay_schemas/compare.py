"""Two versions of the API: which changes break those who call it, and which do not.

Versions are OpenAPI documents as ``openapi`` makes them. What callers send may be
accepted more widely, never less; what they get, webhooks included, may be promised more
narrowly, never more widely. A member that appears in an answer breaks nobody: readers
ignore it. ``NOT_COMPARED`` names the parts that have no influence on callers.
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
_CONTAINERS = ("items", "then", "else", "additionalProperties")
_LISTS = ("allOf", "anyOf", "oneOf")
_JSON = "application/json"

NOT_COMPARED = frozenset(
    {
        # Texts and examples. Those of a refusal are compared: they are its codes.
        *("info", "tags", "summary", "description", "title", "examples", "links"),
        "writeOnly",
        # A document may be served anywhere, and with the same schemas in other places.
        *("openapi", "jsonSchemaDialect", "servers", "components", "operationId"),
    }
)
"""Parts of a document outside its schemas that are not compared."""


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
    changes += _webhooks(old, new)
    changes += _credentials(old, new)
    return sorted(set(changes))


def _webhooks(old: Document, new: Document) -> Iterator[Change]:
    """Yield the differences of what the server sends to the callers."""
    before, after = old.get("webhooks", {}), new.get("webhooks", {})
    for name in before.keys() - after.keys():
        yield Change(f"webhook {name}", "removed", "breaking", "callers wait for it")
    for name in after.keys() - before.keys():
        where, why = f"webhook {name}", "callers receive what they asked for only"
        yield Change(where, "added", "compatible", why)
    for name in before.keys() & after.keys():
        walk = _Walk(old, new)
        yield from walk.webhook(name, before[name]["post"], after[name]["post"])


def _credentials(old: Document, new: Document) -> Iterator[Change]:
    """Yield the kinds of credentials that callers have to send otherwise."""
    before, after = (
        document.get("components", {}).get("securitySchemes", {})
        for document in (old, new)
    )
    for name in before.keys() & after.keys():
        if {**before[name], "description": ""} != {**after[name], "description": ""}:
            why = "callers send another credential, or none"
            yield Change(f"security scheme {name}", "changed", "breaking", why)


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
        if old.get("security") != new.get("security"):
            why = "callers send another credential, or none"
            yield Change(name, "security changed", "breaking", why)
        yield from self._parameters(name, "request", old, new)
        yield from self._body(name, old, new)
        yield from self._answers(name, old["responses"], new["responses"])

    def webhook(self, name: str, old: Document, new: Document) -> Iterator[Change]:
        """Yield the differences of one webhook: callers receive its request."""
        yield from self._parameters(f"webhook {name}", "response", old, new)
        bodies = (old.get("requestBody", {}), new.get("requestBody", {}))
        yield from self._content(f"webhook {name} body", "response", *bodies)

    def _parameters(
        self, name: str, side: Side, old: Document, new: Document
    ) -> Iterator[Change]:
        before, after = (
            {p["name"]: p for p in self._resolved_all(index, row.get("parameters", ()))}
            for index, row in enumerate((old, new))
        )
        is_sent = side == "request"
        for key in sorted(before.keys() - after.keys()):
            why = "it is ignored from now on" if is_sent else "callers read it"
            yield Change(f"{name} parameter {key}", "removed", "breaking", why)
        for key in sorted(after.keys() - before.keys()):
            where, must = f"{name} parameter {key}", after[key].get("required", False)
            verdict: Verdict = "breaking" if must and is_sent else "compatible"
            why = "callers do not send it" if must else "it may be left out"
            yield Change(where, "added", verdict, why if is_sent else "it is ignored")
        for key in sorted(before.keys() & after.keys()):
            where = f"{name} parameter {key}"
            yield from _requirement(where, side, before[key], after[key])
            if before[key].get("in") != after[key].get("in"):
                what = f"in {before[key].get('in')} -> {after[key].get('in')}"
                yield Change(where, what, "breaking", "it is at another place")
            schemas = (before[key].get("schema", {}), after[key].get("schema", {}))
            yield from self.schema(where, side, *schemas)

    def _body(self, name: str, old: Document, new: Document) -> Iterator[Change]:
        before, after = old.get("requestBody"), new.get("requestBody")
        where = f"{name} request"
        if before is None and after is not None:
            yield Change(where, "body added", "breaking", "callers send none")
        elif before is not None and after is None:
            yield Change(where, "body removed", "breaking", "what they send is ignored")
        elif before is not None and after is not None:
            yield from _requirement(where, "request", before, after)
            yield from self._content(where, "request", before, after)

    def _content(
        self, where: str, side: Side, old: Document, new: Document
    ) -> Iterator[Change]:
        """Yield the differences of the media types and their schemas."""
        before, after = old.get("content", {}), new.get("content", {})
        for media in sorted(before.keys() - after.keys()):
            yield Change(where, f"{media} removed", "breaking", "callers use it")
        for media in sorted(after.keys() - before.keys()):
            yield Change(where, f"{media} added", "compatible", "nobody asks for it")
        for media in sorted(before.keys() & after.keys()):
            schemas = (before[media].get("schema", {}), after[media].get("schema", {}))
            yield from self.schema(where, side, *schemas)

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
        old, new = self._resolved(0, old), self._resolved(1, new)
        before, after = old.get("content"), new.get("content")
        if not before and after:
            yield Change(where, "body added", "breaking", "callers read it otherwise")
        elif before and not after:
            yield Change(where, "body removed", "breaking", "callers read it otherwise")
        else:
            yield from self._content(where, "response", old, new)
        yield from self._headers(where, old.get("headers", {}), new.get("headers", {}))
        codes = [set(_errors_of(answer)) for answer in (old, new)]
        for code in sorted(codes[1] - codes[0]):
            what = f"error {code} added"
            yield Change(where, what, "breaking", "callers do not know it")
        for code in sorted(codes[0] - codes[1]):
            what = f"error {code} removed"
            yield Change(where, what, "compatible", "one refusal less")

    def _headers(self, where: str, old: Document, new: Document) -> Iterator[Change]:
        for name in sorted(old.keys() - new.keys()):
            yield Change(f"{where} header {name}", "removed", "breaking", "it is read")
        for name in sorted(new.keys() - old.keys()):
            what = f"{where} header {name}"
            yield Change(what, "added", "compatible", "readers ignore it")
        for name in sorted(old.keys() & new.keys()):
            before, after = self._resolved(0, old[name]), self._resolved(1, new[name])
            schemas = (before.get("schema", {}), after.get("schema", {}))
            yield from self.schema(f"{where} header {name}", "response", *schemas)

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
            if _are_schemas(before.get(key), after.get(key)):
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
            if key in _CONTAINERS and _are_schemas(before, after):
                continue  # compared as schemas
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
        """Return a schema with what it refers to and its branches of members as one."""
        if "$ref" not in node:
            found: Document = node
            members = [one for one in node.get("allOf", ()) if "if" not in one]
            if not members:
                return found
            others = [one for one in node["allOf"] if "if" in one]
            for branch in members:
                found = _merged(self._resolved(side, branch), found)
            return {**found, "allOf": others}
        target: Any = self._documents[side]
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _merged(self._resolved(side, target), beside)


def _requirement(
    where: str, side: Side, old: Document, new: Document
) -> Iterator[Change]:
    """Yield whether a parameter or body becomes mandatory or optional."""
    before, after = (bool(part.get("required")) for part in (old, new))
    if before != after:
        effect: Effect = "narrower" if after else "wider"
        what = "becomes mandatory" if after else "becomes optional"
        yield _change(where, side, what, effect)


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


def _are_schemas(old: Any, new: Any) -> bool:
    return isinstance(old, Mapping) and isinstance(new, Mapping)


def _words(key: str, old: Any, new: Any) -> str:
    shown = ["none" if value is ABSENT else str(value)[:60] for value in (old, new)]
    return f"{key} {shown[0]} -> {shown[1]}"


def _errors_of(answer: Document) -> Iterator[str]:
    for example in (
        answer.get("content", {}).get(_JSON, {}).get("examples", {}).values()
    ):
        value = example.get("value")
        if isinstance(value, dict) and "errorCode" in value:
            yield value["errorCode"]
