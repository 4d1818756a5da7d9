"""Walk a schema beside a document: which members does it know, what does it want there.

A node is (name of the schema file, subschema); the name is what relative references
start from. A place in a document is described by several nodes at once, because
references and branches add to each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import Any, NamedTuple

from smartpay_schemas._load import resolve, shared

Node = tuple[str, dict[str, Any]]
Path = tuple[str | int, ...]

_BRANCH_LISTS = ("allOf", "anyOf", "oneOf")
_BRANCHES = ("then", "else")

# A longer text is no number that a schema allows, and costs time to convert.
_WHOLE_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]{0,29}))(?:\.0{1,30})?")


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


class NumberText(NamedTuple):
    """A whole number that was written as text, such as `"1500.0000"`.

    Attributes:
        pointer: JSON Pointer of the member, such as `/items/0/quantity`.
        text: The text.
        number: The number it stands for.
    """

    pointer: str
    text: str
    number: int


class Place:
    """All that schemas say of one place in a document, worked out at most once.

    Args:
        nodes: The schemas that describe it, before references and branches.
    """

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = list(_surfaces(nodes))

    def below(self, key: str | int) -> Place:
        """Return the place of one member or entry."""
        if isinstance(key, int):
            return self._entries
        return self.members.get(key, self._others)

    def at(self, path: Iterable[str | int]) -> Place:
        """Return a place further in."""
        found = self
        for key in path:
            found = found.below(key)
        return found

    @cached_property
    def members(self) -> dict[str, Place]:
        """The members an object may have here."""
        found: dict[str, list[Node]] = {}
        for name, node in self._nodes:
            for member, sub in node.get("properties", {}).items():
                found.setdefault(member, []).append((name, sub))
        return {member: Place(nodes) for member, nodes in found.items()}

    @cached_property
    def keywords(self) -> dict[str, Any]:
        """The keywords of every schema here, the outermost one winning."""
        result: dict[str, Any] = {}
        for _, node in self._nodes:
            result = {**node, **result}
        return result

    @property
    def is_silent(self) -> bool:
        """Whether no schema says anything of this place."""
        return not self._nodes

    @cached_property
    def is_closed(self) -> bool:
        """Whether the members of an object are known by name here."""
        said = self.keywords
        return "properties" in said and not (
            said.get("additionalProperties") or said.get("x-open")
        )

    def unknown_members(
        self, value: dict[str, Any]
    ) -> Iterator[tuple[str, str | None]]:
        """Yield the members of an object that nobody knows, each with a suggestion."""
        if not self.is_closed:
            return
        unknown = [member for member in value if member not in self.members]
        if not unknown:
            return
        free = [member for member in self.members if member not in value]
        aliases = self.keywords.get("x-aliases", {})
        for member in unknown:
            yield member, _suggest(member, aliases, free)

    @cached_property
    def is_number(self) -> bool:
        """Whether a number is wanted here, and text is not."""
        return self.keywords.get("type") in ("integer", "number")

    @cached_property
    def _entries(self) -> Place:
        return self._under("items")

    @cached_property
    def _others(self) -> Place:
        return self._under("additionalProperties")

    def _under(self, keyword: str) -> Place:
        return Place(
            (name, node[keyword]) for name, node in self._nodes if keyword in node
        )


def root(name_or_schema: str | dict[str, Any]) -> Place:
    """Return the place of the document itself."""
    if isinstance(name_or_schema, str):
        return _root_of(name_or_schema)
    return Place([("", name_or_schema)])


@cache
def _root_of(name: str) -> Place:
    return Place([(name, shared(name))])


def _surfaces(nodes: Iterable[Node]) -> Iterator[Node]:
    """Yield the nodes and every schema that applies, or may apply, at their place."""
    for name, node in nodes:
        if not isinstance(node, dict):
            continue  # true and false say nothing about members
        yield name, node
        if "$ref" in node:
            target = resolve(name, node["$ref"])
            yield from _surfaces([(target, shared(target))])
        for key in _BRANCH_LISTS:
            yield from _surfaces((name, branch) for branch in node.get(key, ()))
        for key in _BRANCHES:
            if key in node:
                yield from _surfaces([(name, node[key])])


def _suggest(member: str, aliases: dict[str, str], free: list[str]) -> str | None:
    if (meant := aliases.get(member)) in free:
        return meant
    from difflib import get_close_matches  # noqa: PLC0415 - only advice needs it

    # Long names are nobody's misspelling, and comparing them costs time.
    close = get_close_matches(member[:64], free, n=1, cutoff=0.7)
    return close[0] if close else None


def all_unknown_members(
    place: Place, value: Any, path: Path
) -> Iterator[UnknownMember]:
    """Yield every unknown member of a document, an object's own before the deeper."""
    if place.is_silent:
        return
    inside: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, list):
        inside = enumerate(value)
    elif isinstance(value, dict):
        inside = value.items()
        for name, meant in place.unknown_members(value):
            yield UnknownMember(pointer((*path, name)), name, meant)
    for key, entry in inside:
        if isinstance(entry, dict | list):
            yield from all_unknown_members(place.below(key), entry, (*path, key))


def replace_number_texts(place: Place, value: Any, path: Path) -> Iterator[NumberText]:
    """Replace whole numbers written as text where a number is wanted; yield each."""
    if place.is_silent or not isinstance(value, list | dict):
        return
    rows = enumerate(value) if isinstance(value, list) else list(value.items())
    for key, entry in rows:
        inner = place.below(key)
        if not isinstance(entry, str):
            yield from replace_number_texts(inner, entry, (*path, key))
        elif inner.is_number and (whole := _WHOLE_NUMBER.fullmatch(entry)):
            value[key] = int(whole[1])
            yield NumberText(pointer((*path, key)), entry, value[key])


def pointer(path: Path) -> str:
    """Return a path as a JSON Pointer (RFC 6901); empty for the document itself."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)
