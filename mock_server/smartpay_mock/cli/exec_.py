"""``exec``: run a command with an emulator."""

from __future__ import annotations

import os
import signal
import subprocess
from types import FrameType

import click

from smartpay_mock.cli.sdks import SDKS, sdk_option, variables
from smartpay_mock.cli.serve import running
from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.kernel.settings import Settings, environment_name

# The exit code of shells for an unknown command.
_NOT_FOUND = 127


@click.command(
    context_settings={"ignore_unknown_options": True, "max_content_width": 80}
)
@sdk_option
@click.option(
    "--state",
    default="memory:",
    show_default=True,
    help="Store: memory:, sqlite:///FILE or postgresql://...",
)
@click.option(
    "--tls",
    is_flag=True,
    help="Serve HTTPS too; the command trusts its CA. Needed by the SDKs' live suites.",
)
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED)
def command(*, sdk: str, state: str, tls: bool, argv: tuple[str, ...]) -> None:
    """Start an emulator, run a command, stop the emulator.

    Sets SMARTPAY_URL, SMARTPAY_SECRET_KEY, SMARTPAY_PUBLIC_KEY, NO_PROXY and the
    variables of the SDK and its live suite for the command. Exits with the exit code
    of the command.
    """
    secret_key = new_secret_key()
    # ``mutants run -- smartpay-sandbox exec ...`` sets the mutant.
    mutant = os.environ.get(environment_name("mutant"), "")
    with running(Settings(port=0, state=state, mutant=mutant, tls=tls)) as sandbox:
        row, trust, tls_root_url = SDKS[sdk], {}, ""
        if tls:
            tls_root_url = sandbox.tls_root_url
            trust = sandbox.certificates.environment
        values = variables(row, sandbox.root_url, secret_key, tls_root_url=tls_root_url)
        environ = {**os.environ, **values, **trust}
        code = _run(list(argv), environ)
    raise SystemExit(code)


def _run(argv: list[str], environ: dict[str, str]) -> int:
    """Run a command to its end, passing on signals; return its exit code."""
    try:
        child = subprocess.Popen(argv, env=environ)  # noqa: S603 - the user's command
    except OSError as error:
        click.echo(
            f"smartpay-sandbox: cannot run {argv[0]}: {error.strerror}", err=True
        )
        return _NOT_FOUND

    def pass_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {n: signal.signal(n, pass_on) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code
