"""Authentication: whose account a call acts on.

A merchant sends a secret key: ``Basic <key>`` as the guide and every SDK send it,
``Basic base64(<key>:)`` or ``Bearer <key>``. A consumer sends an access token as
Bearer. Source: docs:/reference/authentication; the second and third spelling of the
key are *assumed*.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.kernel.ids import account_id, is_secret_key
from smartpay_mock.kernel.json import decode
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage.base import Store
from smartpay_schemas import Operation

SERVER_ACCOUNT = "server"
"""The account that stores what belongs to no merchant: logged-in consumers."""

ACCOUNT_HEADER = "smartpay-sandbox-account"

_SCHEMES = {"basic", "bearer"}

# What is wrong with a credential that starts like this, and what to send.
_REFUSED_PREFIXES = {
    "sk_live_": "live keys are not accepted; send a test key",
    "pk_": "a public key cannot authenticate; send the secret key",
}
# WSGI joins the values of a header that comes twice with a comma.
_NOT_ONE = "the credential is not one header of ASCII characters; send it once"
_NO_TEST_KEY = "the key is not a secret test key, such as sk_test_4eC39..."


@dataclass(frozen=True, slots=True)
class Credential:
    """A well-formed secret key.

    Attributes:
        account: The id of the key's account.
        hint: The key with its middle left out, for the journal.
        actor: E-mail address of the consumer who calls; empty for a merchant.
        advice: Advice on how the account was found.
    """

    account: str
    hint: str
    actor: str = ""
    advice: str = ""


class Refusal(NamedTuple):
    """Why a call is refused with 401, as text."""

    reason: str


def authenticate(
    header: str | None, allowed: frozenset[str] = frozenset()
) -> Credential | Refusal:
    """Return whose call this is, or why it is refused.

    Args:
        header: The Authorization header, ``None`` when there is none.
        allowed: The keys that may call; if empty, every test key may.
    """
    if not header:
        return Refusal("there is no Authorization header; send Basic sk_test_...")
    if not header.isascii() or "," in header:
        return Refusal(_NOT_ONE)
    scheme, _, value = header.partition(" ")
    if scheme.lower() not in _SCHEMES or not value.strip():
        return Refusal("the Authorization header is not Basic or Bearer with a key")
    key = _key_in(value.strip())
    if not is_secret_key(key):
        reasons = (
            reason
            for prefix, reason in _REFUSED_PREFIXES.items()
            if key.startswith(prefix)
        )
        return Refusal(next(reasons, _NO_TEST_KEY))
    if allowed and key not in allowed:
        return Refusal("the key is not among those this emulator is set to accept")
    return _credential(key)


def account_header(headers: Mapping[str, str]) -> str | None:
    """Return the header that names the account to control, as Authorization has it."""
    if ACCOUNT_HEADER in headers:
        return f"Bearer {headers[ACCOUNT_HEADER]}"
    return headers.get("authorization")


@lru_cache(maxsize=4096)
def _credential(key: str) -> Credential:
    """Return the credential of a valid test key; refused keys are not cached."""
    return Credential(account_id(key), f"sk_test_...{key[-4:]}")


def _key_in(value: str) -> str:
    """Return the key, decoded if it is base64 of ``key:``."""
    if value.startswith(("sk_", "pk_")):
        return value
    try:
        decoded = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return value
    return decoded.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Callers:
    """Finds the account of a call.

    Attributes:
        settings: Has the keys that may call.
        store: Has the consumers' objects.
    """

    settings: Settings
    store: Store

    def identify(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Credential | Refusal:
        """Return whose account the call acts on, or why it is refused."""
        if operation.side == "consumer-login":  # every caller may log in
            return Credential(SERVER_ACCOUNT, "")
        if operation.side == "consumer":
            return self._consumer(operation, params, call)
        return self.merchant(operation, params, call)

    def merchant(
        self, _operation: Operation, _params: Mapping[str, str], call: Call
    ) -> Credential | Refusal:
        """Identify a merchant by the secret key."""
        if call.account:
            return Credential(call.account, "")
        return authenticate(
            call.headers.get("authorization"), frozenset(self.settings.accounts)
        )

    def _consumer(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Credential | Refusal:
        """Identify the account that holds the object which a consumer acts on.

        Every account has the standard tokens; the header ``Smartpay-Sandbox-Account``
        names the account where an id exists in several.
        """
        actor = self._logged_in(call)
        if isinstance(actor, Refusal):
            return actor
        if call.account:
            return Credential(call.account, "", actor)
        named = call.headers.get(ACCOUNT_HEADER)
        if named is not None:
            found = authenticate(f"Bearer {named}", frozenset(self.settings.accounts))
            return found if isinstance(found, Refusal) else replace(found, actor=actor)
        kind = (operation.response or "").removeprefix("resources/")
        holders = self.store.locate(kind, params["id"])
        if len(holders) > 1:
            advice = (
                f"{params['id']} exists in several accounts; name the one that is "
                "meant by its secret key in the header Smartpay-Sandbox-Account"
            )
            return Credential(SERVER_ACCOUNT, "", actor, advice)
        return Credential(holders[0] if holders else SERVER_ACCOUNT, "", actor)

    def _logged_in(self, call: Call) -> str | Refusal:
        """Return the address of the consumer whose access token the call carries."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return Refusal("there is no access token; log in and send it as Bearer")
        if not token.isascii() or "," in token:
            return Refusal(_NOT_ONE)
        with self.store.read(SERVER_ACCOUNT) as unit:
            row = unit.row("access", token.strip())
        if row is None or row.due is None or row.due <= wall_ms():
            return Refusal("the access token is unknown or has expired; log in again")
        address: str = decode(row.body)["emailAddress"]
        return address
