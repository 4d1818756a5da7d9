"""Text for people to read within 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

WIDTH = 80
_GAP = "  "


def fill(text: str) -> str:
    """Return text wrapped at 80 columns; words with hyphens stay whole."""
    return "\n".join(wrap(text))


def wrap(text: str, first: str = "", rest: str = "") -> list[str]:
    """Return text as lines of at most 80 columns; words with hyphens stay whole.

    Args:
        text: The text.
        first: Indent, or label, of the first line.
        rest: Indent of the other lines.
    """
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as ``2 charges``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def columns(rows: Sequence[Sequence[str]], *, ruler: bool = True) -> str:
    """Return rows as a table, columns two spaces apart, headers first.

    Args:
        rows: The headers, then the cells of each row.
        ruler: Whether a line of dashes stands below the headers.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ruled = [("-" * width for width in widths)] if ruler else []
    return "\n".join(
        _GAP.join(
            f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in [rows[0], *ruled, *rows[1:]]
    )


def side_by_side(rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return rows as a table: a label, then one wrapped cell per thing to compare.

    Args:
        rows: Label and cells; every row has as many cells.
    """
    labels = max(len(label) for label, _ in rows)
    count = max(len(cells) for _, cells in rows)
    width = (WIDTH - 2 - labels - len(_GAP) * count) // count
    lines = []
    for label, cells in rows:
        wrapped = [
            textwrap.wrap(cell, width, break_on_hyphens=False) or ["-"]
            for cell in cells
        ]
        for number in range(max(map(len, wrapped))):
            parts = [f"  {label if number == 0 else '':<{labels}}"]
            parts += [
                f"{cell[number] if number < len(cell) else '':<{width}}"
                for cell in wrapped
            ]
            lines.append(_GAP.join(parts).rstrip())
    return "\n".join(lines)
