"""The emulator that a command acts on: options to name it, and how it is found."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

import click

from smartpay_fixtures import sandbox_values
from smartpay_mock.cli.servers import RunningServer, find_running
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.hosts import SMARTPAY, is_below
from smartpay_mock.kernel.ids import is_secret_key
from smartpay_mock.kernel.settings import environment_name
from smartpay_mock.testing.client import API_PATH, AccountClient
from smartpay_mock.testing.remote import NO_ANSWER, RemoteEmulator

DEFAULT_URL = "http://127.0.0.1:8585"
_HINTS = {
    NO_ANSWER: "Start one with 'smartpay-sandbox serve', or name its address with "
    "--url.",
    401: "Name the key with --secret-key and the token with --admin-token.",
}


def root_url_of(url: str, *, option: str = "--url") -> str:
    """Return scheme and authority of an emulator's URL, with or without ``/v1``.

    Args:
        url: As the user wrote it.
        option: Its option, for the message.

    Raises:
        SandboxUsageError: It is no such URL.
    """
    root_url = url.rstrip("/").removesuffix(API_PATH)
    try:
        parts = urlsplit(root_url)
        is_root = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_root = False
    if not is_root or parts.scheme not in {"http", "https"} or parts.path:
        raise SandboxUsageError(
            f"{option} {url!r} is not the URL of an emulator. Write scheme, host and "
            f"port, such as {DEFAULT_URL}."
        )
    return root_url


def secret_key_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names the account."""
    return click.option(
        "--secret-key",
        envvar="SMARTPAY_SECRET_KEY",
        default=lambda: sandbox_values().secret_key,
        show_default="the documented test key",
        show_envvar=True,
        help="Secret key of the account.",
    )(command)


url_option = click.option(
    "--url",
    envvar="SMARTPAY_URL",
    show_default="the one started last",
    show_envvar=True,
    help="URL of the emulator.",
)

_OPTIONS = (
    url_option,
    secret_key_option,
    click.option(
        "--admin-token",
        envvar=environment_name("admin_token"),
        default="",
        help="Admin token of an emulator that listens beyond loopback and was not "
        "started here.",
    ),
    click.option(
        "--ca-file",
        metavar="FILE",
        default="",
        help="CA certificate of an emulator with HTTPS.",
    ),
)


def on_emulator(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name emulator and account; pass ``client`` for them."""

    @wraps(command)
    def call(**values: Any) -> None:
        names = ("url", "secret_key", "admin_token", "ca_file")
        client = connect(**{name: values.pop(name) for name in names})
        command(client=client, **values)

    for option in reversed(_OPTIONS):
        call = option(call)
    return call


def connect(
    *, url: str | None, secret_key: str, admin_token: str = "", ca_file: str = ""
) -> AccountClient:
    """Return a client for the named emulator, or for the one started last.

    Raises:
        SandboxUsageError: URL or key are not valid, or no emulator runs.
    """
    if not is_secret_key(secret_key):
        raise SandboxUsageError(
            "--secret-key is not a test key, such as sk_test_4eC39. Live keys are "
            "never sent to an emulator."
        )
    server = _named(url) if url else _started_last()
    return client_of(
        RunningServer(
            server.url,
            admin_token=admin_token or server.admin_token,
            ca_file=ca_file or server.ca_file,
        ),
        secret_key,
    )


def client_of(server: RunningServer, secret_key: str) -> AccountClient:
    """Return a client for an account of a running emulator."""
    emulator = RemoteEmulator(
        server.url,
        admin_token=server.admin_token,
        ca_file=server.ca_file or None,
        hints=_HINTS,
    )
    return AccountClient(emulator, secret_key)


def _named(url: str) -> RunningServer:
    root_url = root_url_of(url)
    if is_below(urlsplit(root_url).hostname or "", SMARTPAY):
        raise SandboxUsageError(
            f"--url {url} is Smartpay's own service, and this command is for "
            "emulators. Name an emulator, or unset SMARTPAY_URL."
        )
    known = [server for server in find_running()[0] if server.url == root_url]
    return known[0] if known else RunningServer(root_url)


def _started_last() -> RunningServer:
    running, stale = find_running()
    for server in stale:
        click.echo(f"The emulator at {server.url} has ended.", err=True)
    if not running:
        return RunningServer(DEFAULT_URL)
    if len(running) > 1:
        click.echo(
            f"{len(running)} emulators run. This is about the one started last, "
            f"{running[0].url}; name another one with --url.",
            err=True,
        )
    return running[0]


def ids_of(path: str) -> Callable[..., list[str]]:
    """Return a function for ``shell_complete`` that offers ids of the emulator.

    Args:
        path: Below ``/__admin``; lists the documents.
    """

    def complete(
        ctx: click.Context, _parameter: click.Parameter, incomplete: str
    ) -> list[str]:
        key = ctx.params.get("secret_key") or sandbox_values().secret_key
        try:
            with redirect_stderr(io.StringIO()):  # the user is typing
                client = connect(url=ctx.params.get("url"), secret_key=key)
                found = [one["id"] for one in client.admin("GET", path)]
        except SandboxUsageError:
            return []
        return [id_ for id_ in found if id_.startswith(incomplete)]

    return complete
