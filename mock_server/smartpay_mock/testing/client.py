"""The account client: how the fixture calls the emulator, wherever that runs.

``local.LocalEmulator`` runs in this process, ``remote.RemoteEmulator`` behind a URL.
Both answer the routes of the control API, so neither can do what the other cannot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from smartpay_mock.intercept.wsgi import Request, call
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import ORIGIN_HEADER
from smartpay_mock.kernel.wsgi import WSGIApp
from smartpay_schemas import OPERATIONS

API_ADDRESS = "https://api.smartpay.co"
"""The address in place of the emulator's own, where a call needs none."""
API_PATH = "/v1"
# The prefix that the official SDKs expect in the API's address.
SDK_PATH = "/api.smartpay.co/v1"
REFUSED = 400
"""The first HTTP status of a refusal."""

Members = Mapping[str, Any]


class Emulator(Protocol):
    """One emulator, in this process or behind a URL."""

    @property
    def root_url(self) -> str:
        """Scheme and authority; the server starts when this is first read."""

    @property
    def address(self) -> str:
        """The same as ``root_url``, or empty while the server is not running."""

    @property
    def app(self) -> WSGIApp:
        """The emulator as a WSGI app, for calls without a socket."""

    on_advice: Callable[[str], None] | None
    """Takes the Request-Id of each response with advice, before the response is sent.

    Only an emulator of this process calls it.
    """

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
        """Call the control API for an account and return the answer's JSON value.

        Args:
            secret_key: Secret key of the account.
            method: HTTP method.
            path: Path below ``/__admin``, as its route has it, such as
                ``/faults/{id}``.
            id_: Value for ``{id}``.
            body: JSON body.
            query: Query parameters.

        Raises:
            NotFoundError: There is no such object.
            SandboxUsageError: The request is invalid.
        """

    def failures(self) -> list[BaseException]:
        """Return the errors in the emulator's threads since the last call."""

    def stop(self) -> None:
        """Stop what this process started."""


class AccountClient:
    """Calls one emulator for one account.

    Attributes:
        emulator: The emulator.
        secret_key: Secret key of the account.
    """

    def __init__(self, emulator: Emulator, secret_key: str) -> None:
        self.emulator = emulator
        self.secret_key = secret_key

    def admin(
        self, method: str, path: str, body: Members | None = None, **options: Any
    ) -> Any:
        """Call the control API; arguments and errors as of ``Emulator.admin``.

        Members of the body that are ``None`` are left out.
        """
        given = {name: item for name, item in (body or {}).items() if item is not None}
        return self.emulator.admin(self.secret_key, method, path, body=given, **options)

    def call(self, operation: str, body: Members | None = None, **params: str) -> Any:
        """Call the API; return the answer's document. The journal marks the call.

        Args:
            operation: Operation id of the merchant's side.
            body: JSON body.
            **params: Parameters of the path.

        Raises:
            SandboxUsageError: The call was refused; the text is the refusal.
        """
        row = OPERATIONS[operation]
        headers = {
            "authorization": f"Bearer {self.secret_key}",
            "content-type": "application/json",
            ORIGIN_HEADER: "fixture",
        }
        data = b"" if body is None else json.dumps(body).encode()
        url = API_ADDRESS + API_PATH + row.path.format(**params)
        reply = call(self.emulator.app, Request(row.method, url, headers.items(), data))
        if reply.fault is not None:
            raise SandboxUsageError(f"A planned fault broke {operation} of the test.")
        document = json.loads(reply.body) if reply.body else None
        if reply.code < REFUSED:
            return document
        error = document if isinstance(document, dict) else {}
        raise SandboxUsageError(
            f"{operation} was refused with {reply.code} "
            f"{error.get('errorCode', '')}: {error.get('message', document)}"
        )
