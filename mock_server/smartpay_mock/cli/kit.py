"""``verify`` and ``drift``: run the contract kit, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import click

_FLAGS = {
    "target": "--smartpay-url",
    "html": "--smartpay-report-html",
    "json": "--smartpay-report-json",
    "markdown": "--smartpay-report-markdown",
    "junit": "--junitxml",
}
"""Options of ``verify`` that the kit has under another name than --smartpay-NAME."""


def run_kit(module: str, arguments: Sequence[str]) -> int:
    """Run a module of the kit and return its exit code.

    Args:
        module: ``smartpay_contracts`` or one of its modules.
        arguments: Its command line.
    """
    # -P: modules of the current folder are not imported in place of installed ones.
    command = [sys.executable, "-P", "-m", module, *arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own package


@click.command(
    context_settings={"ignore_unknown_options": True, "max_content_width": 80}
)
@click.option(
    "--target", required=True, help="Base URL, such as http://127.0.0.1:8585/v1."
)
@click.option("--secret-key", help="Test secret key [env: SMARTPAY_SECRET_KEY].")
@click.option("--second-secret-key", help="Key of another account, to test isolation.")
@click.option("--public-key", help="Test public key, to test that it is refused.")
@click.option("--token", help="Active token of the account.")
@click.option("--consumer-email", help="Test consumer who pays and approves.")
@click.option("--consumer-password", help="Password of the test consumer.")
@click.option("--consumer-url", help="Root URL of the consumer API, if elsewhere.")
@click.option("--admin-token", help="Admin token of an emulator on another host.")
@click.option(
    "--call-timeout", metavar="SECONDS", help="Timeout per call [default: 30]."
)
@click.option(
    "--operations",
    metavar="NAMES",
    help="Check only these resources or operations, such as orders,tokens.",
)
@click.option("--rate-limit", metavar="NUMBER", help="Maximum of calls per second.")
@click.option("--html", help="Write the report as one HTML page.", metavar="FILE")
@click.option("--json", help="Write the report as JSON.", metavar="FILE")
@click.option("--junit", help="Write the report as JUnit XML.", metavar="FILE")
@click.option("--markdown", help="Write the summary as Markdown.", metavar="FILE")
@click.option(
    "--parity-file",
    metavar="FILE",
    help="Keep when each clause was last checked against a real server.",
)
@click.option(
    "--max-parity-age",
    metavar="AGE",
    help="Exit with 11 if a clause was last checked before this, such as 30d.",
)
@click.option("--allow-remote", is_flag=True, help="Allow a server on another host.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def verify(
    pytest_args: tuple[str, ...], allow_remote: bool, **values: str | None
) -> None:
    """Run the contract kit against a server.

    Other arguments go to pytest, such as -k and -x. Exits with 0 if every clause
    holds, 1 if one does not, 2 for wrong usage or if no clause was checked, 3 if the
    server was lost, 11 if the parity file is too old.
    """
    arguments = [
        f"{_FLAGS.get(name, '--smartpay-' + name.replace('_', '-'))}={value}"
        for name, value in values.items()
        if value
    ]
    arguments += ["--smartpay-allow-remote"] if allow_remote else []
    raise SystemExit(run_kit("smartpay_contracts", [*arguments, *pytest_args]))


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def drift(arguments: tuple[str, ...]) -> None:
    """Compare two servers, field by field."""
    raise SystemExit(run_kit("smartpay_contracts.drift", arguments))
