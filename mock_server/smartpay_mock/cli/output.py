"""What commands print: tables, facts, JSON and moments."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.text import printable

T = TypeVar("T")

COLOURS = {
    **dict.fromkeys(("succeeded", "active", "approved", "delivered"), "green"),
    **dict.fromkeys(("processed", "running", "ok"), "green"),
    **dict.fromkeys(("rejected", "failed", "declined", "declined_softly"), "red"),
    **dict.fromkeys(("blocked", "dropped"), "red"),
    **dict.fromkeys(("requires_authorization", "requires_capture"), "yellow"),
    **dict.fromkeys(("pending", "disabled", "frozen"), "yellow"),
    **dict.fromkeys(("canceled", "deleted", "refunded"), "bright_black"),
}
"""Words with a colour -> the colour."""

limit_option = click.option(
    "--limit",
    "-n",
    type=click.IntRange(1, 100_000),
    default=20,
    show_default=True,
    help="Number to list, the newest.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
"""The option of every command that prints data."""


def print_json(value: Any) -> None:
    """Print a JSON value over several lines."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_list(
    found: Sequence[Any],
    columns: Sequence[str],
    row: Callable[[Any], Sequence[object]],
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Print documents as JSON, or each as a row of a table.

    Args:
        found: The documents.
        columns: The headings.
        row: Returns the cells for a document.
        as_json: Whether to print JSON.
        **options: Those of ``print_table``.
    """
    if as_json:
        print_json(found)
    else:
        print_table(columns, map(row, found), **options)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    empty: str = "",
    optional: int = 0,
) -> None:
    """Print rows below their headings; numbers are on the right.

    Ids are never cut or wrapped.

    Args:
        columns: The headings.
        rows: The cells of each row.
        empty: Printed in place of a table without rows.
        optional: How many of the last columns are left out where they don't fit.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    text = _table(columns, cells, optional) if cells else empty
    for line in text.splitlines():
        click.echo(line.rstrip())


def _table(columns: Sequence[str], rows: list[list[str]], optional: int) -> str:
    from rich.cells import cell_len  # noqa: PLC0415 - slow, for tables only
    from rich.console import Console  # noqa: PLC0415 - likewise
    from rich.table import Table  # noqa: PLC0415 - likewise
    from rich.text import Text  # noqa: PLC0415 - likewise

    console = Console(highlight=False)
    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]
    count = len(columns)
    while optional and sum(widths[:count]) + 2 * (count - 1) > console.width:
        count, optional = count - 1, optional - 1
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(columns[:count]):
        column = [row[number] for row in rows]
        is_name = not any(" " in text for text in column)
        table.add_column(
            name,
            justify="right" if all(map(_is_number, column)) else "left",
            no_wrap=is_name,
            min_width=widths[number] if is_name else None,
        )
    for row in rows:
        table.add_row(*(Text(text, COLOURS.get(text, "")) for text in row[:count]))
    with console.capture() as printed:
        console.print(table)
    return printed.get()


def _is_number(text: str) -> bool:
    return text.lstrip("¥-").replace(",", "").isdigit()


def write_output(text: str, path: Path | None) -> None:
    """Write text to the file of ``--output``; print it without one.

    Raises:
        SandboxUsageError: The file can't be written.
    """
    if path is None:
        click.echo(text)
        return
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise SandboxUsageError(
            f"--output {path}: {error.strerror}. Name a file in a folder that exists."
        ) from None


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


@contextmanager
def progress_bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error while a block runs, if that is a terminal.

    Args:
        what: What is counted.
        total: How many there are.

    Yields:
        A function to call for each that is done.
    """
    from rich.console import Console  # noqa: PLC0415 - slow, for long work only
    from rich.progress import Progress  # noqa: PLC0415 - likewise

    console = Console(stderr=True)
    with Progress(
        console=console,
        transient=True,
        disable=not console.is_terminal,
        redirect_stdout=sys.stdout.isatty(),  # lines of a pipe stay there
    ) as bars:
        task = bars.add_task(what, total=total)
        yield lambda: bars.advance(task)


def with_bar(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """Yield items and show a bar; see ``progress_bar``."""
    with progress_bar(what, total) as advance:
        for item in items:
            yield item
            advance()
