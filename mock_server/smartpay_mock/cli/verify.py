"""``verify``: the contract kit against a running server."""

from __future__ import annotations

import click

from smartpay_mock.cli.kit import run_kit


@click.command(
    context_settings={"ignore_unknown_options": True, "max_content_width": 80}
)
@click.option(
    "--target", required=True, help="Base URL, such as http://127.0.0.1:8585/v1."
)
@click.option("--secret-key", help="A test secret key. [SMARTPAY_SECRET_KEY]")
@click.option("--token", help="An active token of that account.")
@click.option("--html", help="Write the verdicts as one HTML page.", metavar="FILE")
@click.option("--json", help="Write the verdicts as JSON.", metavar="FILE")
@click.option("--junit", help="Write the verdicts as JUnit XML.", metavar="FILE")
@click.option("--allow-remote", is_flag=True, help="Check a server elsewhere.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def command(
    pytest_args: tuple[str, ...], allow_remote: bool, **values: str | None
) -> None:
    """Run the contract kit against a server.

    Further arguments go to the kit and to pytest: --smartpay-consumer-email,
    --smartpay-rate-limit, -k, -x ... Exits with 0 if every clause holds, 1 if some do
    not, 2 for wrong usage, 3 if the server was lost, 11 for a stale parity ledger.
    """
    arguments = [f"{_FLAGS[name]}={value}" for name, value in values.items() if value]
    arguments += ["--smartpay-allow-remote"] if allow_remote else []
    raise SystemExit(run_kit("smartpay_contracts", [*arguments, *pytest_args]))


# Our words -> the kit's.
_FLAGS = {
    "target": "--smartpay-url",
    "secret_key": "--smartpay-secret-key",
    "token": "--smartpay-token",
    "html": "--smartpay-report-html",
    "json": "--smartpay-report-json",
    "junit": "--junitxml",
}
