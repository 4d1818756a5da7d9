"""``openapi``: the API, or the control plane, as OpenAPI 3.1."""

from __future__ import annotations

import json

import click

from smartpay_mock.control.describe import describe_admin
from smartpay_mock.control.service import version
from smartpay_schemas.openapi import openapi


@click.command()
@click.option("--url", default="http://127.0.0.1:8585", help="The server it names.")
@click.option("--admin", is_flag=True, help="The control plane instead of the API.")
def command(url: str, admin: bool) -> None:
    """Print the API as OpenAPI 3.1, as JSON."""
    describe = describe_admin if admin else openapi
    document = describe(server_url=url.rstrip("/"), version=version())
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
