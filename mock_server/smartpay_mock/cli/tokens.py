"""``tokens`` and ``token``: the tokens of an account, and how they decide."""

from __future__ import annotations

from typing import Any

import click

from smartpay_mock.cli.emulator import ids_of, on_emulator
from smartpay_mock.cli.output import (
    coloured,
    json_option,
    print_json,
    print_list,
)
from smartpay_mock.testing.client import AccountClient

Document = dict[str, Any]

_ACTIONS: dict[str, tuple[dict[str, str], str]] = {
    "enable": (
        {"status": "active", "decision": "approved"},
        "Make a token active and approve its charges.",
    ),
    "disable": ({"status": "disabled"}, "Disable a token."),
    "decline": (
        {"status": "active", "decision": "declined"},
        "Decline the charges of a token from now on.",
    ),
}
"""Name of a command -> the change of the token, and its help."""


@click.command()
@json_option
@on_emulator
def tokens(*, client: AccountClient, as_json: bool) -> None:
    """List the tokens of the account, and what decides on their charges."""
    consumers = {one["id"]: one for one in client.admin("GET", "/consumers")}
    print_list(
        client.admin("GET", "/tokens"),
        ("Token", "Status", "Decision", "Consumer"),
        lambda one: (one["id"], one["status"], one["decision"], _state(one, consumers)),
        as_json=as_json,
        empty="No tokens.",
    )


def _state(token: Document, consumers: dict[str, Document]) -> str:
    consumer = consumers.get(token["consumer"], {})
    return consumer["decision"] if consumer.get("active") else "not active"


@click.group()
def token() -> None:
    """Enable, disable or decline a token."""


def _add_action(name: str, change: dict[str, str], help_: str) -> None:
    @token.command(name, help=help_)
    @click.argument("token_id", metavar="ID", shell_complete=ids_of("/tokens"))
    @json_option
    @on_emulator
    def action(*, client: AccountClient, token_id: str, as_json: bool) -> None:
        found = client.admin("PATCH", "/tokens/{id}", id_=token_id, body=change)
        if as_json:
            print_json(found)
            return
        status, decision = map(coloured, (found["status"], found["decision"]))
        click.echo(f"{found['id']}: {status}, charges are {decision}")


for _name, (_change, _help) in _ACTIONS.items():
    _add_action(_name, _change, _help)
