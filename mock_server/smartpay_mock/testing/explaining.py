"""Why a request was answered as it was, for people to read at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.journal import RecordedRequest

WIDTH = 80
_INDENT = 12
# Rules of the journal; faults stand in a member of their own too.
_FAULT, _SCHEMA = "fault", "schema"
_DECIDES = {"refusal", "authorization"}


def request_id_of(response: Any) -> str:
    """Return the ``Request-Id`` of a response of any client, or the id itself.

    Args:
        response: The id; a recorded request; or a response of requests, httpx,
            aiohttp, urllib or Flask's test client, or its headers.

    Raises:
        SandboxUsageError: It has no ``Request-Id``.
    """
    if isinstance(response, str):
        return response
    if isinstance(response, RecordedRequest):
        return response.id
    id_ = header_of(response, "Request-Id")
    if id_ is not None:
        return id_
    raise SandboxUsageError(
        f"{type(response).__name__} has no Request-Id header, so this emulator did "
        "not answer it. Give a response of its, or the Request-Id itself."
    )


def header_of(response: object, wanted: str) -> str | None:
    """Return a header of a response of any client, ``None`` if it has none such."""
    headers = getattr(response, "headers", response)
    for name, value in _items(headers):
        if str(name).lower() == wanted.lower():
            return str(value)
    return None


def explain(request: RecordedRequest) -> str:
    """Return what was asked, what was answered, and rule by rule why.

    One line per rule, whatever its length, so that a test can look for its words.
    """
    told = [("key", request.idempotency_key)] if request.idempotency_key else []
    told += [(item.rule, item.found) for item in request.trace if item.rule != _FAULT]
    told += [(_FAULT, fault) for fault in request.faults]
    told += [("advice", advice.message) for advice in request.advice]
    lines = [f"{request.id}: {request.name}", f"  {request.summary()}"]
    lines += [f"{_label(label)}{text}" for label, text in told]
    return "\n".join(lines)


def overview(requests: Iterable[RecordedRequest]) -> str:
    """Return one line per request, refusals and declines with their reasons."""
    lines = []
    for number, request in enumerate(requests, start=1):
        key = f"  key {request.idempotency_key}" if request.idempotency_key else ""
        again = "  replayed" if request.replayed else ""
        lines.append(f"#{number} {request.summary()}{again}{key}")
        problems = [item for item in request.trace if item.rule == _SCHEMA]
        # One alone stands in the refusal already.
        shown = _DECIDES | ({_SCHEMA} if len(problems) > 1 else set())
        told = [item for item in request.trace if item.rule in shown]
        lines += [line for item in told for line in _entry(item.rule, item.found)]
        lines += [line for fault in request.faults for line in _entry(_FAULT, fault)]
        for advice in request.advice:
            lines += _entry("advice", advice.message)
    return "\n".join(lines) or "no request came"


def _label(label: str) -> str:
    return f"    {label:<{_INDENT - 1}} "


def _entry(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=_label(label),
        subsequent_indent=" " * (_INDENT + 4),
        break_on_hyphens=False,
    )


def _items(headers: Any) -> Iterable[tuple[Any, Any]]:
    items = getattr(headers, "items", None)
    return items() if callable(items) else ()
