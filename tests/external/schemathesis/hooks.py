"""What schemathesis must not send: a document cannot describe it."""

from __future__ import annotations

from typing import Any

import schemathesis

WHOLE = range(-(2**63), 2**64)
"""Whole numbers that the emulator takes; it refuses others anywhere in a body."""


@schemathesis.hook
def filter_body(_context: Any, body: Any) -> bool:
    """Leave out bodies that have larger numbers in members the API ignores."""
    return not has_large_number(body)


def has_large_number(value: Any) -> bool:
    """Return whether a whole number in a JSON value is too large."""
    if isinstance(value, dict):
        return any(has_large_number(member) for member in value.values())
    if isinstance(value, list):
        return any(has_large_number(entry) for entry in value)
    return isinstance(value, int) and value not in WHOLE
