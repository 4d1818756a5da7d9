"""``serve``: the emulator until it is stopped."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from smartpay_mock.cli.banner import banner, warning
from smartpay_mock.cli.options import settings_from, settings_options
from smartpay_mock.control.guard import is_loopback
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.ids import new_password
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.server import Sandbox
from smartpay_mock.twins import broken_app, find_mutant


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
@click.option("--quiet", "-q", is_flag=True, help="Say nothing when ready.")
def command(
    port_file: Path | None,
    ca_file: Path | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Run the emulator until it is stopped (Ctrl-C, SIGTERM)."""
    settings = settings_from(flags)
    if not is_loopback(settings.host) and not settings.admin_token:
        settings = replace(settings, admin_token=new_password())
    if settings.server == "granian":
        _serve_fast(settings)
        return
    if ca_file and not settings.tls:
        raise SandboxUsageError("--ca-file is for HTTPS: add --tls.")
    with running(settings) as sandbox:
        if ca_file:
            _write_whole(ca_file, sandbox.certificates.ca_path.read_text().rstrip())
        if port_file:
            _write_whole(port_file, sandbox.root_url.rpartition(":")[2])
        if not quiet:
            click.echo(_ready_text(sandbox, settings, as_json=as_json))
        _wait_for_signal()
    if not quiet and not as_json:
        click.echo("Stopped.")


def _serve_fast(settings: Settings) -> None:
    if settings.mutant:
        raise SandboxUsageError("--mutant needs the other server: --server threads.")
    from smartpay_mock.server.fast import serve_fast  # noqa: PLC0415 - an extra

    serve_fast(settings)


@contextmanager
def running(settings: Settings) -> Iterator[Sandbox]:
    """Run an emulator in this process for the time of a block.

    Raises:
        SandboxUsageError: The address or the state cannot be had, or there is no such
            mutant.
    """
    sandbox = Sandbox(
        settings,
        app=broken_app(settings),
        host=settings.host,
        port=settings.port,
        tls=settings.tls,
        tls_port=settings.tls_port,
    )
    with sandbox:
        yield sandbox


def _ready_text(sandbox: Sandbox, settings: Settings, *, as_json: bool) -> str:
    if as_json:
        ready = {"url": sandbox.url, "rootUrl": sandbox.root_url}
        if settings.tls:
            ready["tlsRootUrl"] = sandbox.tls_root_url
            ready["caPath"] = str(sandbox.certificates.ca_path)
        return json.dumps(ready)
    text = banner(
        sandbox.root_url,
        state=_state_words(settings.state),
        tls_url=sandbox.tls_root_url if settings.tls else "",
        ca_path=str(sandbox.certificates.ca_path) if settings.tls else "",
    )
    if settings.mutant:
        text = f"{warning(find_mutant(settings.mutant))}\n\n{text}"
    if not is_loopback(settings.host):
        text += f"\n  Admin token  {settings.admin_token}\n"
    return text


def _state_words(state: str) -> str:
    if state == "memory:":
        return "in memory; gone when it stops (--state sqlite:///FILE keeps it)"
    return "a PostgreSQL database" if state.startswith("postgres") else state


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or none."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text + "\n", encoding="ascii")
    draft.replace(path)


def _wait_for_signal() -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
