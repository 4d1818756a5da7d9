"""``verify``: the contract kit against a running server."""

from __future__ import annotations

import subprocess
import sys

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "max_content_width": 80}
)
@click.option(
    "--target", required=True, help="Base URL, such as http://127.0.0.1:8585/v1."
)
@click.option("--secret-key", envvar="SMARTPAY_SECRET_KEY", help="A test secret key.")
@click.option("--token", help="An active token of that account.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def command(
    target: str, secret_key: str | None, token: str | None, pytest_args: tuple[str, ...]
) -> None:
    """Run the contract kit against a server; further arguments go to pytest.

    Exits with 0 if every clause holds, 1 if some do not, 2 for wrong usage.
    """
    options = {
        "--smartpay-url": target,
        "--smartpay-secret-key": secret_key,
        "--smartpay-token": token,
    }
    arguments = [f"{name}={value}" for name, value in options.items() if value]
    run = [sys.executable, "-m", "pytest", "--pyargs", "smartpay_contracts"]
    finished = subprocess.run(  # noqa: S603 - our own interpreter and package
        [*run, *arguments, *pytest_args], check=False
    )
    raise SystemExit(_EXIT_CODES.get(finished.returncode, finished.returncode))


# pytest's codes -> ours: internal and usage errors are both wrong usage to a caller.
_EXIT_CODES = {4: 2, 5: 2}
