"""``scenario``, ``snapshot`` and ``reset``: the state of an account as a whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO

import click

from smartpay_fixtures.scenarios import scenarios
from smartpay_mock.cli.emulator import on_emulator
from smartpay_mock.cli.output import (
    json_option,
    print_facts,
    print_json,
    print_list,
    write_output,
)
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import AccountClient
from smartpay_mock.testing.seed_data import check_scenario, run_scenario_on


@click.group()
def scenario() -> None:
    """Run a scenario: API calls that prepare an account."""


@scenario.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the scenarios that are included."""
    found = [{"name": n, "summary": one.summary} for n, one in scenarios().items()]
    print_list(found, ("Scenario", "Result"), lambda one: one.values(), as_json=as_json)


@scenario.command()
@click.argument(
    "named",
    metavar="SCENARIO",
    shell_complete=lambda *args: [n for n in scenarios() if n.startswith(args[2])],
)
@json_option
@on_emulator
def run(*, client: AccountClient, named: str, as_json: bool) -> None:
    """Run SCENARIO, by name or as a JSON file; print the ids it created."""
    created = run_scenario_on(client, check_scenario(named))
    if as_json:
        print_json(created)
    elif created:
        print_facts(created)
    else:
        click.echo(f"{named}: done")


@click.group()
def snapshot() -> None:
    """Save the state of an account, or load it."""


@snapshot.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write [default: standard output].",
)
@on_emulator
def save(*, client: AccountClient, output: Path | None) -> None:
    """Save the whole state of the account as JSON."""
    found = client.admin("GET", "/snapshots")
    write_output(json.dumps(found, ensure_ascii=False, indent=1), output)


@snapshot.command()
@click.argument("file", type=click.File(encoding="utf-8"))
@on_emulator
def load(*, client: AccountClient, file: IO[str]) -> None:
    """Replace the whole state of the account by that in FILE (- for input)."""
    try:
        document = json.load(file)
    except ValueError as error:
        raise SandboxUsageError(
            f"snapshot load {file.name}: it is not JSON: {error}. Write it with: "
            "smartpay-sandbox snapshot save --output FILE"
        ) from None
    client.admin("PUT", "/snapshots", body=document)
    click.echo(f"Loaded {len(document['documents'])} documents.")


@click.command()
@on_emulator
def reset(*, client: AccountClient) -> None:
    """Delete everything of the account, its clock and faults too."""
    client.admin("POST", "/reset")
    click.echo("The account is as new.")
