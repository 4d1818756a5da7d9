"""What ``serve`` says of each call: a line, and one for each problem or advice."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from smartpay_mock.control.routes import PREFIX
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.exchange import (
    ADVICE_HEADER,
    ADVICE_SEPARATOR,
    REASON_HEADER,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Say = Callable[[str], None]

_METHOD_WIDTH = 6
_WIDTH = 80
_INDENT = " " * (_METHOD_WIDTH + 1)
_MOST_NOTES = 20


class Console:
    """WSGI middleware that tells of the calls that pass; not of steering ones.

    Args:
        wsgi_app: What answers.
        say: Takes each line.
    """

    def __init__(self, wsgi_app: WSGIApplication, say: Say) -> None:
        self._app = wsgi_app
        self._say = say

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer, and tell of it once it is known."""
        seen: dict[str, Any] = {}

        def start(status: str, headers: Any, *error: Any) -> Any:
            seen.update(status=status, headers=headers)
            return start_response(status, headers, *error)

        body = self._app(environ, start)
        if seen and not environ["PATH_INFO"].startswith(PREFIX):
            headers = {name.lower(): value for name, value in seen["headers"]}
            for line in told(environ, seen["status"], headers, body):
                self._say(line)
        return body


def told(
    environ: WSGIEnvironment, status: str, headers: dict[str, str], body: Any
) -> list[str]:
    """Return the lines for one exchange.

    Args:
        environ: The call.
        status: The status line without the protocol.
        headers: The answer's, names in lower case.
        body: The answer's; looked into only if it is whole.
    """
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    document = _document(body)
    names = [document.get("errorCode"), document.get("status")]
    if str(document.get("id", "")) not in path:  # a path that names it says enough
        names.append(document["id"])
    replayed = "replayed" if "idempotency-replayed" in headers else ""
    words = [method.ljust(_METHOD_WIDTH), path, status[:3], *names, replayed]
    line = " ".join(str(word) for word in words if word)
    notes = _notes(headers, document)
    if len(notes) > _MOST_NOTES:
        notes[_MOST_NOTES:] = [f"and {len(notes) - _MOST_NOTES} more"]
    return [line, *(part for note in notes for part in _wrapped(note))]


def _notes(headers: dict[str, str], document: dict[str, Any]) -> list[str]:
    """Return why the call was refused and what was odd about it, each once."""
    notes = [headers.get(REASON_HEADER.lower(), "")]
    if "errorCode" in document:
        # An injected fault may have any body.
        details = document.get("details")
        listed = details if isinstance(details, list) else []
        notes += map(str, listed or [document.get("message", "")])
    notes += headers.get(ADVICE_HEADER.lower(), "").split(ADVICE_SEPARATOR)
    return [note for note in dict.fromkeys(notes) if note]


def _wrapped(note: str) -> list[str]:
    return textwrap.wrap(
        note, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + "  "
    )


def _document(body: Any) -> dict[str, Any]:
    """Return the object answered; ``{}`` where there is none that can be read."""
    if not isinstance(body, tuple | list) or not body:
        return {}
    try:
        document = decode(b"".join(body))
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
