"""Make validators: a fast one to accept, the reference one to explain.

Both read the same documents and check dates and URLs by the same code, so they agree.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from math import inf
from typing import TYPE_CHECKING, Any

from smartpay_schemas._load import shared
from smartpay_schemas._variants import BASES, derive, document
from smartpay_schemas.urls import is_url

if TYPE_CHECKING:
    from jsonschema.protocols import Validator
    from referencing import Registry

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_date(value: object) -> bool:
    """Return whether a string is a day of the calendar, YYYY-MM-DD, from year 0001."""
    if not isinstance(value, str):
        return True
    if not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


_FORMATS: dict[str, Callable[[object], bool]] = {"date": is_date, "uri": is_url}


def key_of(name_or_schema: str | dict[str, Any]) -> str:
    """Return a hashable stand-in for a schema name or an inline schema."""
    if isinstance(name_or_schema, str):
        return name_or_schema
    return json.dumps(name_or_schema)


@cache
def fast(key: str, variant: str) -> Callable[[Any], bool] | None:
    """Compile the quick check, None where jsonschema_rs cannot be imported."""
    try:
        import jsonschema_rs  # noqa: PLC0415 - optional, and not needed to read tables
    except ImportError:
        return None
    validator = jsonschema_rs.Draft202012Validator(
        _schema(key, variant),
        retriever=document,
        validate_formats=True,
        formats=_FORMATS,
    )
    return validator.is_valid


@cache
def reference(key: str, variant: str) -> Validator:
    """Compile the reference validator, which can say what is wrong."""
    from jsonschema import FormatChecker  # noqa: PLC0415 - only refusals need it

    checker = FormatChecker(formats=())
    for name, is_valid in _FORMATS.items():
        checker.checks(name)(is_valid)
    validator: Validator = _validator_class()(
        _schema(key, variant), registry=_registry(), format_checker=checker
    )
    return validator


@cache
def _validator_class() -> Any:
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - same

    types = Draft202012Validator.TYPE_CHECKER.redefine("number", _is_number)
    return validators.extend(  # type: ignore[no-untyped-call] # its stub is untyped
        Draft202012Validator, {"pattern": _pattern}, type_checker=types
    )


def _is_number(checker: object, value: object) -> bool:
    """Return whether a value is a JSON number: no infinity and no NaN."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and -inf < value < inf
    )


def _pattern(
    validator: Validator, pattern: str, instance: Any, schema: Any
) -> Iterator[Any]:
    """Match as ECMA-262 does: `$` is the end, not also the line feed before it."""
    from jsonschema import ValidationError  # noqa: PLC0415 - same

    if isinstance(instance, str) and not re.search(
        re.sub(r"(?<!\\)\$$", r"\\Z", pattern), instance
    ):
        yield ValidationError(f"{instance[:60]!r} does not match {pattern!r}")


@cache
def _registry() -> Registry[Any]:
    from referencing import Registry  # noqa: PLC0415 - same
    from referencing.jsonschema import DRAFT202012  # noqa: PLC0415 - same

    return Registry[Any](
        retrieve=lambda uri: DRAFT202012.create_resource(document(uri))  # type: ignore[call-arg]  # an alias in attrs
    )


def _schema(key: str, variant: str) -> dict[str, Any]:
    if key.startswith("{"):
        return derive(json.loads(key), variant)
    shared(key)  # an unknown name is refused here, with the list of names
    return {"$ref": f"{BASES[variant]}{key}.json"}
