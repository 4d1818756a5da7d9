"""``env`` and ``doctor``: point the official SDKs at an emulator.

Source: base-URL rules read in the SDKs (go:client, py:smartpay/__init__.py,
node:base.ts, php:Smartpay.php, ruby:configuration.rb).
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import click

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.proxies import VARIABLES, without_proxy

PREFIX_VARIABLE = "SMARTPAY_API_PREFIX"
_DEFAULT_URL = "http://127.0.0.1:8585"
_API_PATH = "/v1"
_MARK = "api.smartpay"
_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class Sdk:
    """One official SDK.

    Attributes:
        name: The value of ``--sdk``.
        path: The path of its API prefix.
        keys: Names of its variables for secret and public key.
        needs_mark: Whether it calls production unless its prefix contains
            ``api.smartpay``.
        base_has_scheme: Whether its live suite takes ``API_BASE`` as a URL; the
            others put ``https://`` before it.
    """

    name: str
    path: str
    keys: tuple[str, str]
    needs_mark: bool
    base_has_scheme: bool = False


_LONG_KEYS = ("SMARTPAY_SECRET_KEY", "SMARTPAY_PUBLIC_KEY")
_SHORT_KEYS = ("SECRET_KEY", "PUBLIC_KEY")

SDKS = {
    sdk.name: sdk
    for sdk in (
        Sdk("python", "/api.smartpay/v1", _SHORT_KEYS, needs_mark=True),
        Sdk("node", "/api.smartpay/v1", _SHORT_KEYS, needs_mark=True),
        Sdk("php", "/v1", _LONG_KEYS, needs_mark=False),
        Sdk("ruby", "/v1", _LONG_KEYS, needs_mark=False),
        Sdk("go", "", _LONG_KEYS, needs_mark=False, base_has_scheme=True),
    )
}

sdk_option = click.option(
    "--sdk",
    type=click.Choice(list(SDKS)),
    default="python",
    show_default=True,
    help="SDK in use.",
)
"""The option of every command that an SDK matters to."""


def variables(
    sdk: Sdk,
    root_url: str,
    secret_key: str,
    *,
    tls_root_url: str = "",
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the environment variables that point programs and an SDK at a server.

    They include what the live suite of the SDK reads.

    Args:
        sdk: The SDK.
        root_url: Scheme and authority, no slash at the end.
        secret_key: The key of the account.
        tls_root_url: The same with HTTPS, for the consumer's calls of the live suite.
        environ: The environment so far; ``NO_PROXY`` keeps what it exempts.
    """
    secret_name, public_name = sdk.keys
    public_key = secret_key.replace("sk_", "pk_", 1)
    consumer = sandbox_values().consumers["active"]
    api_base = root_url
    if not sdk.base_has_scheme:
        api_base = urlsplit(tls_root_url or root_url).netloc
    return {
        **without_proxy(root_url, environ),
        "SMARTPAY_URL": root_url + _API_PATH,
        "SMARTPAY_SECRET_KEY": secret_key,
        "SMARTPAY_PUBLIC_KEY": public_key,
        secret_name: secret_key,
        public_name: public_key,
        PREFIX_VARIABLE: root_url + sdk.path,
        "API_BASE": api_base,
        "TEST_USERNAME": consumer.email_address,
        "TEST_PASSWORD": consumer.password,
    }


def falls_back(sdk: Sdk, prefix: str) -> bool:
    """Return whether ``sdk`` ignores ``prefix`` and calls production."""
    wanted = prefix.lower() if sdk.name == "node" else prefix
    return sdk.needs_mark and _MARK not in wanted


@click.command()
@click.option(
    "--url", default=_DEFAULT_URL, show_default=True, help="URL of the emulator."
)
@sdk_option
@click.option(
    "--secret-key",
    default=lambda: sandbox_values().secret_key,
    show_default="the documented test key",
    help="Secret key of the account.",
)
def env(url: str, sdk: str, secret_key: str) -> None:
    """Print shell variables that point an SDK at an emulator.

    Usage: eval "$(smartpay-sandbox env --sdk node)"
    """
    root_url = url.rstrip("/").removesuffix("/v1")
    for name, value in variables(SDKS[sdk], root_url, secret_key).items():
        click.echo(f"export {name}={shlex.quote(value)}")


@click.command()
@sdk_option
@click.option(
    "--prefix",
    envvar=PREFIX_VARIABLE,
    default="",
    help=f"Base URL given to the client [env: {PREFIX_VARIABLE}].",
)
def doctor(sdk: str, prefix: str) -> None:
    """Find out why a client does not reach the emulator.

    Exits with 1 if it finds a problem.
    """
    problems = [
        *_check_prefix(prefix, SDKS[sdk]),
        *_check_server(prefix or _DEFAULT_URL),
        *_check_proxies(prefix),
    ]
    for problem in problems:
        click.echo(f"- {problem}")
    if not problems:
        click.echo("No problem found.")
    raise SystemExit(1 if problems else 0)


def _check_prefix(prefix: str, sdk: Sdk) -> list[str]:
    if not prefix:
        return [
            f"{PREFIX_VARIABLE} is not set, so the {sdk.name} SDK calls production. "
            f'Run: eval "$(smartpay-sandbox env --sdk {sdk.name})"'
        ]
    if not falls_back(sdk, prefix):
        return []
    parts = urlsplit(prefix)
    return [
        f"The {sdk.name} SDK ignores {prefix} and calls production, since the URL "
        f"does not contain 'api.smartpay'. Use {parts.scheme}://{parts.netloc}"
        f"{sdk.path}"
    ]


def _check_server(prefix: str) -> list[str]:
    parts = urlsplit(prefix)
    if parts.scheme != "http" or not parts.hostname:
        return [f"{prefix} is not an http:// URL, so it was not called."]
    connection = HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/__admin/health")
        health = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError) as error:
        return [
            f"No emulator answers at {parts.netloc} ({type(error).__name__}). "
            "Start one: smartpay-sandbox serve"
        ]
    finally:
        connection.close()
    if health.get("status") != "healthy":
        return [f"The server at {parts.netloc} is not an emulator."]
    return []


def _check_proxies(prefix: str) -> list[str]:
    host = urlsplit(prefix).hostname or "127.0.0.1"
    exempt = ",".join(os.environ.get(name, "") for name in VARIABLES)
    used = [name for name in ("HTTP_PROXY", "http_proxy") if os.environ.get(name)]
    if used and host not in exempt.split(","):
        return [
            f"{used[0]} is set and NO_PROXY does not name {host}, so clients may send "
            f"its calls to the proxy. Set NO_PROXY={host}"
        ]
    return []
