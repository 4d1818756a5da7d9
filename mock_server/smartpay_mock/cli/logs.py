"""``logs``: the calls of an account, with the reasons for each answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import click

from smartpay_mock.cli.emulator import on_emulator
from smartpay_mock.cli.log import line_of_entry
from smartpay_mock.cli.output import json_option, limit_option, print_json
from smartpay_mock.cli.stopping import until_stopped
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import AccountClient
from smartpay_schemas import OPERATIONS

Entry = dict[str, Any]

_PAUSE_S = 0.5
_AT_ONCE, _ALL = 100, 100_000


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Print calls as they arrive.")
@click.option(
    "--operation",
    type=click.Choice(list(OPERATIONS)),
    metavar="NAME",
    help="Only calls of this operation, such as create_order.",
)
@click.option(
    "--status", metavar="STATUS", help="Only this status, such as 404 or 4xx."
)
@limit_option
@json_option
@on_emulator
def command(
    *,
    client: AccountClient,
    follow: bool,
    operation: str | None,
    status: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the newest API calls with the reasons of refusals, oldest first.

    With --follow, runs until Ctrl-C; --json then prints one call per line.
    """
    query = {"operation": operation} if operation else {}
    prefix = _prefix(status)

    def read(count: int) -> list[Entry]:
        found = client.admin("GET", "/requests", query={**query, "limit": str(count)})
        return [entry for entry in found if str(entry["status"]).startswith(prefix)]

    newest = read(_ALL if prefix else limit)
    shown = newest[max(0, len(newest) - limit) :]
    if as_json and not follow:
        print_json(shown)
        return
    _show(shown, as_json=as_json)
    if follow:
        for entries in _arriving(read, {entry["id"] for entry in newest}):
            _show(entries, as_json=as_json)
    elif not shown:
        click.echo("No calls.")


def _arriving(read: Any, seen: set[str]) -> Iterator[list[Entry]]:
    """Yield new entries until the command is stopped."""
    should_stop = until_stopped()
    while not should_stop(_PAUSE_S):
        entries = read(_AT_ONCE)
        if len(entries) == _AT_ONCE and entries[0]["id"] not in seen:
            entries = read(_ALL)  # more calls arrived than were read
        yield [entry for entry in entries if entry["id"] not in seen]
        seen |= {entry["id"] for entry in entries}


def _show(entries: list[Entry], *, as_json: bool) -> None:
    for entry in entries:
        if as_json:
            click.echo(json.dumps(entry, ensure_ascii=False))
        else:
            click.echo(line_of_entry(entry).to_text())


def _prefix(status: str | None) -> str:
    """Return how the wanted statuses begin."""
    prefix = (status or "").lower().rstrip("x")
    if status and not re.fullmatch("[1-5](xx|[0-9]x|[0-9]{2})", status.lower()):
        raise SandboxUsageError(
            f"--status {status}: it is not a status. Write it as in 404 or 4xx."
        )
    return prefix
