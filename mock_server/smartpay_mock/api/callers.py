"""Whose account a call acts on: one way per side of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from smartpay_mock.api.auth import Credential, Refusal, authenticate
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage.base import Store
from smartpay_schemas import Operation

# Where the emulator keeps what belongs to no account: logged-in consumers.
SERVER_ACCOUNT = "server"
ACCOUNT_HEADER = "smartpay-sandbox-account"

_LOCATED_BY = {"authorize_order": "order", "approve_token": "token"}


@dataclass(frozen=True, slots=True)
class Callers:
    """Finds the account of a call.

    Attributes:
        settings: Which keys may call.
        store: Where consumers' objects are looked for.
    """

    settings: Settings
    store: Store

    def identify(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Credential | Refusal:
        """Return whose account the call acts on, or why it is refused."""
        return _SIDES[operation.side](self, operation, params, call)

    def merchant(
        self, _operation: Operation, _params: Mapping[str, str], call: Call
    ) -> Credential | Refusal:
        """Identify a merchant by the secret key."""
        return authenticate(
            call.headers.get("authorization"), frozenset(self.settings.accounts)
        )

    def login(
        self, _operation: Operation, _params: Mapping[str, str], _call: Call
    ) -> Credential | Refusal:
        """Let anybody try to log in."""
        return Credential(SERVER_ACCOUNT, "")

    def consumer(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Credential | Refusal:
        """Identify the account that holds the object which a consumer acts on.

        The same token id may exist in many accounts (the standard ones do); the header
        ``Smartpay-Sandbox-Account`` then says which one is meant.
        """
        actor = self._logged_in(call)
        if isinstance(actor, Refusal):
            return actor
        named = call.headers.get(ACCOUNT_HEADER)
        if named:
            found = authenticate(f"Bearer {named}", frozenset(self.settings.accounts))
            return found if isinstance(found, Refusal) else replace(found, actor=actor)
        holders = self.store.locate(_LOCATED_BY[operation.id], params["id"])
        if len(holders) > 1:
            return Credential(SERVER_ACCOUNT, "", actor, advice=_ambiguous(params))
        return Credential(holders[0] if holders else SERVER_ACCOUNT, "", actor)

    def _logged_in(self, call: Call) -> str | Refusal:
        """Return the address of the consumer whose access token the call carries."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return Refusal("there is no access token; log in and send it as Bearer")
        with self.store.read(SERVER_ACCOUNT) as unit:
            row = unit.row("access", token.strip())
        if row is None or row.due is None or row.due <= wall_ms():
            return Refusal("the access token is unknown or has expired; log in again")
        address: str = decode(row.body)["emailAddress"]
        return address


def _ambiguous(params: Mapping[str, str]) -> str:
    return (
        f"{params['id']} exists in several accounts; name the one that is meant by its "
        "secret key in the header Smartpay-Sandbox-Account"
    )


Identify = Callable[
    [Callers, Operation, Mapping[str, str], Call], "Credential | Refusal"
]
_SIDES: dict[str, Identify] = {
    "merchant": Callers.merchant,
    "consumer-login": Callers.login,
    "consumer": Callers.consumer,
}
