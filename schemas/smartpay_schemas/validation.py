"""Ask whether a document fits a schema, and what exactly is wrong if it does not.

Accepting is fast (jsonschema_rs where it can be imported); only a refusal pays for the
reference validator, jsonschema, which says everything that is wrong at once.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from smartpay_schemas import _compile, _walk
from smartpay_schemas._explain import Problem, explain
from smartpay_schemas._walk import NumberText, UnknownMember

__all__ = [
    "NumberText",
    "Problem",
    "UnknownMember",
    "accepts",
    "accepts_strictly",
    "problems",
    "replace_number_texts",
    "unknown_members",
]

# Each costs a search for what was meant, and nobody reads more.
MOST_UNKNOWN = 100


def accepts(
    name_or_schema: str | dict[str, Any], document: Any, *, tolerate_extra: bool = False
) -> bool:
    """Return whether a document fits a schema.

    Args:
        name_or_schema: Schema name, or a schema such as `collection_of` returns.
        document: Decoded JSON, without nulls where a null means absent.
        tolerate_extra: Let answers have members that no schema knows.

    Raises:
        LookupError: If there is no schema of this name.
    """
    variant = "open" if tolerate_extra else "plain"
    return _fits(_compile.key_of(name_or_schema), variant, document)


def accepts_strictly(name: str, document: Any) -> bool:
    """Return whether a request is canonical, so that it needs no advice.

    Canonical is: accepted, without nulls, unknown members, numbers written as text and
    tolerated spellings (`autommatic`, `jpy`, `jp`). `1250.0` counts as the whole number
    it is.

    Args:
        name: Schema of a request, such as `requests/order-create`.
        document: Decoded JSON as it was sent.

    Raises:
        LookupError: If there is no schema of this name.
    """
    return _fits(name, "strict", document)


def problems(
    name_or_schema: str | dict[str, Any], document: Any, *, tolerate_extra: bool = False
) -> list[Problem]:
    """Return everything that is wrong with a document, sorted by path.

    Args:
        name_or_schema: Schema name, or a schema such as `collection_of` returns.
        document: Decoded JSON, without nulls where a null means absent.
        tolerate_extra: Let answers have members that no schema knows; for servers
            that may know more than we do.

    Returns:
        The problems, at most a thousand; empty when the document fits.

    Raises:
        LookupError: If there is no schema of this name.
    """
    variant = "open" if tolerate_extra else "plain"
    key = _compile.key_of(name_or_schema)
    if _fits(key, variant, document):
        return []
    validator = _compile.reference(key, variant)
    return explain(validator, _walk.root(name_or_schema), document)


def unknown_members(
    name_or_schema: str | dict[str, Any], document: Any
) -> list[UnknownMember]:
    """Return the members no schema knows, each with what was probably meant.

    Args:
        name_or_schema: Schema name, or a schema such as `collection_of` returns.
        document: Decoded JSON.

    Returns:
        (pointer, name, suggestion or None), the members of an object before those of
        the objects in it; at most a hundred.

    Raises:
        LookupError: If there is no schema of this name.
    """
    found = _walk.all_unknown_members(_walk.root(name_or_schema), document, ())
    return list(islice(found, MOST_UNKNOWN))


def replace_number_texts(
    schema: str | dict[str, Any], document: Any
) -> list[NumberText]:
    """Replace whole numbers written as text, in place, where a number is wanted.

    `"2"`, `"-5"` and `"1500.0000"` are whole numbers. Other texts stay, such as
    `"1.5"`, `"1e3"`, `"+2"`, `" 2"` and `"007"`.

    Args:
        schema: A schema, or the name of one, such as `requests/order-create`.
        document: Decoded JSON; it is changed.

    Returns:
        What was replaced.

    Raises:
        LookupError: If there is no schema of this name.

    Source: EC-CUBE and Magento plugins, which send decimal columns of their database;
    that other members are read alike is *assumed*.
    """
    return list(_walk.replace_number_texts(_walk.root(schema), document, ()))


def _fits(key: str, variant: str, document: Any) -> bool:
    quick = _compile.fast(key, variant)
    if quick is not None:
        try:
            return quick(document)
        except ValueError:
            # What is not quite JSON (a lone surrogate, a nesting of hundreds) is left
            # to the reference validator.
            pass
    return _compile.reference(key, variant).is_valid(document)
