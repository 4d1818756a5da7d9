"""What real clients send and the API puts up with.

``null`` means absent at every depth, whole numbers may come as ``1250.0``, unknown
members are ignored. Each oddity that a person should know of leaves advice.

Source: wire captures of the five SDKs.
"""

from __future__ import annotations

from typing import Any

from smartpay_schemas import unknown_members

_MISSPELT = {"autommatic": "automatic"}
_LOWER_CASE = {"jpy": "JPY", "jp": "JP"}
_FREE_FORM = {"metadata", "priceMetadata", "productMetadata"}


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


def oddities(request: str, body: Any) -> list[dict[str, str]]:
    """Return advice on what of ``body`` was tolerated.

    Args:
        request: The name of the request's schema.
        body: Cleaned.
    """
    advice = [
        _unknown(pointer, name, suggestion)
        for pointer, name, suggestion in unknown_members(request, body)
    ]
    return advice + _spellings(body, "")


def _unknown(pointer: str, name: str, suggestion: str | None) -> dict[str, str]:
    path = _place(pointer) or name
    hint = f"; did you mean {suggestion}?" if suggestion else "; leave it out"
    return {
        "code": "unknown-member",
        "pointer": pointer,
        "message": f"{path} is unknown{hint}",
    }


def _spellings(value: Any, pointer: str) -> list[dict[str, str]]:
    if isinstance(value, dict):
        children = [
            (f"{pointer}/{name}", member)
            for name, member in value.items()
            if name not in _FREE_FORM
        ]
    elif isinstance(value, list):
        children = [(f"{pointer}/{index}", item) for index, item in enumerate(value)]
    else:
        return []
    found = []
    for where, child in children:
        if isinstance(child, str):
            found += _spelling(child, where)
        else:
            found += _spellings(child, where)
    return found


def _spelling(text: str, pointer: str) -> list[dict[str, str]]:
    if text in _MISSPELT and pointer.endswith(("captureMethod", "cancelRemainder")):
        code, right = "misspelt-value", _MISSPELT[text]
    elif text in _LOWER_CASE and pointer.lower().endswith(("currency", "country")):
        code, right = "lower-case-code", _LOWER_CASE[text]
    else:
        return []
    return [
        {
            "code": code,
            "pointer": pointer,
            "message": f"{_place(pointer)} is {text!r}, taken as {right!r}; "
            f"send {right!r}",
        }
    ]


def _place(pointer: str) -> str:
    """Return a JSON pointer as details write a path: ``items[0].amount``."""
    place = "".join(
        f"[{part}]" if part.isdigit() else f".{part}" for part in pointer.split("/")
    )
    return place.lstrip(".").replace("~1", "/").replace("~0", "~")
