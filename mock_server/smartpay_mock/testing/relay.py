"""A WSGI app that passes each call on over HTTP, for interception without an app."""

from __future__ import annotations

from collections.abc import Iterable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

from smartpay_mock.intercept.wsgi import TIMEOUT_KEY
from smartpay_mock.testing.desk import WSGIApp

_TIMEOUT_S = 120.0
# Belong to one connection, so they are not passed on (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def relay_to(root_url: str) -> WSGIApp:
    """Return a WSGI app that answers what the server at ``root_url`` answers.

    A connection that breaks there breaks here too: the ``OSError`` or
    ``http.client.HTTPException`` leaves the app.
    """
    authority = urlsplit(root_url).netloc

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # Whoever calls gives up here too, so that a stall is one.
        timeout_s = environ.get(TIMEOUT_KEY) or _TIMEOUT_S
        connection = HTTPConnection(authority, timeout=timeout_s)
        try:
            connection.request(
                environ["REQUEST_METHOD"],
                _target(environ),
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
                _headers(environ),
            )
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        headers = [
            (name, value)
            for name, value in response.getheaders()
            if name.lower() not in _HOP_BY_HOP
        ]
        headers.append(("Content-Length", str(len(body))))
        start_response(f"{response.status} {response.reason}", headers)
        return [body]

    return app


def _target(environ: dict[str, Any]) -> str:
    # WSGI has the path decoded, as bytes in a string (PEP 3333).
    decoded = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    path = quote(decoded.encode("latin-1"), safe="/:@!$&'()*+,;=~-._")
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and name[5:].lower() not in _HOP_BY_HOP
    }
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    return headers
