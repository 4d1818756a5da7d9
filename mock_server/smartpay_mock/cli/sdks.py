"""``env`` and ``doctor``: point the official SDKs at an emulator.

Source: base-URL rules read in the SDKs (go:client, py:smartpay/__init__.py,
node:base.ts, php:Smartpay.php, ruby:configuration.rb).
"""

from __future__ import annotations

import os
import shlex
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import click

from smartpay_fixtures import sandbox_values
from smartpay_mock.cli.emulator import (
    DEFAULT_URL,
    client_of,
    connect,
    root_url_of,
    secret_key_option,
    url_option,
)
from smartpay_mock.cli.output import coloured, json_option, print_json
from smartpay_mock.cli.servers import RunningServer
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.proxies import VARIABLES, without_proxy
from smartpay_mock.testing.client import API_PATH

PREFIX_VARIABLE = "SMARTPAY_API_PREFIX"
_MARK = "api.smartpay"
_WIDTH = 80


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
        "SMARTPAY_URL": root_url + API_PATH,
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
@url_option
@sdk_option
@secret_key_option
@json_option
def env(url: str | None, sdk: str, secret_key: str, as_json: bool) -> None:
    """Print shell variables that point an SDK at an emulator.

    Usage: eval "$(smartpay-sandbox env --sdk node)"
    """
    root_url = connect(url=url, secret_key=secret_key).emulator.root_url
    values = variables(SDKS[sdk], root_url, secret_key)
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        click.echo(f"export {name}={shlex.quote(value)}")


@click.command()
@sdk_option
@click.option(
    "--prefix",
    envvar=PREFIX_VARIABLE,
    default="",
    help=f"Base URL given to the client [env: {PREFIX_VARIABLE}].",
)
@json_option
def doctor(sdk: str, prefix: str, as_json: bool) -> None:
    """Find out why a client does not reach the emulator.

    Lists what it checked. Exits with 1 if it finds a problem.
    """
    url = prefix or DEFAULT_URL
    checks = {
        f"{PREFIX_VARIABLE} is one that the {sdk} SDK uses": _check_prefix(
            prefix, SDKS[sdk]
        ),
        f"An emulator answers at {url}": _check_server(url),
        f"No proxy is used for {urlsplit(url).hostname}": _check_proxies(url),
    }
    if as_json:
        print_json([{"check": what, "problem": why} for what, why in checks.items()])
    else:
        for what, why in checks.items():
            mark = coloured("failed") if why else f"{coloured('ok')}    "
            click.echo(f"{mark}  {what}")
            for line in textwrap.wrap(why, _WIDTH - 8, break_on_hyphens=False):
                click.echo(f"        {line}")
    raise SystemExit(1 if any(checks.values()) else 0)


def _check_prefix(prefix: str, sdk: Sdk) -> str:
    if not prefix:
        return (
            f"It is not set, so the {sdk.name} SDK calls production. Run: eval "
            f'"$(smartpay-sandbox env --sdk {sdk.name})"'
        )
    if not falls_back(sdk, prefix):
        return ""
    parts = urlsplit(prefix)
    return (
        f"The {sdk.name} SDK ignores {prefix} and calls production, since the URL does "
        f"not contain 'api.smartpay'. Use {parts.scheme}://{parts.netloc}{sdk.path}"
    )


def _check_server(url: str) -> str:
    try:
        root_url = root_url_of(
            urljoin(url, "/") if "://" in url else url, option="--prefix"
        )
        key = sandbox_values().secret_key
        found = client_of(RunningServer(root_url), key).admin("GET", "/health")
    except (SandboxUsageError, ValueError) as error:
        return str(error).replace("--url", "--prefix")
    is_healthy = isinstance(found, dict) and found.get("status") == "healthy"
    return "" if is_healthy else "Another server answers there."


def _check_proxies(url: str) -> str:
    host = urlsplit(url).hostname or ""
    exempt = ",".join(os.environ.get(name, "") for name in VARIABLES)
    used = [name for name in ("HTTP_PROXY", "http_proxy") if os.environ.get(name)]
    if not used or host in exempt.split(","):
        return ""
    return (
        f"{used[0]} is set and NO_PROXY does not name {host}, so clients may send its "
        f"calls to the proxy. Set NO_PROXY={host}"
    )
