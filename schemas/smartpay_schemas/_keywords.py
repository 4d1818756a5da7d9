"""What a changed keyword does to the set of documents that a schema accepts.

Each keyword has one function from its old and new value (``ABSENT`` when it is not
there) to an effect. Whether an effect breaks somebody is decided in ``compare``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

Effect = Literal["wider", "narrower", "other"]
ABSENT: Any = object()
_KINDS_OF_NUMBER = {"integer"}


def _bound(*, up_is: Effect, down_is: Effect, added_is: Effect) -> Comparer:
    def compare_keyword(old: Any, new: Any) -> Effect:
        if old is ABSENT:
            return added_is
        if new is ABSENT:
            return "wider" if added_is == "narrower" else "narrower"
        return up_is if new > old else down_is

    return compare_keyword


def _constraint(old: Any, new: Any) -> Effect:
    """Compare a keyword that only its presence makes comparable."""
    if old is ABSENT:
        return "narrower"
    return "wider" if new is ABSENT else "other"


def _choices(old: Any, new: Any) -> Effect:
    if old is ABSENT or new is ABSENT:
        return _constraint(old, new)
    before, after = _frozen(old), _frozen(new)
    if before < after:
        return "wider"
    return "narrower" if after < before else "other"


def _types(old: Any, new: Any) -> Effect:
    if old is ABSENT or new is ABSENT:
        return _constraint(old, new)
    before, after = _type_set(old), _type_set(new)
    if before < after:
        return "wider"
    return "narrower" if after < before else "other"


def _switch(old: Any, new: Any) -> Effect:
    """Compare a keyword that constrains when it is true."""
    return "narrower" if new is True and old is not True else "wider"


def _closed(_old: Any, new: Any) -> Effect:
    """Compare a keyword that closes an object when it is false."""
    return "narrower" if new is False else "wider"


def _names(old: Any, new: Any) -> Effect:
    before = set(() if old is ABSENT else old)
    after = set(() if new is ABSENT else new)
    if before < after:
        return "narrower"
    return "wider" if after < before else "other"


def _frozen(values: Any) -> frozenset[str]:
    return frozenset(repr(value) for value in values)


def _type_set(value: Any) -> frozenset[str]:
    types = {value} if isinstance(value, str) else set(value)
    if "number" in types:
        types |= _KINDS_OF_NUMBER  # every integer is a number
    return frozenset(types)


Comparer = Callable[[Any, Any], Effect]

_LOWER = _bound(up_is="narrower", down_is="wider", added_is="narrower")
_UPPER = _bound(up_is="wider", down_is="narrower", added_is="narrower")

COMPARERS: dict[str, Comparer] = {
    "minimum": _LOWER,
    "exclusiveMinimum": _LOWER,
    "minLength": _LOWER,
    "minItems": _LOWER,
    "minProperties": _LOWER,
    "maximum": _UPPER,
    "exclusiveMaximum": _UPPER,
    "maxLength": _UPPER,
    "maxItems": _UPPER,
    "maxProperties": _UPPER,
    "enum": _choices,
    "type": _types,
    "required": _names,
    "const": _constraint,
    "pattern": _constraint,
    "format": _constraint,
    "not": _constraint,
    "if": _constraint,
    "contains": _constraint,
    "propertyNames": _constraint,
    "dependentRequired": _constraint,
    "uniqueItems": _switch,
    "unevaluatedProperties": _closed,
    "additionalProperties": _closed,
}
