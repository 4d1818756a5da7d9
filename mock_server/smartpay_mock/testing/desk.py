"""The desk: where a test steers its account, wherever the emulator runs.

``LocalDesk`` asks the emulator of this process, ``RemoteDesk`` one behind a URL. Both
take the control plane's own routes, so neither can do what the other cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from smartpay_mock.kernel.errors import SandboxUsageError

API_PATH = "/v1"
# What the official SDKs take for the API's own address, whatever stands before it.
SDK_PATH = "/api.smartpay.co/v1"
# Calls that the fixture makes itself carry this header: set-up is not the test's.
ORIGIN_HEADER = "smartpay-sandbox-origin"
ORIGIN = "fixture"

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Errand:
    """One call of the API on the test's behalf.

    Attributes:
        operation: Its id, such as ``create_order``.
        params: The path's parameters.
        body: The JSON body; ``None`` sends none.
        bearer: An access token of a consumer; empty sends the secret key.
        account: The secret key of the account meant, on the consumer's side.
        key: The Idempotency-Key; empty sends none.
    """

    operation: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    bearer: str = ""
    account: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to an errand.

    Attributes:
        status: The HTTP status.
        document: The decoded body, ``None`` when it was empty.
    """

    status: int
    document: Any

    def expect(self, operation: str) -> Any:
        """Return the document of a call that went well.

        Raises:
            SandboxUsageError: It was refused; the text is the refusal.
        """
        if self.status < 400:  # noqa: PLR2004 - where refusals begin
            return self.document
        said = self.document if isinstance(self.document, dict) else {}
        raise SandboxUsageError(
            f"{operation} was refused with {self.status} "
            f"{said.get('errorCode', '')}: {said.get('message', self.document)}"
        )


def headers_of(errand: Errand, secret_key: str) -> dict[str, str]:
    """Return the headers of an errand, names in lower case."""
    headers = {
        "authorization": f"Bearer {errand.bearer or secret_key}",
        "content-type": "application/json",
        ORIGIN_HEADER: ORIGIN,
    }
    if errand.account:
        headers["smartpay-sandbox-account"] = errand.account
    if errand.key:
        headers["idempotency-key"] = errand.key
    return headers


class Desk(Protocol):
    """Steers one account of one emulator.

    Attributes:
        secret_key: Of the account.
    """

    secret_key: str

    @property
    def root_url(self) -> str:
        """Scheme and authority of the emulator; starts it where it is not running."""

    @property
    def address(self) -> str:
        """The same as ``root_url``, or empty while the server is not running."""

    @property
    def app(self) -> WSGIApp:
        """The emulator as a WSGI app, for calls that are answered in-process."""

    def ask(
        self,
        method: str,
        path: str,
        *,
        id_: str = "",
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Return what a route of the control plane answers.

        Args:
            method: HTTP method.
            path: Below ``/__admin``, as its table has it, such as ``/faults/{id}``.
            id_: For ``{id}``.
            body: The JSON body.
            query: Query parameters.

        Raises:
            NotFoundError: There is no such thing.
            SandboxUsageError: The request cannot be carried out.
        """

    def run(self, errand: Errand) -> Reply:
        """Call the API on the test's behalf; the journal marks the call as such."""

    def failures(self) -> list[BaseException]:
        """Return what went wrong in the emulator's threads since the last time."""


class Emulator(Protocol):
    """One emulator, in this process or behind a URL."""

    @property
    def root_url(self) -> str:
        """Scheme and authority; starts the server where it is not running."""

    def desk(self, secret_key: str) -> Desk:
        """Return the desk of the account with this key."""

    def failures(self) -> list[BaseException]:
        """Return what went wrong in its threads since the last time."""

    def stop(self) -> None:
        """End what this process started of it."""
