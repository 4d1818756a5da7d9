"""``trigger``: cause an event of any type on a running emulator."""

from __future__ import annotations

import json
from typing import Any

import click

from smartpay_fixtures import sandbox_values
from smartpay_mock.cli.control import call_control
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import environment_name
from smartpay_schemas import EVENTS


def _list_types(ctx: click.Context, _option: object, is_wanted: bool) -> None:
    if is_wanted:
        for row in EVENTS.values():
            click.echo(f"{row.type:<30} {row.when}")
        ctx.exit()


@click.command()
@click.argument("type_", metavar="TYPE")
@click.option("--object-id", help="Object of the event [default: an example object].")
@click.option(
    "--data", metavar="JSON", help="Members of the object to replace, as JSON object."
)
@click.option(
    "--url",
    default="http://127.0.0.1:8585",
    show_default=True,
    help="URL of the emulator.",
)
@click.option(
    "--secret-key",
    default=lambda: sandbox_values().secret_key,
    show_default="the documented test key",
    help="Secret key of the account.",
)
@click.option(
    "--admin-token",
    envvar=environment_name("admin_token"),
    default="",
    help="Admin token of an emulator that listens beyond loopback.",
)
@click.option("--ca-file", help="CA certificate of an emulator with HTTPS.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_types,
    help="List the types of events and exit.",
)
def command(
    type_: str,
    object_id: str | None,
    data: str | None,
    url: str,
    **options: Any,
) -> None:
    """Cause an event of TYPE and print it.

    The emulator sends it to each webhook endpoint that subscribes to the type.

    Usage: smartpay-sandbox trigger payout.paid
    """
    body: dict[str, Any] = {"type": type_}
    if object_id:
        body["objectId"] = object_id
    if data:
        try:
            body["data"] = json.loads(data)
        except ValueError as error:
            raise SandboxUsageError(f"--data is not JSON: {error}.") from error
    root_url = url.rstrip("/").removesuffix("/v1")
    made = call_control(root_url, "/events", body, **options)
    click.echo(json.dumps(made["event"], ensure_ascii=False, indent=2))
    click.echo(f"Webhook deliveries: {len(made['deliveries'])}", err=True)
