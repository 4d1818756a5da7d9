"""Say what a schema wants and how a value misses it, in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

LONGEST_ECHO = 60
LONGEST_NUMBER = 190  # bits, which make less than 60 digits

_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "object": "an object",
    "array": "an array",
    "null": "null",
}
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,59}", re.ASCII)


def show(value: Any) -> str:
    """Return a value as JSON text, cut to about 60 characters."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, int) and value.bit_length() > LONGEST_NUMBER:
        return "a very long number"
    # Cut before encoding: a body may hold a string of a megabyte.
    short = value[: LONGEST_ECHO + 1] if isinstance(value, str) else value
    text = json.dumps(short, ensure_ascii=False)
    if len(text) > LONGEST_ECHO:
        text = text[: LONGEST_ECHO - 1] + "…"
    return text.encode(errors="backslashreplace").decode()


def echo(value: Any, schema: dict[str, Any]) -> str:
    """Return a value as JSON text; a secret one is not shown."""
    return "the value" if schema.get("writeOnly") else show(value)


def place(path: tuple[str | int, ...]) -> str:
    """Return a path as people write it: `items[0].amount`; `body` for the document."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN_NAME.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{show(key)}]"
    return text or "body"


def expected(schema: dict[str, Any]) -> str:
    """Return what to send: `a whole number from 1 to 4294967295`."""
    for keyword, word in _EXPECTED.items():
        if keyword in schema:
            return word(schema)
    return "another value"


_ONE = {" characters": " character", " entries": " entry", " members": " member"}


def _range(low: Any, high: Any, unit: str) -> str:
    if low and high is not None:
        return f" of {low} to {high}{unit}"
    if high is not None:
        return f" of at most {high}{unit}"
    if low == 1:
        unit = _ONE[unit]
    return f" of at least {low}{unit}" if low else ""


def _one_of(schema: dict[str, Any]) -> str:
    tolerated = schema.get("x-tolerated", ())
    values = [show(value) for value in schema["enum"] if value not in tolerated]
    return values[0] if len(values) == 1 else f"one of {', '.join(values)}"


def _typed(schema: dict[str, Any]) -> str:
    kind = schema["type"]
    if isinstance(kind, list):
        return " or ".join(_TYPES[one] for one in kind)
    return _TYPES[kind] + _BOUNDS.get(kind, _unbounded)(schema)


def _unbounded(schema: dict[str, Any]) -> str:
    return ""


def _of_number(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    text = f" from {low}" if low is not None else ""
    return text + (f" to {high}" if high is not None else "")


def _of_string(schema: dict[str, Any]) -> str:
    return _range(schema.get("minLength"), schema.get("maxLength"), " characters")


def _of_array(schema: dict[str, Any]) -> str:
    return _range(schema.get("minItems"), schema.get("maxItems"), " entries")


def _of_object(schema: dict[str, Any]) -> str:
    if schema.get("required"):
        return f" with {_listed(schema['required'])}"
    return _range(schema.get("minProperties"), schema.get("maxProperties"), " members")


def _listed(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


_BOUNDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "integer": _of_number,
    "number": _of_number,
    "string": _of_string,
    "array": _of_array,
    "object": _of_object,
}

_EXPECTED: dict[str, Callable[[dict[str, Any]], str]] = {
    "x-expected": lambda schema: str(schema["x-expected"]),
    "const": lambda schema: show(schema["const"]),
    "enum": _one_of,
    "type": _typed,
}


def _wrong_type(value: Any, schema: dict[str, Any]) -> str:
    kinds: dict[type, str] = {str: "a string", bool: "a boolean"}
    if value is None or isinstance(value, dict | list):
        return f"is {show(value)}"
    if isinstance(value, float) and schema.get("type") == "integer":
        return f"{echo(value, schema)} is not a whole number"
    return f"{echo(value, schema)} is {kinds.get(type(value), 'a number')}"


def _too_short(value: Any, schema: dict[str, Any]) -> str:
    return "is empty" if not value else f"has only {len(value)}"


def _too_long(value: Any, schema: dict[str, Any]) -> str:
    return f"{echo(value, schema)} has {len(value)} characters"


def _too_many(value: Any, schema: dict[str, Any]) -> str:
    return f"has {len(value)} {'entries' if isinstance(value, list) else 'members'}"


_FORMATS = {"date": "a date that exists", "uri": "a valid URL"}

# How a value misses a keyword; the values come from the member and its schema.
WRONG: dict[str, Callable[[Any, dict[str, Any]], str]] = {
    "type": _wrong_type,
    "minLength": _too_short,
    "maxLength": _too_long,
    "minItems": _too_short,
    "maxItems": _too_many,
    "minProperties": _too_short,
    "maxProperties": _too_many,
    "minimum": lambda v, s: f"{echo(v, s)} is less than the minimum of {s['minimum']}",
    "maximum": lambda v, s: f"{echo(v, s)} is more than the maximum of {s['maximum']}",
    "pattern": lambda v, s: f"{echo(v, s)} has the wrong form",
    "format": lambda v, s: f"{echo(v, s)} is not {_FORMATS[s['format']]}",
    "enum": lambda v, s: f"{echo(v, s)} is not one of the values",
    "const": lambda v, s: f"{echo(v, s)} is another value",
    "uniqueItems": lambda v, s: "names the same entry twice",
    "contains": lambda v, s: "has no entry of the kind that is needed",
}
