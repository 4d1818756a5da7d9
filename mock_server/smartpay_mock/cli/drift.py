"""``drift``: where two servers differ, field by field."""

from __future__ import annotations

import click

from smartpay_mock.cli.kit import run_kit


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Play the same calls against two servers and show real differences only."""
    raise SystemExit(run_kit("smartpay_contracts.drift", arguments))
