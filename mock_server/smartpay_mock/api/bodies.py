"""The JSON value of a call's body, decoded once however many steps look at it."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.codec import decode_request, encode_sorted
from smartpay_mock.kernel.exchange import Call

_POINT = b"."
_DIGITS = frozenset(b"0123456789")
_EXACT = 2**53  # a float beyond it is no longer a certain whole number


def decoded_body(call: Call) -> Any:
    """Return the JSON value of the body, whole numbers like ``1250.0`` as integers.

    Source: the Go SDK and a plugin send amounts as floats.

    Raises:
        ValueError: The body is no JSON; the text says where.
    """
    return _read(call)[0]


def canonical_body(call: Call) -> bytes:
    """Return the same value as bytes that do not depend on how it was laid out.

    Raises:
        ValueError: The body is no JSON; the text says where.
    """
    return _read(call)[1]


def _read(call: Call) -> tuple[Any, bytes]:
    if call.decoded is None:
        document = decode_request(call.body)
        canonical = encode_sorted(document)
        if _may_have_floats(canonical):
            document = _with_integers(document)
            canonical = encode_sorted(document)
        call.decoded = document, canonical
    return call.decoded


def _may_have_floats(canonical: bytes) -> bool:
    """Return whether a digit stands before a point, as in every float so encoded.

    The body itself would not do: ``1e3`` has no point there. Floats that are encoded
    with an exponent are no whole numbers, or larger than ``_EXACT``.
    """
    at = canonical.find(_POINT)
    while at >= 0:
        if canonical[at - 1] in _DIGITS:
            return True
        at = canonical.find(_POINT, at + 1)
    return False


def _with_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_integers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_integers(member) for member in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value
