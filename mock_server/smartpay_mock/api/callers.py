"""Whose account a call acts on: one way per side of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smartpay_mock.api.auth import Credential, Refusal, authenticate
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage.contract import Store
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
        named = call.headers.get(ACCOUNT_HEADER)
        if named:
            return authenticate(f"Bearer {named}", frozenset(self.settings.accounts))
        holders = self.store.locate(_LOCATED_BY[operation.id], params["id"])
        return Credential(holders[0] if len(holders) == 1 else SERVER_ACCOUNT, "")


Identify = Callable[
    [Callers, Operation, Mapping[str, str], Call], "Credential | Refusal"
]
_SIDES: dict[str, Identify] = {
    "merchant": Callers.merchant,
    "consumer-login": Callers.login,
    "consumer": Callers.consumer,
}
