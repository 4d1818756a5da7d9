"""``contract diff``: which changes of the API break those who call it."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import click

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_schemas.compare import Change, compare
from smartpay_schemas.openapi import openapi

_CURRENT = "current"
_WIDTH = 80


@click.group()
def command() -> None:
    """Look after the contract itself."""


@command.command()
@click.argument("old")
@click.argument("new", default=_CURRENT)
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def diff(old: str, new: str, as_json: bool) -> None:
    """Say which differences between two versions break callers.

    OLD and NEW are files as `smartpay-sandbox openapi` prints them; NEW may be left
    out, or be `current`, for the installed version. Exits with 1 if anything breaks.
    """
    changes = compare(_read(old), _read(new))
    breaking = [change for change in changes if change.verdict == "breaking"]
    if as_json:
        rows = [{name: getattr(c, name) for name in c.__slots__} for c in changes]
        click.echo(json.dumps(rows, indent=2))
    else:
        _show(changes, breaking)
    raise SystemExit(1 if breaking else 0)


def _show(changes: list[Change], breaking: list[Change]) -> None:
    harmless = [change for change in changes if change.verdict == "compatible"]
    for title, rows in (("Breaking", breaking), ("Compatible", harmless)):
        if rows:
            click.echo(f"{title}:\n")
        for row in rows:
            click.echo(_wrapped(f"{row.where}: {row.what}", "- "))
            click.echo(_wrapped(row.why, "  ") + "\n")
    click.echo(f"{len(breaking)} breaking, {len(harmless)} compatible changes.")


def _wrapped(text: str, head: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=head, subsequent_indent="  ")


def _read(name: str) -> Any:
    if name == _CURRENT:
        return openapi()
    try:
        document = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxUsageError(
            f"{name} cannot be read: {error.strerror}. Write one with: "
            f"smartpay-sandbox openapi > {name}"
        ) from None
    except ValueError as error:
        raise SandboxUsageError(f"{name} is not JSON: {error}.") from None
    if not isinstance(document, dict) or "openapi" not in document:
        raise SandboxUsageError(
            f"{name} is no OpenAPI document; write one with: smartpay-sandbox openapi"
        )
    return document
