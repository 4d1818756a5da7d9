"""An emulator behind a URL: the one that all workers of a run share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPConnection  # vcrpy and others replace the module's name
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from smartpay_mock.intercept.wsgi import Request, WSGIApp, WsgiResponse, call
from smartpay_mock.kernel.environ import HEADER_NAMES, TIMEOUT
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing.client import REFUSED, Members

_ADMIN_PATH = "/__admin"
# Longer than any call of the control API waits.
_TIMEOUT_S = 120.0
_NOT_FOUND = 404
# Headers of one connection, which a relay must not pass on (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class RemoteEmulator:
    """An emulator that another process runs.

    Args:
        root_url: Scheme and authority.

    Attributes:
        root_url: Scheme and authority.
        address: The same.
    """

    def __init__(self, root_url: str) -> None:
        self.on_advice: Callable[[str], None] | None = None
        self.root_url = self.address = root_url

    @property
    def app(self) -> WSGIApp:
        """A WSGI app that passes every call on over HTTP."""
        return _relay_to(self.root_url)

    def admin(
        self,
        secret_key: str,
        method: str,
        path: str,
        *,
        id_: str = "",
        body: Members | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Call the control API over HTTP; see ``Emulator``."""
        target = _ADMIN_PATH + path.replace("{id}", quote(id_, safe=""))
        if query:
            target = f"{target}?{urlencode(query)}"
        headers = {
            "authorization": f"Bearer {secret_key}",
            "content-type": "application/json",
        }
        data = b"" if body is None else json.dumps(body).encode()
        reply = self._send(
            Request(method, self.root_url + target, headers.items(), data)
        )
        document = json.loads(reply.body) if reply.body else None
        if reply.status < REFUSED:
            return document
        kind = NotFoundError if reply.status == _NOT_FOUND else SandboxUsageError
        error = document if isinstance(document, dict) else {}
        raise kind(error.get("detail") or f"{method} {target} answered {reply.status}.")

    def failures(self) -> list[BaseException]:
        """Return nothing: the process that runs the emulator collects its errors."""
        return []

    def stop(self) -> None:
        """Do nothing: another process started the emulator."""

    def _send(self, request: Request) -> WsgiResponse:
        reason: object = "it closed the connection"
        try:
            reply = call(self.app, request)
        except OSError as error:
            reason = error
        else:
            if reply.fault is None:
                return reply
        raise SandboxUsageError(
            f"The shared emulator at {self.root_url} does not answer ({reason}). "
            "It stops with the pytest run that started it."
        )


def _relay_to(root_url: str) -> WSGIApp:
    """Return a WSGI app that answers what the server at ``root_url`` answers.

    If the connection to the server breaks, the app raises the ``OSError`` or
    ``http.client.HTTPException``.
    """
    authority = urlsplit(root_url).netloc

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # The client's own timeout applies here too, so that a stall stays a stall.
        timeout_s = environ.get(TIMEOUT) or _TIMEOUT_S
        connection = HTTPConnection(authority, timeout=timeout_s)
        try:
            connection.request(
                environ["REQUEST_METHOD"],
                _target(environ),
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
                _request_headers(environ),
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
    # WSGI decodes the path to bytes in a string (PEP 3333).
    decoded = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
    path = quote(decoded.encode("latin-1"), safe="/:@!$&'()*+,;=~-._")
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _request_headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and name[5:].lower() not in _HOP_BY_HOP
    }
    if environ.get("CONTENT_TYPE"):
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    names = environ.get(HEADER_NAMES, ())
    # Another spelling of the name: the server must see that it comes twice, too.
    headers |= {
        name: headers[name.title()]
        for name in names
        if names.count(name) > 1 and name.title() in headers
    }
    return headers
