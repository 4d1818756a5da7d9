"""``verify``: run the contract kit, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from smartpay_mock.cli.output import json_option
from smartpay_mock.cli.servers import RunningServer
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.hosts import is_loopback

_PREFIX = "--smartpay-"
_NAMES = {"target": "url"}
"""Options of ``verify`` that the kit has under another name."""

REPORTS = {
    ".html": "--smartpay-report-html",
    ".json": "--smartpay-report-json",
    ".md": "--smartpay-report-markdown",
    ".xml": "--junitxml",
}
"""End of a file's name -> option of the kit for a report of this form."""


def run_kit(arguments: Sequence[str], *, to_stderr: bool = False) -> int:
    """Run the kit and return its exit code; its errors name the options of ``verify``.

    Args:
        arguments: Its command line.
        to_stderr: Whether its output goes to standard error.
    """
    # -P: modules of the current folder are not imported in place of installed ones.
    command = [sys.executable, "-P", "-m", "smartpay_contracts", *arguments]
    done = subprocess.run(  # noqa: S603 - our own package
        command,
        check=False,
        stdout=sys.stderr.fileno() if to_stderr else None,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SMARTPAY_AS_VERIFY": "1"},
    )
    errors = done.stderr
    for name, kits in _NAMES.items():
        errors = errors.replace(_PREFIX + kits, f"--{name}")
    click.echo(errors.replace(_PREFIX, "--"), nl=False, err=True)
    return done.returncode


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
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    help="Write a report; repeatable. The name ends in .html, .json, .md (summary) or "
    ".xml (JUnit).",
)
@json_option
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
    *,
    target: str,
    outputs: tuple[str, ...],
    as_json: bool,
    allow_remote: bool,
    pytest_args: tuple[str, ...],
    **values: str | None,
) -> None:
    """Run the contract kit against a server.

    Other arguments go to pytest, such as -k and -x. With --json, the results are
    printed as JSON, and the progress on standard error. Exits with 0 if every clause
    holds, 1 if one does not, 2 for wrong usage or if no clause was checked, 3 if the
    server was lost, 11 if the parity file is too old.
    """
    _check_answers(target)
    arguments = [
        f"{_PREFIX}{_NAMES.get(name, name).replace('_', '-')}={value}"
        for name, value in {"target": target, **values}.items()
        if value
    ]
    arguments += [f"{_report_option(output)}={output}" for output in outputs]
    arguments += ["--smartpay-allow-remote"] if allow_remote else []
    if not as_json:
        raise SystemExit(run_kit([*arguments, *pytest_args]))
    with tempfile.TemporaryDirectory(prefix="smartpay-verify-") as folder:
        report = Path(folder) / "report.json"
        arguments.append(f"{REPORTS['.json']}={report}")
        code = run_kit([*arguments, *pytest_args], to_stderr=True)
        if report.exists():
            click.echo(report.read_text(encoding="utf-8"), nl=False)
    raise SystemExit(code)


def _report_option(output: str) -> str:
    end = os.path.splitext(output)[1]
    if end not in REPORTS:
        raise SandboxUsageError(
            f"--output {output}: unknown form of a report. Let the name end in "
            f"{', '.join(REPORTS)}."
        )
    return REPORTS[end]


def _check_answers(target: str) -> None:
    """Check at once that something listens on this machine; the kit checks the rest.

    Raises:
        SandboxUsageError: Nothing does.
    """
    try:
        parts = urlsplit(target)
        is_here = parts.port is not None and is_loopback(parts.hostname or "")
    except ValueError:
        return  # the kit says what is wrong
    if is_here and not RunningServer(target).answers():
        raise SandboxUsageError(
            f"Nothing answers at --target {target}. Start the server, or correct the "
            "address; 'smartpay-sandbox serve' starts an emulator."
        )
