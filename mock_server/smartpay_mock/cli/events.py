"""``events``, ``trigger``, ``webhooks`` and ``webhook``: what is sent to receivers."""

from __future__ import annotations

import json
from typing import Any

import click

from smartpay_mock.cli.emulator import ids_of, on_emulator
from smartpay_mock.cli.output import (
    coloured,
    json_option,
    limit_option,
    print_json,
    print_list,
    print_table,
    short_time,
)
from smartpay_mock.events.outbox import STATES
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import AccountClient
from smartpay_schemas import EVENTS

event_type = click.Choice(list(EVENTS))


@click.command()
@click.option(
    "--type", "type_", type=event_type, metavar="TYPE", help="Only this type."
)
@limit_option
@json_option
@on_emulator
def events(
    *, client: AccountClient, type_: str | None, limit: int, as_json: bool
) -> None:
    """List the newest events, oldest first."""
    found = client.admin("GET", "/events")
    found = [one for one in found if type_ in {None, one["type"]}][-limit:]
    print_list(
        found,
        ("Created", "Type", "Object", "Event"),
        lambda one: (
            short_time(one["createdAt"]),
            one["type"],
            one["objectId"],
            one["id"],
        ),
        as_json=as_json,
        empty="No events.",
        optional=1,
    )


def _list_types(ctx: click.Context, _option: object, is_wanted: bool) -> None:
    if is_wanted:
        print_table(("Type", "When"), ((row.type, row.when) for row in EVENTS.values()))
        ctx.exit()


@click.command()
@click.argument("type_", metavar="TYPE", type=event_type)
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
def trigger(
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


@click.command()
@click.option("--state", type=click.Choice(list(STATES)), help="Only in this state.")
@limit_option
@json_option
@on_emulator
def webhooks(
    *, client: AccountClient, state: str | None, limit: int, as_json: bool
) -> None:
    """List the newest deliveries of webhooks, oldest first."""
    query = {"state": state} if state else {}
    found = client.admin("GET", "/webhooks/deliveries", query=query)[-limit:]
    print_list(
        found,
        ("Delivery", "Type", "State", "Answer", "URL"),
        lambda one: (one["id"], one["type"], one["state"], _answer(one), one["url"]),
        as_json=as_json,
        empty="No deliveries. Add an endpoint with: smartpay-sandbox listen "
        "--forward-to URL",
        optional=1,
    )


@click.group()
def webhook() -> None:
    """Send a webhook again."""


@webhook.command()
@click.argument("id_", metavar="ID", shell_complete=ids_of("/webhooks/deliveries"))
@json_option
@on_emulator
def resend(*, client: AccountClient, id_: str, as_json: bool) -> None:
    """Send a delivery again, now."""
    found = client.admin("POST", "/webhooks/deliveries/{id}/replay", id_=id_)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['id']}: {coloured(found['state'])}, to {found['url']}")


def _answer(delivery: dict[str, Any]) -> str:
    """Return the answer to the last attempt."""
    last = (delivery["attempts"] or [{}])[-1]
    return str(last.get("status") or ("none" if "error" in last else "-"))
