"""Tables for a terminal: aligned columns, wide characters counted as two."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width_of(text: str) -> int:
    """Return how many columns a terminal gives ``text``."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text: str, width: int) -> str:
    """Return ``text`` filled with spaces to ``width`` columns."""
    return text + " " * max(0, width - width_of(text))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows below their headers, columns two spaces apart."""
    widths = [
        max(width_of(row[column]) for row in [headers, *rows])
        for column in range(len(headers))
    ]
    ruler = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(
            padded(cell, width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in [headers, ruler, *rows]
    )
