"""The account client: how the fixture calls the emulator, wherever that runs.

``local.LocalEmulator`` runs in this process, ``remote.RemoteEmulator`` behind a URL.
Both answer the routes of the control API, so neither can do what the other cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import ORIGIN_HEADER

API_PATH = "/v1"
# The prefix that the official SDKs expect in the API's address.
SDK_PATH = "/api.smartpay.co/v1"
# Value of ORIGIN_HEADER for the fixture's own calls.
ORIGIN = "fixture"

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of the API that the fixture makes itself.

    Attributes:
        operation: Operation id, such as ``create_order``.
        params: Path parameters.
        body: JSON body; ``None`` sends none.
        bearer: Access token of a consumer; empty sends the secret key.
        account: Secret key of the account, for calls of a consumer.
        key: Idempotency-Key; empty sends none.
    """

    operation: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    bearer: str = ""
    account: str = ""
    key: str = ""

    def headers(self, secret_key: str) -> dict[str, str]:
        """Return the headers to send, names in lower case."""
        headers = {
            "authorization": f"Bearer {self.bearer or secret_key}",
            "content-type": "application/json",
            ORIGIN_HEADER: ORIGIN,
        }
        if self.account:
            headers["smartpay-sandbox-account"] = self.account
        if self.key:
            headers["idempotency-key"] = self.key
        return headers


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """The response to an ``ApiCall``.

    Attributes:
        status: HTTP status.
        document: Decoded body, ``None`` if it was empty.
    """

    status: int
    document: Any

    def expect(self, operation: str) -> Any:
        """Return the document of a successful call.

        Raises:
            SandboxUsageError: The call was refused; the text is the refusal.
        """
        if self.status < 400:  # noqa: PLR2004 - the first error status
            return self.document
        error = self.document if isinstance(self.document, dict) else {}
        raise SandboxUsageError(
            f"{operation} was refused with {self.status} "
            f"{error.get('errorCode', '')}: {error.get('message', self.document)}"
        )


@dataclass(frozen=True, slots=True)
class AdminCall:
    """One call of the control API.

    Attributes:
        method: HTTP method.
        path: Path below ``/__admin``, as its route has it, such as ``/faults/{id}``.
        id_: Value for ``{id}``.
        body: JSON body.
        query: Query parameters.
    """

    method: str
    path: str
    id_: str = ""
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] | None = None


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

    def admin(self, secret_key: str, call: AdminCall) -> Any:
        """Call the control API for an account and return the answer's JSON value.

        Raises:
            NotFoundError: There is no such object.
            SandboxUsageError: The request is invalid.
        """

    def call(self, secret_key: str, call: ApiCall) -> ApiResponse:
        """Call the API for an account."""

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
        self,
        method: str,
        path: str,
        *,
        id_: str = "",
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Call the control API; arguments as in ``AdminCall``.

        Raises:
            NotFoundError: There is no such object.
            SandboxUsageError: The request is invalid.
        """
        call = AdminCall(method, path, id_, body, query)
        return self.emulator.admin(self.secret_key, call)

    def call(self, call: ApiCall) -> ApiResponse:
        """Call the API; the journal marks the call as the fixture's own."""
        return self.emulator.call(self.secret_key, call)
