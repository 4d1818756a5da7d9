"""Errors of the control plane: ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.exchange import Answer
from smartpay_mock.storage.base import StoreUnavailable

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "The request cannot be carried out",
    401: "No account, or no right to steer",
    403: "The Host header is unknown",
    404: "Not found",
    405: "The method is not taken here",
    413: "The body is too large",
    500: "The emulator failed",
    503: "The state cannot be reached",
}
_STATUS: dict[type[Exception], int] = {NotFoundError: 404, StoreUnavailable: 503}


def problem(status: int, detail: str, **members: Any) -> Answer:
    """Return the answer for a refusal of the control plane.

    Args:
        status: The HTTP status.
        detail: What was wrong and what to do.
        **members: Further members of the document.
    """
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Refused"),
        "status": status,
        "detail": detail,
        **members,
    }
    return Answer(status, encode(body), MEDIA_TYPE)


def problem_of(error: SandboxUsageError) -> Answer:
    """Return the answer for a misuse of the sandbox."""
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400)
    return problem(status, str(error))
