"""``serve``: run the emulator until it is stopped."""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from smartpay_fixtures import sandbox_values
from smartpay_mock.cli.console import Console, banner, warning
from smartpay_mock.cli.log import FORMATS
from smartpay_mock.cli.printer import Printer
from smartpay_mock.cli.servers import RunningServer, recorded, write
from smartpay_mock.cli.stopping import until_stopped
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.hosts import is_loopback
from smartpay_mock.kernel.ids import new_password
from smartpay_mock.kernel.settings import (
    Settings,
    environment_name,
    load_settings,
    read_setting,
)
from smartpay_mock.mutants import broken_app, find_mutant
from smartpay_mock.resources.webhook_endpoints import start_secret
from smartpay_mock.server import Sandbox, allow_descriptors, make_certificates
from smartpay_mock.server.sandbox import API_PATH

if TYPE_CHECKING:
    from flask import Flask

    from smartpay_mock.server import Certificates


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a running emulator.

    Attributes:
        root_url: Scheme and authority.
        tls_root_url: The HTTPS address; empty without HTTPS.
        certificates: The CA that HTTPS clients have to trust; ``None`` without HTTPS.
    """

    root_url: str
    tls_root_url: str = ""
    certificates: Certificates | None = None

    def server(self, settings: Settings) -> RunningServer:
        """Return what commands need to call the emulator."""
        return RunningServer(
            self.root_url,
            admin_token="" if is_loopback(settings.host) else settings.admin_token,
            ca_file=str(self.certificates.ca_path) if self.certificates else "",
        )


OnReady = Callable[[Addresses], None]


def flag_name(setting: str) -> str:
    """Return the flag of a setting."""
    return "--" + setting.replace("_", "-")


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add one flag per setting to a command."""
    for row in reversed(fields(Settings)):
        is_switch = isinstance(row.default, bool)
        default = "none" if row.default in {"", None, ()} else row.default
        notes = f"[default: {default}; env: {environment_name(row.name)}]"
        if is_switch:
            notes = f"[env: {environment_name(row.name)}]"
        command = click.option(
            flag_name(row.name),
            row.name,
            is_flag=is_switch,
            default=None,
            metavar=None if is_switch else "VALUE",
            help=f"{row.metadata['help']} {notes}",
        )(command)
    return command


def settings_from(flags: dict[str, Any]) -> Settings:
    """Return the settings from flags and environment.

    Raises:
        SandboxUsageError: A value is invalid.
    """
    values = {
        name: read_setting(name, value, origin=flag_name(name))
        if isinstance(value, str)
        else value
        for name, value in flags.items()
        if value is not None
    }
    return load_settings(**values)


@dataclass(frozen=True, slots=True)
class Log:
    """What is printed of calls and deliveries; a worker of granian starts its own.

    Attributes:
        prints_calls: Whether anything is printed.
        is_verbose: Whether calls of the control plane and tracebacks are, too.
        format: ``text`` or ``json``.
    """

    prints_calls: bool
    is_verbose: bool
    format: str = "text"

    def attach(self, app: Flask, printer: Printer) -> None:
        """Print the calls and deliveries of an application from now on."""
        from smartpay_mock.app import application_of  # noqa: PLC0415 - imports Flask

        if self.is_verbose:
            logging.basicConfig(format="%(message)s")
            logging.getLogger("smartpay_mock").setLevel(logging.DEBUG)
        if self.prints_calls:
            console = Console(
                app.wsgi_app,
                printer,
                format_=self.format,
                has_control=self.is_verbose,
            )
            app.wsgi_app = console  # type: ignore[method-assign]  # Flask's way
            application_of(app).deliverer.report = console.print_delivery

    def make_app(self, settings: Settings) -> Flask:
        """Return the application for a worker of granian, which prints its calls."""
        from multiprocessing.util import Finalize  # noqa: PLC0415 - in workers only

        app, printer = make_app(settings), Printer()
        Finalize(None, printer.close, exitpriority=0)
        self.attach(app, printer)
        return app


@click.command(context_settings={"max_content_width": 80})
@settings_options
@click.option(
    "--port-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the port to this file when ready.",
)
@click.option(
    "--ca-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --tls, write the CA certificate to this file when ready.",
)
@click.option(
    "--scenario",
    default="",
    metavar="FILE",
    help="Run a scenario at the start: a JSON file, or the name of a scenario. It runs "
    "on each of --accounts; without them, on the documented test key.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print only one line of JSON, when ready."
)
@click.option(
    "--log-format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Format of the log; json prints an object per line, also when ready.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing.")
@click.option(
    "--verbose",
    "-v",
    is_flag=True,
    help="Print calls of the control plane and tracebacks of failures too.",
)
def command(
    *,
    port_file: Path | None,
    ca_file: Path | None,
    scenario: str,
    as_json: bool,
    log_format: str,
    quiet: bool,
    verbose: bool,
    **flags: Any,
) -> None:
    """Run the emulator until Ctrl-C or SIGTERM.

    Prints a line for each API call: time, status, path, duration and result, with the
    reasons of a refusal or a decline and the advice about the request; and a line for
    each attempt to deliver a webhook.
    """
    settings = _choose_server(settings_from(flags), flags)
    token = "" if settings.admin_token or is_loopback(settings.host) else new_password()
    if token and quiet:
        raise SandboxUsageError(
            f"--host {settings.host} needs an admin token, and --quiet would not print "
            "a generated one. Set --admin-token (SMARTPAY_SANDBOX_ADMIN_TOKEN)."
        )
    settings = replace(settings, admin_token=token or settings.admin_token)
    if ca_file and not settings.tls:
        raise SandboxUsageError("--ca-file needs HTTPS. Add --tls.")

    play_scenario = _scenario_player(scenario, settings)

    def on_ready(at: Addresses) -> None:
        play_scenario(at)
        write(record, at.server(settings))
        if ca_file and at.certificates:
            _write_whole(ca_file, at.certificates.ca_path.read_text().rstrip())
        if port_file:
            _write_whole(port_file, at.root_url.rpartition(":")[2])
        if not quiet:
            is_json = as_json or log_format == "json"
            ready = _ready_json if is_json else _ready_text
            printer(ready(at, settings, token))

    log, printer = Log(not (quiet or as_json), verbose, log_format), Printer()
    with recorded() as record:
        _serve(settings, on_ready, log, printer)


def _serve(settings: Settings, on_ready: OnReady, log: Log, printer: Printer) -> None:
    """Serve until a signal comes, then print what is left to print."""
    run_server = _serve_fast if settings.server == "granian" else _serve_threads
    allow_descriptors()
    try:
        run_server(settings, on_ready, log, printer)
        if log.prints_calls:
            is_json = log.format == "json"
            printer('{"kind": "stopped"}' if is_json else "Stopped.")
    finally:
        printer.close()


@contextmanager
def running(settings: Settings) -> Iterator[Sandbox]:
    """Run an emulator in this process for the time of a block.

    Raises:
        SandboxUsageError: The address or the state is not available, or the mutant
            is unknown.
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


def make_app(settings: Settings) -> Flask:
    """Return the application, or a mutant of it if the settings name one."""
    from smartpay_mock.app import create_app  # noqa: PLC0415 - imports Flask

    return broken_app(settings) or create_app(settings)


def _serve_threads(
    settings: Settings, on_ready: OnReady, log: Log, printer: Printer
) -> None:
    """Serve from threads of this process until a signal comes."""
    with running(settings) as sandbox:
        log.attach(sandbox.app, printer)
        at = Addresses(sandbox.root_url)
        if settings.tls:
            at = Addresses(at.root_url, sandbox.tls_root_url, sandbox.certificates)
        wait_for_signal = until_stopped()
        on_ready(at)
        wait_for_signal(-1)
    gc.freeze()  # or the state would be searched for garbage, for seconds


def _serve_fast(
    settings: Settings, on_ready: OnReady, log: Log, _printer: Printer
) -> None:
    """Serve from processes of granian until a signal comes."""
    if settings.tls_port:
        raise SandboxUsageError(
            "granian serves either HTTP or HTTPS: with --tls, HTTPS on --port. "
            "Leave out --tls-port, or use --server threads to serve both."
        )
    if settings.mutant:
        find_mutant(settings.mutant)
    from smartpay_mock.server import granian  # noqa: PLC0415 - an extra

    certificates = make_certificates() if settings.tls else None
    failures: list[Exception] = []

    def granian_is_ready(url: str) -> None:
        try:
            on_ready(Addresses(url, url if certificates else "", certificates))
        except Exception as error:
            failures.append(error)
            os.kill(os.getpid(), signal.SIGTERM)

    granian.serve_granian(
        settings,
        certificates=certificates,
        on_ready=granian_is_ready,
        make_app=log.make_app,
    )
    if failures:
        raise failures[0]


def _scenario_player(named: str, settings: Settings) -> OnReady:
    """Return a function that runs a scenario on the accounts of a served emulator.

    Args:
        named: A scenario, by name or as the path of a JSON file; empty for none.
        settings: The settings of the emulator.

    Raises:
        SandboxUsageError: There is neither such a scenario nor such a file. The
            function raises it for a step that is refused.
    """
    if not named:
        return lambda _at: None
    from smartpay_mock.testing.seed_data import (  # noqa: PLC0415 - with --scenario only
        check_scenario,
        run_scenario_on,
    )

    scenario = check_scenario(named)

    def play(at: Addresses) -> None:
        from smartpay_mock.cli.emulator import client_of  # noqa: PLC0415 - likewise

        for key in settings.accounts or (sandbox_values().secret_key,):
            run_scenario_on(client_of(at.server(settings), key), scenario)

    return play


def _choose_server(settings: Settings, flags: dict[str, Any]) -> Settings:
    """Return the settings, with granian for several workers."""
    if settings.workers == 1 or settings.server == "granian":
        return settings
    if flags.get("server") or environment_name("server") in os.environ:
        raise SandboxUsageError(
            f"--server threads runs one process, not {settings.workers}. Use "
            "--server granian or --workers 1. Other emulators can serve the same "
            "--state on other ports."
        )
    return replace(settings, server="granian")


def _ready_json(at: Addresses, settings: Settings, admin_token: str) -> str:
    """Return addresses and secrets, and the admin token if it was generated."""
    ready = {"kind": "ready", "url": f"{at.root_url}{API_PATH}", "rootUrl": at.root_url}
    if at.certificates:
        ready["tlsRootUrl"] = at.tls_root_url
        ready["caPath"] = str(at.certificates.ca_path)
    if settings.webhook:
        ready["webhookSecret"] = start_secret(settings)
    if admin_token:
        ready["adminToken"] = admin_token
    return json.dumps(ready)


def _ready_text(at: Addresses, settings: Settings, _admin_token: str) -> str:
    facts, ca_path = {"State": _describe_state(settings)}, ""
    if at.certificates:
        ca_path = str(at.certificates.ca_path)
        facts["HTTPS"] = f"{at.tls_root_url}{API_PATH}, CA {ca_path}"
    if settings.webhook:
        facts["Webhooks"] = f"{settings.webhook}, secret {start_secret(settings)}"
    if not is_loopback(settings.host):
        way = "also" if settings.reaches_loopback else "not"
        facts["Admin token"] = settings.admin_token
        facts["Webhooks to"] = f"{way} to this machine (--webhooks-loopback)"
    text = banner(at.root_url, facts, ca_path=ca_path)
    if settings.mutant:
        text = f"{warning(find_mutant(settings.mutant))}\n\n{text}"
    return text


def _describe_state(settings: Settings) -> str:
    if settings.state == "memory:":
        return "in memory, lost on exit (--state sqlite:///FILE keeps it)"
    is_database = settings.state.startswith("postgres")
    words = "a PostgreSQL database" if is_database else settings.state
    several = f" ({settings.workers} processes of granian)"
    return words + (several if settings.workers > 1 else "")


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or none.

    Raises:
        SandboxUsageError: The file can't be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(text + "\n", encoding="ascii")
        draft.replace(path)
    except OSError as error:
        raise SandboxUsageError(
            f"Cannot write {path}: {error.strerror}. Name a file in a folder that "
            "exists and is writable."
        ) from error
