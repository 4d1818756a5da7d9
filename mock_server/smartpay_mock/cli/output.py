"""What commands print: tables, facts, JSON and moments."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from smartpay_mock.kernel.text import printable

COLOURS = {
    **dict.fromkeys(("succeeded", "active", "approved", "delivered"), "green"),
    **dict.fromkeys(("processed", "running", "met"), "green"),
    **dict.fromkeys(("rejected", "failed", "declined", "declined_softly"), "red"),
    **dict.fromkeys(("blocked", "dropped"), "red"),
    **dict.fromkeys(("requires_authorization", "requires_capture"), "yellow"),
    **dict.fromkeys(("pending", "disabled", "frozen"), "yellow"),
    **dict.fromkeys(("canceled", "deleted", "refunded"), "bright_black"),
}
"""Words with a colour -> the colour."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""The option of every command that prints data."""


def has_colour() -> bool:
    """Return whether the user accepts colours: see https://no-color.org."""
    return not os.environ.get("NO_COLOR")


def print_json(value: Any) -> None:
    """Print a JSON value over several lines."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = ""
) -> None:
    """Print rows below their headings; numbers are on the right.

    Ids are never cut or wrapped.

    Args:
        columns: The headings.
        rows: The cells of each row.
        empty: Printed in place of a table without rows.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        click.echo(empty)
        return
    from rich.console import Console  # noqa: PLC0415 - slow, for tables only
    from rich.table import Table  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(columns):
        column = [row[number] for row in cells]
        is_number = all(text.lstrip("¥-").replace(",", "").isdigit() for text in column)
        is_name = not any(" " in text for text in column)
        table.add_column(
            name, justify="right" if is_number else "left", no_wrap=is_name
        )
    for row in cells:
        styles = [COLOURS.get(text, "").replace("bright_black", "dim") for text in row]
        table.add_row(*map(Text, row, styles))
    console = Console(highlight=False)
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())


def print_facts(facts: Mapping[str, object]) -> None:
    """Print named values below each other; empty ones are left out."""
    shown = {name: value for name, value in facts.items() if value not in {None, ""}}
    width = max(map(len, shown))
    for name, value in shown.items():
        click.echo(f"{name:{width}}  {coloured(value)}")


def coloured(word: object) -> str:
    """Return a word in its colour."""
    text = printable(word)
    return click.style(text, fg=COLOURS[text]) if text in COLOURS else text


def money(amount: int) -> str:
    """Return an amount of yen."""
    return f"¥{amount:,}"


def moment(at_ms: int) -> datetime:
    """Return a moment in the user's time zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()


def short_time(at_ms: int) -> str:
    """Return day and time of a moment, for a table."""
    return f"{moment(at_ms):%m-%d %H:%M:%S}"


def long_time(at_ms: int) -> str:
    """Return a moment with its time zone."""
    return f"{moment(at_ms):%Y-%m-%d %H:%M:%S %z}"
