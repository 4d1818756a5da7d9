"""How each official SDK is pointed at a server, as one table.

Source: base-URL rules read in the SDKs (go:client, py:smartpay/__init__.py,
node:base.ts, php:Smartpay.php, ruby:configuration.rb).
"""

from __future__ import annotations

from dataclasses import dataclass

from smartpay_fixtures import sandbox_values

PREFIX_VARIABLE = "SMARTPAY_API_PREFIX"
_MARK = "api.smartpay"


@dataclass(frozen=True, slots=True)
class Sdk:
    """One official SDK.

    Attributes:
        name: As in ``--sdk``.
        path: What follows scheme and authority in its API prefix.
        keys: Names of its variables for secret and public key.
        needs_mark: Whether it goes to production, silently, unless its prefix holds
            ``api.smartpay``.
    """

    name: str
    path: str
    keys: tuple[str, str]
    needs_mark: bool


_LONG_KEYS = ("SMARTPAY_SECRET_KEY", "SMARTPAY_PUBLIC_KEY")
_SHORT_KEYS = ("SECRET_KEY", "PUBLIC_KEY")

SDKS = {
    sdk.name: sdk
    for sdk in (
        Sdk("python", "/api.smartpay/v1", _SHORT_KEYS, needs_mark=True),
        Sdk("node", "/api.smartpay/v1", _SHORT_KEYS, needs_mark=True),
        Sdk("php", "/v1", _LONG_KEYS, needs_mark=False),
        Sdk("ruby", "/v1", _LONG_KEYS, needs_mark=False),
        Sdk("go", "", _LONG_KEYS, needs_mark=False),
    )
}


def variables(sdk: Sdk, root_url: str, secret_key: str) -> dict[str, str]:
    """Return the environment that points ``sdk`` at the server at ``root_url``.

    Args:
        sdk: Which one.
        root_url: Scheme and authority, no slash at the end.
        secret_key: The account.
    """
    secret_name, public_name = sdk.keys
    return {
        PREFIX_VARIABLE: root_url + sdk.path,
        secret_name: secret_key,
        public_name: sandbox_values().public_key,
    }


def falls_back(sdk: Sdk, prefix: str) -> bool:
    """Return whether ``sdk`` ignores ``prefix`` and calls production."""
    wanted = prefix.lower() if sdk.name == "node" else prefix
    return sdk.needs_mark and _MARK not in wanted
