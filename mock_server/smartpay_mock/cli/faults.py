"""``faults`` and ``fault``: the fault plans of an account."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import click

from smartpay_mock.cli.emulator import ids_of, on_emulator
from smartpay_mock.cli.output import json_option, print_json, print_list
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import ALL_KINDS, MATCHING, Fault
from smartpay_mock.testing.client import AccountClient
from smartpay_schemas import OPERATIONS

_HELP = {
    "status": "HTTP status to answer [default: 503].",
    "retry_after": "Value of Retry-After: seconds or a date.",
    "body": "JSON object to answer.",
    "ms": "Delay, in milliseconds.",
    "jitter_ms": "Further random delay up to this, in milliseconds.",
    "p95_ms": "Delay that 5 % of the calls exceed, in milliseconds.",
    "virtual": "Advance the clock of the account instead of waiting.",
}
"""Option of a kind -> its help."""
_NAMED = re.compile(rf"\b({'|'.join(_HELP)}): ")


def _kind_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add each option of a kind of fault to a command."""
    for name in reversed(_HELP):
        kinds = " or ".join(kind for kind, row in ALL_KINDS.items() if name in row)
        is_switch = name == "virtual"
        command = click.option(
            "--" + name.replace("_", "-"),
            name,
            is_flag=is_switch,
            default=None,
            metavar=None if is_switch else "VALUE",
            help=f"For {kinds}: {_HELP[name]}",
        )(command)
    return command


@click.command()
@json_option
@on_emulator
def faults(*, client: AccountClient, as_json: bool) -> None:
    """List the fault plans, and how many calls met each."""
    _show(client.admin("GET", "/faults"), as_json=as_json)


@click.group()
def fault() -> None:
    """Add or remove fault plans."""


@fault.command()
@click.argument("operation", type=click.Choice([*OPERATIONS, "*"]), metavar="OPERATION")
@click.argument("kind", type=click.Choice(list(ALL_KINDS)), metavar="KIND")
@click.option(
    "--after-commit",
    is_flag=True,
    help="Carry the request out, then break its answer.",
)
@click.option(
    "--times",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Number of calls that meet it; 0 for all.",
)
@click.option(
    "--after",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Number of matching calls that pass before it.",
)
@click.option(
    "--match",
    "matches",
    multiple=True,
    metavar="NAME=VALUE",
    help=f"Only calls with this value; repeatable. NAME: {', '.join(MATCHING)}, or a "
    "JSON pointer.",
)
@_kind_options
@json_option
@on_emulator
def add(
    *,
    client: AccountClient,
    operation: str,
    kind: str,
    after_commit: bool,
    matches: tuple[str, ...],
    as_json: bool,
    **values: Any,
) -> None:
    """Plan a fault for the next call of OPERATION, or of * for any.

    \b
    KIND is one of:
      status             answer an error
      latency            answer late
      reset, empty       break the connection before the answer
      half, broken_json  cut the answer
      timeout            never answer
      approve, decline, decline_softly
                         decide the charge

    Usage: smartpay-sandbox fault add create_order reset --after-commit
    """  # noqa: D301 - click keeps the lines of a block after \\b
    body = {name: _value(value) for name, value in values.items() if value is not None}
    body |= {"operation": operation, "kind": kind, "matching": _matching(matches)}
    if after_commit:
        body["when"] = "after_commit"
    try:
        found = client.admin("POST", "/faults", body=body)
    except SandboxUsageError as error:
        raise SandboxUsageError(_NAMED.sub(_as_typed, str(error))) from None
    if as_json:
        print_json(found)
    else:
        _show([found])


@fault.command()
@click.argument(
    "fault_ids", metavar="[ID]...", nargs=-1, shell_complete=ids_of("/faults")
)
@click.option("--all", "is_all", is_flag=True, help="Remove every fault plan.")
@on_emulator
def remove(*, client: AccountClient, fault_ids: tuple[str, ...], is_all: bool) -> None:
    """Remove fault plans by ID, or all."""
    if bool(fault_ids) == is_all:
        raise SandboxUsageError("fault remove: name the ID of a fault plan, or --all.")
    if is_all:
        client.admin("DELETE", "/faults")
    for id_ in fault_ids:
        client.admin("DELETE", "/faults/{id}", id_=id_)
    click.echo("Removed every fault." if is_all else f"Removed {', '.join(fault_ids)}.")


def _as_typed(found: re.Match[str]) -> str:
    return f"--{found[1].replace('_', '-')}: "


def _show(faults: list[dict[str, Any]], *, as_json: bool = False) -> None:
    print_list(
        faults,
        ("Fault", "Plan", "Met"),
        lambda one: (one["id"], _plan(one), _met(one)),
        as_json=as_json,
        empty="No faults. Add one: smartpay-sandbox fault add create_order reset",
    )


def _value(text: Any) -> Any:
    """Return the value of an option: a number or an object if it is one."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _matching(matches: tuple[str, ...]) -> dict[str, Any]:
    pairs = [match.partition("=") for match in matches]
    for name, sign, _ in pairs:
        if not sign:
            raise SandboxUsageError(
                f"--match {name}: it has no value. Write NAME=VALUE, such as "
                "--match reference=A-17."
            )
    return {name: _value(text) for name, _, text in pairs}


def _plan(document: dict[str, Any]) -> str:
    return Fault(**document).describe().replace("_commit", " commit")


def _met(document: dict[str, Any]) -> str:
    return f"{document['met']} of {document['times'] or 'all'}"
