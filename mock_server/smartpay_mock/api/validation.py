"""Bodies and query parameters against the operation's schema, all problems at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smartpay_mock.api.bodies import decoded_body
from smartpay_mock.api.tolerance import cleaned, oddities
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.resources import Context
from smartpay_mock.resources.checks import invalid
from smartpay_schemas import Operation, Problem, accepts_strictly, problems

Validate = Callable[[Operation, Any, Context], dict[str, Any]]

_EXPAND = {"": False, "no": False, "all": True}


def read_body(operation: Operation, call: Call) -> Any:
    """Return the JSON value of the call's body; ``{}`` for operations without one.

    Raises:
        ApiError: ``request.malformed``, ``request.unsupported-media-type``.
    """
    if operation.request is None:
        return {}
    _check_media_type(operation, call)
    try:
        document = decoded_body(call)
    except ValueError as error:
        reason = "the body is empty" if not call.body.strip() else str(error)
        raise ApiError("request.malformed", reason=reason) from None
    if not isinstance(document, dict):
        raise ApiError(
            "request.malformed", reason="it is another JSON value; send {...}"
        )
    return document


def _check_media_type(operation: Operation, call: Call) -> None:
    # The consumer side is called with text/plain by two SDKs' live suites.
    media_type = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type in {"", "application/json", "text/json"}
    if operation.side == "merchant" and not (is_json or media_type.endswith("+json")):
        raise ApiError("request.unsupported-media-type", content_type=media_type)


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
        found = problems(operation.request, body)
        ctx.advice.extend(oddities(operation.request, body))
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


def page_size(query: Mapping[str, str], rules: Rules) -> int:
    """Return how many results the caller wants.

    Raises:
        ApiError: ``request.invalid`` for no whole number in range.

    Source: default go:types.go; the largest is *assumed*.
    """
    asked = query.get("maxResults", "")
    if not asked:
        return rules.page_size
    if asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= rules.page_limit:
        return int(asked)
    raise invalid(
        f"maxResults: {asked[:40]!r} is out of range; "
        f"send a whole number from 1 to {rules.page_limit}"
    )
