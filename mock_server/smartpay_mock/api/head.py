"""The head of a call: headers that come twice, and misspelt headers and parameters."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from smartpay_mock.api.idempotency import HEADER
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Call
from smartpay_schemas import Operation

_ONCE = {HEADER: "Idempotency-Key", "content-type": "Content-Type"}
_PARAMETERS = ("expand", "maxResults", "pageToken")
# Source: every SDK sends the first two; Node sends the third with deletions.
_IGNORED = {"dev-lang", "sdk-version", "idempotencyKey"}
_LIKE_THE_KEY = "idempot"
_RESEMBLES = 0.85


def check_headers(call: Call) -> None:
    """Refuse a call with two values of a header that has one.

    Where a server doesn't reveal the headers' names, a comma tells: it joins the
    values. *Assumed.*

    Raises:
        ApiError: ``request.header-repeated``.
    """
    for header, name in _ONCE.items():
        if call.header_names is None:
            value = call.headers.get(header, "")
            # Commas of a quoted parameter join nothing.
            is_repeated = "," in value and "," in "".join(value.split('"')[::2])
        else:
            is_repeated = call.header_names.count(header) > 1
        if is_repeated:
            raise ApiError("request.header-repeated", name=name)


def head_advice(operation: Operation, call: Call) -> list[dict[str, str]]:
    """Return advice on headers and query parameters that have no effect.

    A header counts as misspelt if its name resembles that of the idempotency key and
    the right one is missing.
    """
    messages = [
        ("unknown-parameter", _parameter_message(name))
        for name in call.query
        if name not in _PARAMETERS and name not in _IGNORED
    ]
    if operation.idempotent and HEADER not in call.headers:
        messages += [
            (
                "misspelt-header",
                f"the header {name} has no effect; did you mean Idempotency-Key?",
            )
            for name in dict.fromkeys((*call.headers, *(call.header_names or ())))
            if _resembles_key(name)
        ]
    return [
        {"code": code, "pointer": "", "message": message} for code, message in messages
    ]


def _parameter_message(name: str) -> str:
    lower = {known.lower(): known for known in _PARAMETERS}
    squeezed = name.lower().replace("_", "").replace("-", "")
    near = get_close_matches(squeezed, lower, 1)
    hint = f"did you mean {lower[near[0]]}?" if near else "leave it out"
    return f"the query parameter {name[:40]!r} is unknown; {hint}"


@lru_cache(maxsize=256)
def _resembles_key(name: str) -> bool:
    """Return whether a header's name is a misspelt Idempotency-Key; cached."""
    near = get_close_matches(name, [HEADER], cutoff=_RESEMBLES)
    return name != HEADER and (_LIKE_THE_KEY in name or bool(near))
