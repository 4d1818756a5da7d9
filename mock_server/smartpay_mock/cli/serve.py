"""``serve``: the emulator until it is stopped."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from smartpay_mock.cli.options import settings_from, settings_options
from smartpay_mock.cli.serving import SERVERS, Addresses
from smartpay_mock.control.guard import is_loopback
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.ids import new_password
from smartpay_mock.kernel.settings import Settings, environment_name
from smartpay_mock.server.sandbox import API_PATH
from smartpay_mock.twins import find_mutant


@click.command(context_settings={"max_content_width": 80})
@settings_options
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port here once ready, for scripts.",
)
@click.option(
    "--ca-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the CA of HTTPS here once ready, for clients to trust.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON line when ready.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing at all.")
def command(
    port_file: Path | None,
    ca_file: Path | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Run the emulator until it is stopped (Ctrl-C, SIGTERM).

    Prints a line for each call of the API, with why it was refused and what was odd
    about it; granian's processes print none.
    """
    settings = _server_chosen(settings_from(flags), flags)
    if not is_loopback(settings.host) and not settings.admin_token:
        settings = replace(settings, admin_token=new_password())
    if ca_file and not settings.tls:
        raise SandboxUsageError("--ca-file is for HTTPS: add --tls.")

    def announce(at: Addresses) -> None:
        if ca_file and at.certificates:
            _write_whole(ca_file, at.certificates.ca_path.read_text().rstrip())
        if port_file:
            _write_whole(port_file, at.root_url.rpartition(":")[2])
        if not quiet:
            click.echo(_ready_text(at, settings, as_json=as_json))

    is_told = not (quiet or as_json)
    SERVERS[settings.server](settings, announce, say=click.echo if is_told else None)
    if is_told:
        click.echo("Stopped.")


def _server_chosen(settings: Settings, flags: dict[str, Any]) -> Settings:
    """Return the settings with the server that several processes need."""
    if settings.workers == 1 or settings.server == "granian":
        return settings
    if flags.get("server") or environment_name("server") in os.environ:
        raise SandboxUsageError(
            f"The server 'threads' is one process, not {settings.workers}. Leave "
            "--server out (several workers are granian's), or use --workers 1; "
            "further processes may serve the same --state on ports of their own."
        )
    return replace(settings, server="granian")


def _ready_text(at: Addresses, settings: Settings, *, as_json: bool) -> str:
    # Clients are answered already; they need not wait for these words.
    from smartpay_mock.cli.banner import banner, warning  # noqa: PLC0415 - see above

    ca_path = str(at.certificates.ca_path) if at.certificates else ""
    if as_json:
        ready = {"url": f"{at.root_url}{API_PATH}", "rootUrl": at.root_url}
        if ca_path:
            ready |= {"tlsRootUrl": at.tls_root_url, "caPath": ca_path}
        return json.dumps(ready)
    text = banner(
        at.root_url,
        state=_state_words(settings),
        tls_url=at.tls_root_url,
        ca_path=ca_path,
    )
    if settings.mutant:
        text = f"{warning(find_mutant(settings.mutant))}\n\n{text}"
    if not is_loopback(settings.host):
        text += f"\n  Admin token  {settings.admin_token}\n"
    return text


def _state_words(settings: Settings) -> str:
    if settings.state == "memory:":
        return "in memory; gone when it stops (--state sqlite:///FILE keeps it)"
    is_database = settings.state.startswith("postgres")
    words = "a PostgreSQL database" if is_database else settings.state
    several = f" ({settings.workers} processes of granian)"
    return words + (several if settings.workers > 1 else "")


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or none.

    Raises:
        SandboxUsageError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(text + "\n", encoding="ascii")
        draft.replace(path)
    except OSError as error:
        raise SandboxUsageError(
            f"{path} cannot be written: {error.strerror}. Name a file in a folder "
            "that exists and may be written to."
        ) from error
