"""Encode and decode JSON: compact UTF-8, by ``orjson``.

``decode`` refuses to read ``NaN``, ``Infinity``, half a surrogate pair and numbers
beyond a double, and reads whole numbers beyond 64 bits as floats. In a request, numbers
that would not come back exactly are refused.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import orjson

_DEEPEST = 64
_TOO_DEEP = f"it nests deeper than {_DEEPEST} levels"
_ORJSON_TOO_DEEP = "depth limit exceeded"
_NO_NUMBER = re.compile(r"NaN|-?Infinity")
_WHOLE = range(-(1 << 63), 1 << 64)
_TOO_LONG = "{} has more digits than a number keeps; send it as text"
# A double keeps each number of 15 digits, and is written with 17 at the most.
_SURE_DIGITS, _MOST_DIGITS = 15, 17
# A body with a 0 for each part of a number, and a { for each opening bracket.
_OUTLINE = bytes.maketrans(b"123456789.[", b"0000000000{")
_LONG_RUN = b"0" * (_SURE_DIGITS + 1)

decode = orjson.loads


def encode(document: Any) -> bytes:
    """Return ``document`` as JSON, members in their order."""
    # orjson allocates 8 KB for each result; a copy takes only the size it needs.
    return bytes(memoryview(orjson.dumps(document)))


def encode_sorted(document: Any) -> bytes:
    """Return ``document`` as JSON, members sorted by name."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def decode_request(body: bytes) -> Any:
    """Return the JSON value of a request body.

    Raises:
        ValueError: The bytes are not UTF-8 or not JSON, hold ``NaN``, ``Infinity`` or
            a number that would not come back exactly, or nest deeper than 64 levels.
            The text says where.
    """
    try:
        document = decode(body)
    except ValueError as error:
        raise ValueError(_explain(body, error)) from None
    outline = body.translate(_OUTLINE)
    if outline.count(b"{") > _DEEPEST and _depth(document) > _DEEPEST:
        raise ValueError(_TOO_DEEP)
    if outline.find(_LONG_RUN) >= 0:  # it may be text, too
        json.loads(body, parse_int=_check_int, parse_float=_check_float)
    return document


def _check_int(text: str) -> int:
    if len(text) > len(str(_WHOLE.stop)) or int(text) not in _WHOLE:
        raise ValueError(_TOO_LONG.format(text[:40]))
    return 0


def _check_float(text: str) -> float:
    digits = text.lower().partition("e")[0].replace(".", "").strip("-0")
    number = float(text)
    # Encoded again, a number has the shortest digits that mean the same.
    is_changed = number.is_integer() and Decimal(text) != Decimal(repr(number))
    if len(digits) > _MOST_DIGITS or (len(digits) > _SURE_DIGITS and is_changed):
        raise ValueError(_TOO_LONG.format(text[:40]))
    return number


def _explain(body: bytes, error: ValueError) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as unicode_error:
        return f"byte {unicode_error.start} is not UTF-8"
    if _ORJSON_TOO_DEEP in str(error):
        return _TOO_DEEP
    # orjson reports the position of the word, or the one after its sign.
    at = getattr(error, "pos", len(text))
    word = _NO_NUMBER.match(text, max(at - 1, 0)) or _NO_NUMBER.match(text, at)
    return f"{word[0]} is not a JSON number" if word else str(error)


def _depth(document: Any) -> int:
    """Return the nesting depth of ``document``, without recursion."""
    deepest, level = 0, [document]
    while level:
        deepest += 1
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return deepest
