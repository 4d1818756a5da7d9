"""The JSON value of a call's body, decoded once however many steps look at it."""

from __future__ import annotations

import re
from typing import Any

from smartpay_mock.kernel.codec import decode_request
from smartpay_mock.kernel.exchange import Call

# Every float in JSON has one of these; text that has them too costs a closer look.
_FLOAT = re.compile(rb"[0-9][.eE]")
_EXACT = 2**53  # a float beyond it is no longer a certain whole number


def decoded_body(call: Call) -> Any:
    """Return the JSON value of the body, whole numbers like ``1250.0`` as integers.

    Source: the Go SDK and a plugin send amounts as floats.

    Raises:
        ValueError: The body is no JSON; the text says where.
    """
    if call.decoded is None:
        document = decode_request(call.body)
        if _FLOAT.search(call.body):
            document = _with_integers(document)
        call.decoded = (document,)
    return call.decoded[0]


def _with_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_integers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_integers(member) for member in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value
