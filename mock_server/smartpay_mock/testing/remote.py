"""An emulator behind a URL: the one that all workers of a run share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection  # vcrpy and others replace the module's name
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing.desk import (
    API_PATH,
    Errand,
    Reply,
    WSGIApp,
    headers_of,
)
from smartpay_mock.testing.relay import relay_to
from smartpay_schemas import OPERATIONS

PREFIX = "/__admin"
# Longer than anything the control plane waits for.
_TIMEOUT_S = 120.0
_NOT_FOUND = 404


class RemoteEmulator:
    """An emulator that somebody else runs.

    Args:
        root_url: Scheme and authority.
    """

    def __init__(self, root_url: str) -> None:
        self.root_url = root_url

    @property
    def app(self) -> WSGIApp:
        """A WSGI app that passes every call on."""
        return relay_to(self.root_url)

    def failures(self) -> list[BaseException]:
        """Return nothing: whoever runs it sees what goes wrong there."""
        return []

    def desk(self, secret_key: str) -> RemoteDesk:
        """Return the desk of the account with this key."""
        return RemoteDesk(self, secret_key)

    def stop(self) -> None:
        """Do nothing: it is not ours to stop."""


class RemoteDesk:
    """Steers an account over HTTP."""

    def __init__(self, emulator: RemoteEmulator, secret_key: str) -> None:
        self.secret_key = secret_key
        self._emulator = emulator

    @property
    def root_url(self) -> str:
        """As in ``Desk``."""
        return self._emulator.root_url

    @property
    def address(self) -> str:
        """As in ``Desk``."""
        return self._emulator.root_url

    @property
    def app(self) -> WSGIApp:
        """As in ``Desk``; calls are passed on."""
        return self._emulator.app

    def failures(self) -> list[BaseException]:
        """As in ``Desk``."""
        return self._emulator.failures()

    def ask(
        self,
        method: str,
        path: str,
        *,
        id_: str = "",
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """As in ``Desk``, over HTTP."""
        target = PREFIX + path.replace("{id}", quote(id_, safe=""))
        if query:
            target = f"{target}?{urlencode(query)}"
        headers = {"authorization": f"Bearer {self.secret_key}"}
        reply = self._send(method, target, headers, body)
        if reply.status < 400:  # noqa: PLR2004 - where refusals begin
            return reply.document
        kind = NotFoundError if reply.status == _NOT_FOUND else SandboxUsageError
        said = reply.document if isinstance(reply.document, dict) else {}
        raise kind(said.get("detail") or f"{method} {target} answered {reply.status}.")

    def run(self, errand: Errand) -> Reply:
        """As in ``Desk``, over HTTP."""
        operation = OPERATIONS[errand.operation]
        prefix = API_PATH if operation.side == "merchant" else ""
        path = prefix + operation.path.format(**errand.params)
        headers = headers_of(errand, self.secret_key)
        return self._send(operation.method, path, headers, errand.body)

    def _send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
    ) -> Reply:
        sent = {"content-type": "application/json", **headers, "connection": "close"}
        authority = urlsplit(self._emulator.root_url).netloc
        connection = HTTPConnection(authority, timeout=_TIMEOUT_S)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, target, data, sent)
            response = connection.getresponse()
            text = response.read()
        except OSError as error:
            raise SandboxUsageError(
                f"The shared emulator at {self._emulator.root_url} does not answer "
                f"({error}); it ends with the run that started it."
            ) from error
        finally:
            connection.close()
        return Reply(response.status, json.loads(text) if text else None)
