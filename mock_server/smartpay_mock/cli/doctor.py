"""``doctor``: why a client does not reach the emulator."""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import click

from smartpay_mock.cli.sdks import PREFIX_VARIABLE, SDKS, Sdk, falls_back

_TIMEOUT_S = 3.0


@click.command()
@click.option("--sdk", type=click.Choice(list(SDKS)), help="Which SDK is used.")
@click.option(
    "--prefix",
    envvar=PREFIX_VARIABLE,
    default="",
    help=f"The base URL the client is given. [{PREFIX_VARIABLE}]",
)
def command(sdk: str | None, prefix: str) -> None:
    """Find out why a client does not reach the emulator.

    Exits with 1 if it found something.
    """
    findings = [
        *_about_prefix(prefix, [SDKS[sdk]] if sdk else list(SDKS.values())),
        *_about_server(prefix or "http://127.0.0.1:8585"),
        *_about_proxies(prefix),
    ]
    for finding in findings:
        click.echo(f"- {finding}")
    if not findings:
        click.echo("Nothing wrong was found.")
    raise SystemExit(1 if findings else 0)


def _about_prefix(prefix: str, sdks: list[Sdk]) -> list[str]:
    if not prefix:
        return [
            f"{PREFIX_VARIABLE} is not set, so every SDK calls production. "
            "Run: eval $(smartpay-sandbox env --sdk NAME)"
        ]
    parts = urlsplit(prefix)
    root = f"{parts.scheme}://{parts.netloc}"
    return [
        f"The {sdk.name} SDK ignores {prefix} and silently calls production: the "
        f"text 'api.smartpay' has to be in it. Use {root}{sdk.path}"
        for sdk in sdks
        if falls_back(sdk, prefix)
    ]


def _about_server(prefix: str) -> list[str]:
    parts = urlsplit(prefix)
    if parts.scheme != "http" or not parts.hostname:
        return [f"{prefix} is not an http:// URL, so it was not tried."]
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
        return [f"What answers at {parts.netloc} is not an emulator."]
    return []


def _about_proxies(prefix: str) -> list[str]:
    host = urlsplit(prefix).hostname or "127.0.0.1"
    exempt = os.environ.get("NO_PROXY", os.environ.get("no_proxy", ""))
    used = [name for name in ("HTTP_PROXY", "http_proxy") if os.environ.get(name)]
    if used and host not in exempt.split(","):
        return [
            f"{used[0]} is set and NO_PROXY does not name {host}, so clients may ask "
            f"the proxy for it. Set NO_PROXY={host}"
        ]
    return []
