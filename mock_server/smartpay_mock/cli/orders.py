"""``orders`` and ``order``: the orders of an account, and all about one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from smartpay_mock.cli.emulator import ids_of, on_emulator
from smartpay_mock.cli.output import (
    coloured,
    json_option,
    limit_option,
    long_time,
    moment,
    money,
    print_facts,
    print_json,
    print_list,
    print_table,
    short_time,
)
from smartpay_mock.kernel.text import printable
from smartpay_mock.testing.client import AccountClient
from smartpay_schemas import LIFECYCLES

Document = dict[str, Any]


@click.command()
@click.option(
    "--status",
    type=click.Choice(LIFECYCLES["order"].states),
    help="Only orders in this status.",
)
@limit_option
@json_option
@on_emulator
def orders(
    *, client: AccountClient, status: str | None, limit: int, as_json: bool
) -> None:
    """List the newest orders, oldest first."""
    query = {"limit": str(limit), **({"status": status} if status else {})}
    print_list(
        client.admin("GET", "/orders", query=query),
        ("Created", "Order", "Status", "Amount"),
        lambda one: (
            short_time(one["createdAt"])[:-3],
            one["id"],
            one["status"],
            money(one["amount"]),
        ),
        as_json=as_json,
        empty="No orders. The curl line that serve prints creates one.",
    )


@click.command()
@click.argument("order_id", metavar="ID", shell_complete=ids_of("/orders"))
@json_option
@on_emulator
def order(*, client: AccountClient, order_id: str, as_json: bool) -> None:
    """Show an order: its amounts, its items, and what happened to it."""
    found = client.admin("GET", "/orders/{id}", id_=order_id)
    if as_json:
        print_json(found)
        return
    refunds = _refunds(client, found)
    print_facts(_facts(found, refunds))
    click.echo()
    print_table(
        ("Item", "Quantity", "Price"),
        (
            (_name(one), one.get("quantity", 1), money(one["amount"]))
            for one in found["lineItems"]
        ),
    )
    click.echo()
    parts = [found, *found["payments"], *refunds]
    history = _history(client, {part["id"] for part in parts})
    for at, text in sorted(history, key=lambda row: row[0]):
        click.echo(f"{moment(at):%m-%d %H:%M:%S}  {text}")


def _facts(order: Document, refunds: list[Document]) -> Document:
    captured, refunded = (
        money(sum(part["amount"] for part in parts))
        for parts in (order["payments"], refunds)
    )
    expires = order.get("expiresAt")
    return {
        "Order": order["id"],
        "Status": order["status"],
        "Amount": f"{money(order['amount'])}, captured {captured}, refunded {refunded}",
        "Created": long_time(order["createdAt"]),
        "Expires": long_time(expires) if expires else "",
        "Reference": order.get("reference"),
        "Token": order.get("tokenId"),
    }


def _name(item: Document) -> str:
    product = item.get("price", {}).get("product", {})
    return str(product.get("name") or item.get("description") or item["kind"])


def _refunds(client: AccountClient, order: Document) -> list[Document]:
    payments = {one["id"] for one in order["payments"]}
    found: list[Document] = client.admin("GET", "/refunds") if payments else []
    return [refund for refund in found if refund["payment"] in payments]


def _history(client: AccountClient, ids: set[str]) -> Iterator[tuple[int, str]]:
    """Yield time and text of each call, event and delivery about some objects."""
    for call in client.admin("GET", "/requests"):
        if any(id_ in call["path"] + call["body"] + call["answer"] for id_ in ids):
            text = f"{call['method']} {printable(call['path'])} {call['status']}"
            yield call["at"], f"{text} {printable(call['result'])}".rstrip()
    events = [e for e in client.admin("GET", "/events") if e["objectId"] in ids]
    for event in events:
        yield event["createdAt"], f"event {event['type']}"
    known = {event["id"] for event in events}
    for delivery in client.admin("GET", "/webhooks/deliveries"):
        if delivery["event"] in known:
            text = f"webhook {delivery['type']} to {printable(delivery['url'])}"
            yield delivery["createdAt"], f"{text} {coloured(delivery['state'])}"
