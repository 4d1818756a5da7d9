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
@click.option("--second-secret-key", help="Another account's, to see them apart.")
@click.option("--public-key", help="A test public key, to see it refused.")
@click.option("--token", help="An active token of that account.")
@click.option("--consumer-email", help="A test consumer, for the consumer's side.")
@click.option("--consumer-password", help="That consumer's password.")
@click.option("--consumer-url", help="Where the consumer's side is, if elsewhere.")
@click.option("--admin-token", help="Of the control plane of an emulator elsewhere.")
@click.option("--call-timeout", metavar="SECONDS", help="Patience with a call: 30.")
@click.option("--rate-limit", metavar="NUMBER", help="Most calls per second.")
@click.option("--html", help="Write the verdicts as one HTML page.", metavar="FILE")
@click.option("--json", help="Write the verdicts as JSON.", metavar="FILE")
@click.option("--junit", help="Write the verdicts as JUnit XML.", metavar="FILE")
@click.option("--markdown", help="Write the summary as Markdown.", metavar="FILE")
@click.option(
    "--parity-file", help="What was seen of a real server, and when.", metavar="FILE"
)
@click.option(
    "--max-parity-age", help="Exit with 11 if that is older: 30d.", metavar="AGE"
)
@click.option("--allow-remote", is_flag=True, help="Check a server elsewhere.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def command(
    pytest_args: tuple[str, ...], allow_remote: bool, **values: str | None
) -> None:
    """Run the contract kit against a server.

    Further arguments go to pytest: -k, -x ... and to the kit, which calls each of
    these options --smartpay-NAME. Exits with 0 if every clause holds, 1 if some do
    not, 2 for wrong usage, 3 if the server was lost, 11 for a stale parity ledger.
    """
    arguments = [f"{_flag_of(name)}={value}" for name, value in values.items() if value]
    arguments += ["--smartpay-allow-remote"] if allow_remote else []
    raise SystemExit(run_kit("smartpay_contracts", [*arguments, *pytest_args]))


# Our words -> the kit's, where they differ.
_FLAGS = {
    "target": "--smartpay-url",
    "html": "--smartpay-report-html",
    "json": "--smartpay-report-json",
    "markdown": "--smartpay-report-markdown",
    "junit": "--junitxml",
}


def _flag_of(name: str) -> str:
    return _FLAGS.get(name, f"--smartpay-{name.replace('_', '-')}")
