"""Two or more things side by side, within 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from smartpay_mock.testing.explaining import WIDTH

_GAP = "  "


def side_by_side(rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return rows as a table: a label, then one cell per thing, wrapped.

    Rows whose cells are all the same say so once.

    Args:
        rows: Label and cells; every row has as many cells.
    """
    labels = max(len(label) for label, _ in rows)
    count = max(len(cells) for _, cells in rows)
    room = WIDTH - 2 - labels - len(_GAP) * count
    width = room // count
    lines = []
    for label, cells in rows:
        wrapped = [_wrap(cell, width) for cell in cells]
        for number in range(max(len(cell) for cell in wrapped)):
            parts = [label if number == 0 else ""]
            parts[0] = f"  {parts[0]:<{labels}}"
            parts += [
                f"{cell[number] if number < len(cell) else '':<{width}}"
                for cell in wrapped
            ]
            lines.append(_GAP.join(parts).rstrip())
    return "\n".join(lines)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False) or ["-"]
