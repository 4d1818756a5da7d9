"""Three readings of every schema, two of them derived mechanically.

`plain` is what the files say. `strict` closes every object of a request and takes out
what is only tolerated; a document it accepts needs no advice. `open` drops the closing
of the answers, for servers that may say more than we know.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

from smartpay_schemas._load import BASE, shared

BASES = {"plain": BASE, "strict": f"{BASE}strict/", "open": f"{BASE}open/"}

_IN_PLACE = ("allOf", "anyOf", "oneOf")
_CONDITIONAL = ("then", "else")
_INSIDE = ("items", "additionalProperties")
_CLOSING = ("unevaluatedProperties", "additionalProperties")


def derive(schema: dict[str, Any], variant: str) -> dict[str, Any]:
    """Return the reading of a schema that a variant asks for.

    Args:
        schema: A schema with references relative to its `$id`, or absolute ones.
        variant: A key of `BASES`.
    """
    # jsonschema leaves our extended validator for the plain one where it meets $schema.
    said = {key: value for key, value in schema.items() if key != "$schema"}
    derived: dict[str, Any] = _READINGS[variant](said)
    return derived


@cache
def document(uri: str) -> dict[str, Any]:
    """Return the schema of a URI that starts with one of ``BASES``.

    Raises:
        LookupError: If there is no schema of this URI.
    """
    variant = next(
        (name for name in ("strict", "open") if uri.startswith(BASES[name])), "plain"
    )
    name = uri.removeprefix(BASES[variant]).removesuffix(".json")
    return derive(shared(name), variant)


def _close(node: Any, *, whole: bool = True) -> Any:
    """Close the objects of a schema; `whole` is False inside a branch of another."""
    if not isinstance(node, dict):
        return node
    closed = {key: _close_keyword(key, value, whole) for key, value in node.items()}
    if "x-tolerated" in node:
        closed["enum"] = [v for v in node["enum"] if v not in node["x-tolerated"]]
    if whole and "properties" in node and not any(key in node for key in _CLOSING):
        # additionalProperties is the faster word, where no branch adds members.
        branches = (*_IN_PLACE, *_CONDITIONAL, "$ref")
        closed[_CLOSING[not any(key in node for key in branches)]] = False
    return closed


def _close_keyword(key: str, value: Any, whole: bool) -> Any:
    if key == "properties":
        return {member: _close(sub, whole=whole) for member, sub in value.items()}
    if key in _INSIDE:
        return _close(value, whole=whole)
    if key in _IN_PLACE:
        return [_close(sub, whole=False) for sub in value]
    if key in _CONDITIONAL:
        return _close(value, whole=False)
    return copy.deepcopy(value)


def _open(node: Any) -> Any:
    if isinstance(node, list):
        return [_open(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    return {
        key: _open(value)
        for key, value in node.items()
        if not (key in _CLOSING and value is False)
    }


def _move(node: Any, base: str) -> Any:
    """Point a schema and its absolute references at another base."""
    if isinstance(node, list):
        return [_move(entry, base) for entry in node]
    if isinstance(node, str):
        return f"{base}{node.removeprefix(BASE)}" if node.startswith(BASE) else node
    if not isinstance(node, dict):
        return node
    return {key: _move(value, base) for key, value in node.items()}


_READINGS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "plain": lambda schema: schema,
    "strict": lambda schema: _move(_close(schema), BASES["strict"]),
    "open": lambda schema: _move(_open(schema), BASES["open"]),
}
