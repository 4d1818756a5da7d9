"""``exec``: a command with an emulator around it, in any language."""

from __future__ import annotations

import os
import signal
import subprocess
from types import FrameType

import click

from smartpay_mock.cli.sdks import SDKS, variables
from smartpay_mock.cli.serving import running
from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.kernel.settings import Settings, environment_name

# What shells exit with when there is no such command.
_NOT_FOUND = 127


@click.command(
    context_settings={"ignore_unknown_options": True, "max_content_width": 80}
)
@click.option("--sdk", type=click.Choice(list(SDKS)), default="node", show_default=True)
@click.option("--state", default="memory:", help="As with serve.", show_default=True)
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED)
def command(sdk: str, state: str, argv: tuple[str, ...]) -> None:
    """Start an emulator, run a command, stop it; exits as the command does.

    The command finds SMARTPAY_URL, SMARTPAY_SECRET_KEY, SMARTPAY_PUBLIC_KEY and what
    its SDK reads in its environment.
    """
    secret_key = new_secret_key()
    # ``mutants run -- smartpay-sandbox exec ...`` has the emulator broken.
    mutant = os.environ.get(environment_name("mutant"), "")
    with running(Settings(port=0, state=state, mutant=mutant)) as sandbox:
        values = variables(SDKS[sdk], sandbox.root_url, secret_key)
        environ = {
            **os.environ,
            **values,
            "SMARTPAY_URL": sandbox.url,
            "SMARTPAY_SECRET_KEY": secret_key,
        }
        code = _run(list(argv), environ)
    raise SystemExit(code)


def _run(argv: list[str], environ: dict[str, str]) -> int:
    """Run a command to its end, handing signals on; return its exit code."""
    try:
        child = subprocess.Popen(argv, env=environ)  # noqa: S603 - what the user asked for
    except OSError as error:
        click.echo(
            f"smartpay-sandbox: cannot run {argv[0]}: {error.strerror}", err=True
        )
        return _NOT_FOUND

    def hand_on(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {n: signal.signal(n, hand_on) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code
