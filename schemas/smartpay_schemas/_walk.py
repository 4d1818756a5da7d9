"""Walk a schema beside a document: which members does it know, what does it want there.

A node is (name of the schema file, subschema); the name is what relative references
start from. A place in a document is described by several nodes at once, because
references and branches add to each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from smartpay_schemas._load import resolve, shared

Node = tuple[str, dict[str, Any]]
Path = tuple[str | int, ...]

_BRANCH_LISTS = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("then", "else")


class UnknownMember(NamedTuple):
    """A member that no schema knows.

    Attributes:
        pointer: JSON Pointer of the member, such as `/customerInfo/email`.
        name: Its name.
        suggestion: The member that was probably meant, None if nothing is close.
    """

    pointer: str
    name: str
    suggestion: str | None


def root(name_or_schema: str | dict[str, Any]) -> list[Node]:
    """Return the nodes of the document itself."""
    if isinstance(name_or_schema, str):
        return [(name_or_schema, shared(name_or_schema))]
    return [("", name_or_schema)]


def surfaces(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes and every schema that applies, or may apply, at their place."""
    for name, node in nodes:
        if not isinstance(node, dict):
            continue  # true and false say nothing about members
        yield name, node
        if "$ref" in node:
            target = resolve(name, node["$ref"])
            yield from surfaces([(target, shared(target))])
        for key in _BRANCH_LISTS:
            yield from surfaces((name, branch) for branch in node.get(key, ()))
        for key in _BRANCHES:
            if key in node:
                yield from surfaces([(name, node[key])])


def members(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    """Return the members an object may have here, with their own nodes."""
    found: dict[str, list[Node]] = {}
    for name, node in surfaces(nodes):
        for member, sub in node.get("properties", {}).items():
            found.setdefault(member, []).append((name, sub))
    return found


def below(nodes: Sequence[Node], key: str | int) -> list[Node]:
    """Return the nodes of one member or entry; empty if nothing is said about it."""
    if isinstance(key, str) and key in (known := members(nodes)):
        return known[key]
    keyword = "items" if isinstance(key, int) else "additionalProperties"
    return [(name, node[keyword]) for name, node in surfaces(nodes) if keyword in node]


def at(nodes: Sequence[Node], path: Iterable[str | int]) -> list[Node]:
    """Return the nodes of a place in the document."""
    found = list(nodes)
    for key in path:
        found = below(found, key)
    return found


def merged(nodes: Iterable[Node]) -> dict[str, Any]:
    """Return the keywords of every schema at one place, the outermost one winning."""
    result: dict[str, Any] = {}
    for _, node in surfaces(nodes):
        result = {**node, **result}
    return result


def is_closed(nodes: Sequence[Node]) -> bool:
    """Tell whether the members of an object are known by name here."""
    said = merged(nodes)
    return "properties" in said and not (
        said.get("additionalProperties") or said.get("x-open")
    )


def strangers(
    nodes: Sequence[Node], value: dict[str, Any]
) -> Iterator[tuple[str, str | None]]:
    """Yield the members of one object that nobody knows, each with a suggestion."""
    if not is_closed(nodes):
        return
    known = members(nodes)
    free = [member for member in known if member not in value]
    aliases = merged(nodes).get("x-aliases", {})
    for member in value:
        if member not in known:
            yield member, _suggest(member, aliases, free)


def _suggest(member: str, aliases: dict[str, str], free: list[str]) -> str | None:
    if (meant := aliases.get(member)) in free:
        return meant
    from difflib import get_close_matches  # noqa: PLC0415 - only advice needs it

    # Long names are nobody's misspelling, and comparing them costs time.
    close = get_close_matches(member[:64], free, n=1, cutoff=0.7)
    return close[0] if close else None


def all_strangers(
    nodes: Sequence[Node], value: Any, path: Path
) -> Iterator[UnknownMember]:
    """Yield every unknown member of a document, an object's own before the deeper."""
    if not nodes:
        return
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, list):
        inside = enumerate(value)
    elif isinstance(value, dict):
        inside = value.items()
        for name, meant in strangers(nodes, value):
            yield UnknownMember(pointer((*path, name)), name, meant)
    for key, entry in inside:
        if isinstance(entry, dict | list):
            yield from all_strangers(below(nodes, key), entry, (*path, key))


def pointer(path: Path) -> str:
    """Return a path as a JSON Pointer (RFC 6901); empty for the document itself."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)
