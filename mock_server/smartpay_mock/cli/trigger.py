"""``trigger``: cause an event of any type on a running emulator."""

from __future__ import annotations

import json
from typing import Any

import click

from smartpay_mock.cli.emulator import on_emulator
from smartpay_mock.cli.output import print_json
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import AccountClient
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
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_types,
    help="List the types of events and exit.",
)
@on_emulator
def command(
    *, client: AccountClient, type_: str, object_id: str | None, data: str | None
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
    made = client.admin("POST", "/events", body=body)
    print_json(made["event"])
    click.echo(f"Webhook deliveries: {len(made['deliveries'])}", err=True)
