"""Bodies and query parameters: decoded and checked, all problems reported at once.

Clients may deviate: ``null`` means absent at every depth, whole numbers
may come as ``1250.0`` or as text, unknown members are ignored. An oddity that the user
can fix becomes advice. Source: wire captures of the five SDKs, code of two plugins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.kernel.ids import LIVE_PREFIX_BYTES, without_live_key_bytes
from smartpay_mock.kernel.json import decode, decode_request, encode_sorted
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_schemas import (
    Operation,
    Problem,
    accepts_strictly,
    problems,
    replace_number_texts,
    unknown_members,
)

Validate = Callable[[Operation, Any, Context], dict[str, Any]]

# A point after a digit, as in every float that is encoded without an exponent. One
# with an exponent isn't a whole number, or is beyond _EXACT. A search for the point
# first is faster.
_FLOAT = re.compile(rb"\.(?<=[0-9]\.)")
_EXACT = 2**53  # a float beyond it is no longer a certain whole number
_JSON = {"", "application/json", "text/json"}
_CODINGS = {"", "identity"}
_MISSPELT = {"autommatic": "automatic"}
_LOWER_CASE = {"jpy": "JPY", "jp": "JP"}
_FREE_FORM = {"metadata", "priceMetadata", "productMetadata"}
_MOST_ADVICE = 100  # of one body; nobody reads more
_EXPAND = {"": False, "no": False, "all": True}


def read_body(operation: Operation, call: Call) -> Any:
    """Return the JSON value of the call's body; ``{}`` for operations without one.

    Raises:
        ApiError: ``request.malformed``, ``request.unsupported-media-type``.
    """
    if operation.request is None:
        return {}
    # The consumer side is called with text/plain by two SDKs' live suites.
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type in _JSON or media_type.endswith("+json")
    if operation.side == "merchant" and not is_json:
        raise ApiError("request.unsupported-media-type", content_type=media_type)
    coding = call.headers.get("content-encoding", "").strip().lower()
    if coding not in _CODINGS:
        sent_as = f"{media_type or 'JSON'} with Content-Encoding {coding[:40]}"
        raise ApiError("request.unsupported-media-type", content_type=sent_as)
    try:
        document, _ = read_json(call)
    except ValueError as error:
        reason = "the body is empty" if not call.body.strip() else str(error)
        raise ApiError("request.malformed", reason=reason) from None
    if not isinstance(document, dict):
        raise ApiError(
            "request.malformed", reason="it is another JSON value; send {...}"
        )
    return document


def validated(operation: Operation, document: Any, ctx: Context) -> dict[str, Any]:
    """Return the body as the handler takes it; oddities become advice.

    Raises:
        ApiError: ``request.invalid``; ``details`` lists every problem with its path.
    """
    if operation.request is None:
        return {}
    body: dict[str, Any]
    found: list[Problem]
    if accepts_strictly(operation.request, document):
        body, found = document, []
    else:
        body = cleaned(document)
        advice = numbers_read(operation.request, body)
        found = problems(operation.request, body)
        advice += oddities(operation.request, body)
        ctx.advice.extend(advice[:_MOST_ADVICE])
    if found:
        for one in found:
            ctx.explain(
                "schema", f"{operation.request} refuses by {one.keyword}: {one.message}"
            )
        raise invalid(*(one.message for one in found))
    ctx.explain("schema", f"{operation.request} accepts the body")
    return body


def wants_expanded(operation: Operation, query: Mapping[str, str]) -> bool:
    """Return whether the answer is expanded.

    Raises:
        ApiError: ``request.invalid`` for an ``expand`` that is neither all nor no.

    Source: go:const.go; creates are always expanded (go:types.go).
    """
    if operation.expand != "query":
        return operation.expand == "always"
    asked = query.get("expand", "")
    if asked not in _EXPAND:
        raise invalid(f"expand: {asked[:40]!r} is unknown; send all or no")
    return _EXPAND[asked]


def read_json(call: Call) -> tuple[Any, bytes]:
    """Return the body's JSON value, and the same value in one layout.

    Whole numbers like ``1250.0`` become integers. Source: the Go SDK and a plugin send
    amounts as floats.

    Raises:
        ValueError: The body is no JSON; the text says where.
    """
    if call.decoded is None:
        document = decode_request(call.body)
        canonical = encode_sorted(document)
        if LIVE_PREFIX_BYTES in canonical:  # masked already, unless it was escaped
            call.body = canonical = without_live_key_bytes(canonical)
            document = decode(canonical)
        if _FLOAT.search(canonical):
            document = _with_integers(document)
            canonical = encode_sorted(document)
        call.decoded = document, canonical
    return call.decoded


def _with_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_integers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_integers(member) for member in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value


def cleaned(value: Any) -> Any:
    """Return a JSON value without members that are null; lists keep theirs."""
    if isinstance(value, dict):
        return {
            name: cleaned(member)
            for name, member in value.items()
            if member is not None
        }
    if isinstance(value, list):
        return [cleaned(entry) for entry in value]
    return value


def numbers_read(request: str, body: Any) -> list[dict[str, str]]:
    """Turn whole numbers written as text into numbers, in place; return the advice.

    Args:
        request: The name of the request's schema.
        body: Cleaned.
    """
    return [
        _advice(
            "number-as-text",
            pointer,
            f"{_place(pointer)} is the text {text!r}, taken as {number}; send {number} "
            "without quotes",
        )
        for pointer, text, number in replace_number_texts(request, body)
    ]


def oddities(request: str, body: Any) -> list[dict[str, str]]:
    """Return advice on the oddities of ``body``.

    Args:
        request: The name of the request's schema.
        body: Cleaned.
    """
    advice = []
    for pointer, name, suggestion in unknown_members(request, body):
        hint = f"did you mean {suggestion}?" if suggestion else "leave it out"
        message = f"{_place(pointer) or name} is unknown; {hint}"
        advice.append(_advice("unknown-member", pointer, message))
    return advice + _spellings(body, "")


def _advice(code: str, pointer: str, message: str) -> dict[str, str]:
    return {"code": code, "pointer": pointer, "message": message}


def _spellings(value: Any, pointer: str) -> list[dict[str, str]]:
    if isinstance(value, str):
        return _spelling(value, pointer)
    if isinstance(value, dict):
        children = [row for row in value.items() if row[0] not in _FREE_FORM]
    elif isinstance(value, list):
        children = [(str(index), entry) for index, entry in enumerate(value)]
    else:
        return []
    return [
        found
        for name, child in children
        for found in _spellings(child, f"{pointer}/{name}")
    ]


def _spelling(text: str, pointer: str) -> list[dict[str, str]]:
    if text in _MISSPELT and pointer.endswith(("captureMethod", "cancelRemainder")):
        code, right = "misspelt-value", _MISSPELT[text]
    elif text in _LOWER_CASE and pointer.lower().endswith(("currency", "country")):
        code, right = "lower-case-code", _LOWER_CASE[text]
    else:
        return []
    place = _place(pointer)
    message = f"{place} is {text!r}, taken as {right!r}; send {right!r}"
    return [_advice(code, pointer, message)]


def _place(pointer: str) -> str:
    """Return a JSON pointer as details write a path: ``items[0].amount``."""
    place = "".join(
        f"[{part}]" if part.isdigit() else f".{part}" for part in pointer.split("/")
    )
    return place.lstrip(".").replace("~1", "/").replace("~0", "~")
