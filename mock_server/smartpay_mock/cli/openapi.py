"""``openapi`` and ``contract``: print the API as OpenAPI 3.1, compare two versions."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import click

from smartpay_mock.control.admin import describe_admin
from smartpay_mock.control.health import version
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_schemas.compare import Change, compare
from smartpay_schemas.openapi import openapi as describe_api

_CURRENT = "current"
_WIDTH = 80


@click.command()
@click.option(
    "--url",
    default="http://127.0.0.1:8585",
    show_default=True,
    help="Root URL to list as the server.",
)
@click.option("--admin", is_flag=True, help="Print the control plane instead.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["json", "yaml"]),
    default="json",
    show_default=True,
    help="Notation of the document.",
)
def openapi(url: str, admin: bool, format_: str) -> None:
    """Print the API as OpenAPI 3.1."""
    describe = describe_admin if admin else describe_api
    document = describe(server_url=url.rstrip("/"), version=version())
    click.echo(_to_yaml(document) if format_ == "yaml" else _to_json(document))


def _to_json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _to_yaml(document: Any) -> str:
    import yaml  # noqa: PLC0415 - slow to import, and for this option only

    # Parts that occur twice are written twice: readers of YAML differ on anchors.
    plain = json.loads(json.dumps(document))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return text.rstrip("\n")


@click.group()
def contract() -> None:
    """Compare versions of the API."""


@contract.command()
@click.argument("old")
@click.argument("new", default=_CURRENT)
@click.option("--json", "as_json", is_flag=True, help="Print the changes as JSON.")
def diff(old: str, new: str, as_json: bool) -> None:
    """List the differences between two versions that break callers.

    OLD and NEW are files that `smartpay-sandbox openapi` wrote, in JSON or YAML. NEW
    defaults to `current`, the installed version. Exits with 1 if a change breaks
    callers.
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
    compatible = [change for change in changes if change.verdict == "compatible"]
    for title, rows in (("Breaking", breaking), ("Compatible", compatible)):
        if rows:
            click.echo(f"{title}:\n")
        for row in rows:
            click.echo(_wrapped(f"{row.where}: {row.what}", "- "))
            click.echo(_wrapped(row.why, "  ") + "\n")
    click.echo(f"{len(breaking)} breaking, {len(compatible)} compatible changes.")


def _wrapped(text: str, head: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=head, subsequent_indent="  ")


def _read(name: str) -> Any:
    if name == _CURRENT:
        return describe_api()
    import yaml  # noqa: PLC0415 - slow to import, and for this command only

    try:
        text = Path(name).read_text(encoding="utf-8")
        document = json.loads(text) if text[:1] == "{" else yaml.safe_load(text)
    except OSError as error:
        raise SandboxUsageError(
            f"Cannot read {name}: {error.strerror}. Write one with: "
            f"smartpay-sandbox openapi > {name}"
        ) from None
    except (ValueError, yaml.YAMLError) as error:
        raise SandboxUsageError(f"{name} is neither JSON nor YAML: {error}.") from None
    if not isinstance(document, dict) or "openapi" not in document:
        raise SandboxUsageError(
            f"{name} is not an OpenAPI document. Write one with: "
            "smartpay-sandbox openapi"
        )
    return document
