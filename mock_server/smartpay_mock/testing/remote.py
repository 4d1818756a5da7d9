"""An emulator behind a URL: the one that all workers of a run share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from http.client import HTTPConnection  # vcrpy and others replace the module's name
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from smartpay_mock.kernel.environ import HEADER_NAMES, TIMEOUT
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing.client import (
    API_PATH,
    AdminCall,
    ApiCall,
    ApiResponse,
    WSGIApp,
)
from smartpay_schemas import OPERATIONS

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

    def admin(self, secret_key: str, call: AdminCall) -> Any:
        """Call the control API over HTTP; see ``Emulator``."""
        target = _ADMIN_PATH + call.path.replace("{id}", quote(call.id_, safe=""))
        if call.query:
            target = f"{target}?{urlencode(call.query)}"
        headers = {"authorization": f"Bearer {secret_key}"}
        response = self._send(call.method, target, headers, call.body)
        if response.status < 400:  # noqa: PLR2004 - the first error status
            return response.document
        kind = NotFoundError if response.status == _NOT_FOUND else SandboxUsageError
        error = response.document if isinstance(response.document, dict) else {}
        raise kind(
            error.get("detail") or f"{call.method} {target} answered {response.status}."
        )

    def call(self, secret_key: str, call: ApiCall) -> ApiResponse:
        """Call the API over HTTP; see ``Emulator``."""
        operation = OPERATIONS[call.operation]
        prefix = API_PATH if operation.side == "merchant" else ""
        path = prefix + operation.path.format(**call.params)
        return self._send(operation.method, path, call.headers(secret_key), call.body)

    def failures(self) -> list[BaseException]:
        """Return nothing: the process that runs the emulator collects its errors."""
        return []

    def stop(self) -> None:
        """Do nothing: another process started the emulator."""

    def _send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
    ) -> ApiResponse:
        sent = {"content-type": "application/json", **headers, "connection": "close"}
        authority = urlsplit(self.root_url).netloc
        connection = HTTPConnection(authority, timeout=_TIMEOUT_S)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, target, data, sent)
            response = connection.getresponse()
            text = response.read()
        except OSError as error:
            raise SandboxUsageError(
                f"The shared emulator at {self.root_url} does not answer ({error}). "
                "It stops with the pytest run that started it."
            ) from error
        finally:
            connection.close()
        return ApiResponse(response.status, json.loads(text) if text else None)


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
