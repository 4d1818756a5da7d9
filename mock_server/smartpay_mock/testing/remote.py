"""An emulator behind a URL: the one that all workers of a run share."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterable, Mapping

# vcrpy and others replace the names in the module.
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from smartpay_mock.api.auth import ACCOUNT_HEADER
from smartpay_mock.intercept.wsgi import Request, call
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.wsgi import HEADER_NAMES, TIMEOUT, Response, WSGIApp
from smartpay_mock.testing.client import REFUSED, Members

_ADMIN_PATH = "/__admin"
# Longer than any call of the control API waits.
_TIMEOUT_S = 120.0
_NOT_FOUND = 404
NO_ANSWER = 0
"""The status of a call that nothing answered, in hints."""
_SHARED = {NO_ANSWER: "It stops with the pytest run that started it."}
# Headers of one connection, which a relay must not pass on (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class RemoteEmulator:
    """An emulator that another process runs.

    Args:
        root_url: Scheme and authority.
        admin_token: For an emulator that listens beyond loopback.
        ca_file: File of the CA that signed its certificate.
        hints: What to do, by the status of a refusal; added to the message.

    Attributes:
        root_url: Scheme and authority.
        address: The same.
    """

    def __init__(
        self,
        root_url: str,
        *,
        admin_token: str = "",
        ca_file: str | None = None,
        hints: Mapping[int, str] = _SHARED,
    ) -> None:
        self.on_advice: Callable[[str], None] | None = None
        self.root_url = self.address = root_url
        self._admin_token = admin_token
        self._ca_file = ca_file
        self._hints = hints

    @property
    def app(self) -> WSGIApp:
        """A WSGI app that passes every call on over HTTP."""
        return _relay_to(self._connect)

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
            "authorization": f"Bearer {self._admin_token or secret_key}",
            ACCOUNT_HEADER: secret_key,
            "content-type": "application/json",
        }
        data = json.dumps(body).encode() if body else b""
        reply = self._send(
            Request(method, self.root_url + target, headers.items(), data)
        )
        document = self._decode(reply.body)
        if reply.code < REFUSED:
            return document
        kind = NotFoundError if reply.code == _NOT_FOUND else SandboxUsageError
        error = document if isinstance(document, dict) else {}
        answered = f"{method} {self.root_url}{target} answered {reply.code}."
        hint = self._hints.get(reply.code, "")
        raise kind(f"{error.get('detail') or answered} {hint}".rstrip())

    def failures(self) -> list[BaseException]:
        """Return nothing: the process that runs the emulator collects its errors."""
        return []

    def stop(self) -> None:
        """Do nothing: another process started the emulator."""

    def _send(self, request: Request) -> Response:
        reason: object = "it closed the connection"
        try:
            reply = call(self.app, request)
        except OSError as error:
            reason = error.strerror or error
        else:
            if reply.fault is None:
                return reply
        raise self._does_not_answer(reason)

    def _decode(self, body: bytes) -> Any:
        try:
            return json.loads(body) if body else None
        except ValueError:
            raise self._does_not_answer("its answer is not JSON") from None

    def _does_not_answer(self, reason: object) -> SandboxUsageError:
        text = f"No emulator answers at {self.root_url} ({reason})."
        return SandboxUsageError(f"{text} {self._hints.get(NO_ANSWER, '')}".rstrip())

    def _connect(self, timeout_s: float) -> HTTPConnection:
        parts = urlsplit(self.root_url)
        if parts.scheme != "https":
            return HTTPConnection(parts.netloc, timeout=timeout_s)
        context = ssl.create_default_context(cafile=self._ca_file)
        return HTTPSConnection(parts.netloc, timeout=timeout_s, context=context)


def _relay_to(connect: Callable[[float], HTTPConnection]) -> WSGIApp:
    """Return a WSGI app that answers what a server answers.

    If the connection to the server breaks, the app raises the ``OSError`` or
    ``http.client.HTTPException``.

    Args:
        connect: Returns a connection to the server, with a timeout in seconds.
    """

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        # The client's own timeout applies here too, so that a stall stays a stall.
        timeout_s = environ.get(TIMEOUT) or _TIMEOUT_S
        connection = connect(timeout_s)
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
