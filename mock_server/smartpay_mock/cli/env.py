"""``env``: what points an SDK or a client at an emulator."""

from __future__ import annotations

import shlex

import click

from smartpay_fixtures import sandbox_values
from smartpay_mock.cli.sdks import SDKS, variables


@click.command()
@click.option("--url", default="http://127.0.0.1:8585", help="The emulator's address.")
@click.option(
    "--sdk", type=click.Choice(list(SDKS)), default="python", show_default=True
)
@click.option("--secret-key", default="", help="The account; the guide's by default.")
def command(url: str, sdk: str, secret_key: str) -> None:
    """Print the variables that point an SDK at an emulator, for eval."""
    root_url = url.rstrip("/").removesuffix("/v1")
    values = variables(SDKS[sdk], root_url, secret_key or sandbox_values().secret_key)
    for name, value in values.items():
        click.echo(f"export {name}={shlex.quote(value)}")
