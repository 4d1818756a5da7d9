"""Tables: printed, and kept in docs/speed.md."""

from __future__ import annotations

import datetime
import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "speed.md"
_BLOCK = "<!-- bench: {name} -->\n(.*?)<!-- end -->"


@dataclass(frozen=True)
class Table:
    """Figures of one benchmark.

    Attributes:
        name: Of its place in the page.
        head: Titles of the columns.
        rows: Its cells; the first column names what was measured.
        note: What to know when reading it.
    """

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def text(self) -> str:
        """Return the table with aligned columns."""
        lines = [list(self.head), *map(list, self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = (
            "  ".join(
                cell.rjust(width) if at else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
            for line in lines
        )
        return "\n".join([*(line.rstrip() for line in shown), self.note]).rstrip()

    def markdown(self) -> str:
        """Return the table as the page has it."""
        rule = ["---", *["--:"] * (len(self.head) - 1)]
        lines = [self.head, rule, *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"{table}\n\n{self.note}\n" if self.note else f"{table}\n"


def keep(table: Table) -> None:
    """Put a table in its place in the page, with when and where it was measured."""
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(_BLOCK.format(name=re.escape(table.name)), re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE} has no place for the table {table.name!r}.")
    block = (
        f"<!-- bench: {table.name} -->\n{table.markdown()}\n*{origin()}*\n<!-- end -->"
    )
    PAGE.write_text(pattern.sub(lambda _: block, page), encoding="utf-8")


def origin() -> str:
    """Return when a figure was measured, on what, and of which commit."""
    git = ["git", "-C", str(PAGE.parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"{today}, commit {commit.strip() or 'unknown'}, {machine()}, "
        f"Python {platform.python_version()}."
    )


def machine() -> str:
    """Return cores, processor, memory and kernel of this machine, as words."""
    cpu = re.search(r"model name\s*: (.*)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    words = [
        f"{os.cpu_count()} cores" + (f" ({cpu[1].strip()})" if cpu else ""),
        f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "",
        f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
    ]
    return ", ".join(filter(None, words))


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Return minimum, median and maximum in one cell."""
    three = (min(values), statistics.median(values), max(values))
    return " / ".join(f"{value:,.{digits}f}" for value in three)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
