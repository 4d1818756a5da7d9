"""Coverage for people and programs: a table, a JSON document, one HTML page."""

from __future__ import annotations

import html
import json
import textwrap
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from smartpay_mock.testing.coverage import Path, operations_in, paths_there_are
from smartpay_mock.testing.explaining import WIDTH
from smartpay_schemas import ERRORS, OPERATIONS

VERSION = 1
_LABEL = 24
_HARD_SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a suite has seen of what there is.

    Attributes:
        seen: How often each path was taken.
        asked: The operations that count; empty: those that were called.
    """

    seen: Counter[Path]
    asked: Collection[str] = ()

    @property
    def operations(self) -> Collection[str]:
        """The operations that count."""
        return self.asked or operations_in(self.seen)

    @property
    def paths(self) -> list[Path]:
        """Every path through them, and what was seen of them beside the tables.

        Some refusals may meet any operation, and time may take steps that none did.
        """
        known = paths_there_are(self.operations)
        return known + sorted(filter(self._is_theirs, self.seen.keys() - set(known)))

    def _is_theirs(self, path: Path) -> bool:
        if path.area == "operation":
            # What a fault made up is no refusal of the API's.
            return path.subject in self.operations and path.name in ERRORS
        # Whose step it was is not known: it counts unless some were asked for.
        return not self.asked

    @property
    def covered(self) -> int:
        """How many of the paths were taken."""
        return sum(self.seen[path] > 0 for path in self.paths)

    @property
    def percent(self) -> float:
        """The share of the paths that were taken, in percent; 100 of none."""
        total = len(self.paths)
        return 100.0 if total == 0 else 100 * self.covered / total

    @property
    def not_called(self) -> list[str]:
        """The operations that nobody called."""
        called = operations_in(self.seen)
        return [name for name in OPERATIONS if name not in called]

    def groups(self) -> list[tuple[str, list[Path]]]:
        """Return the paths by operation, lifecycle, and the faults together."""
        groups: dict[str, list[Path]] = {}
        for path in self.paths:
            groups.setdefault(_heading(path), []).append(path)
        return list(groups.items())


def _heading(path: Path) -> str:
    headings: Mapping[str, str] = {
        "operation": path.subject,
        "lifecycle": f"{path.subject} lifecycle",
        "fault": "faults",
    }
    return headings[path.area]


def _name(path: Path) -> str:
    return f"{path.subject} {path.name}" if path.area == "fault" else path.name


def as_text(coverage: Coverage) -> str:
    """Return a table within 80 columns: what was seen, and what never was."""
    lines = []
    for heading, paths in coverage.groups():
        seen = [p for p in paths if coverage.seen[p]]
        missing = [_name(p) for p in paths if not coverage.seen[p]]
        told = [f"{_name(path)} ({coverage.seen[path]})" for path in seen]
        lines.append(f"{heading:<{_LABEL}} {len(seen)} of {len(paths)}")
        lines += _row("seen", told)
        lines += _row("never", missing)
    lines.append(_verdict(coverage))
    if coverage.not_called:
        lines += textwrap.wrap(
            f"Not called: {', '.join(coverage.not_called)}.",
            WIDTH,
            subsequent_indent="  ",
        )
    return "\n".join(lines)


def _row(label: str, names: list[str]) -> list[str]:
    if not names:
        return []
    # A name is not broken: textwrap knows no other space than the plain one.
    lines = textwrap.wrap(
        ", ".join(name.replace(" ", _HARD_SPACE) for name in names),
        WIDTH,
        initial_indent=f"  {label:<6}",
        subsequent_indent=" " * 8,
        break_on_hyphens=False,
    )
    return [line.replace(_HARD_SPACE, " ") for line in lines]


def _verdict(coverage: Coverage) -> str:
    return (
        f"{coverage.covered} of {len(coverage.paths)} payment paths were seen, "
        f"{coverage.percent:.1f} %."
    )


def as_document(coverage: Coverage) -> dict[str, Any]:
    """Return the JSON document: totals, and every path with its count."""
    return {
        "version": VERSION,
        "paths": len(coverage.paths),
        "covered": coverage.covered,
        "percent": round(coverage.percent, 2),
        "notCalled": coverage.not_called,
        "seen": [
            {
                "area": path.area,
                "subject": path.subject,
                "name": path.name,
                "times": coverage.seen[path],
            }
            for path in coverage.paths
        ],
    }


def as_json(coverage: Coverage) -> str:
    """Return the JSON document as text."""
    return json.dumps(as_document(coverage), indent=2) + "\n"


_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Payment-path coverage</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; }}
h2 {{ font-size: 1rem; margin: 1.2rem 0 .3rem; }}
li {{ display: inline-block; margin: .15rem; padding: .1rem .5rem; }}
ul {{ list-style: none; margin: 0; padding: 0; }}
.seen {{ background: #d8f0de; color: #10431f; }}
.never {{ background: #fbe3e0; color: #6b1710; }}
.never::before {{ content: "never: "; }}
</style>
<h1>Payment-path coverage</h1>
<p>{verdict}</p>
{groups}
<p>Not called: {not_called}</p>
</html>
"""


def as_html(coverage: Coverage) -> str:
    """Return one page that needs no other file."""
    groups = "\n".join(
        f"<h2>{html.escape(heading)}</h2>\n<ul>{_items(coverage, paths)}</ul>"
        for heading, paths in coverage.groups()
    )
    return _PAGE.format(
        verdict=html.escape(_verdict(coverage)),
        groups=groups,
        not_called=html.escape(", ".join(coverage.not_called) or "none"),
    )


def _items(coverage: Coverage, paths: list[Path]) -> str:
    items = []
    for path in paths:
        times = coverage.seen[path]
        kind = "seen" if times else "never"
        count = f" ({times})" if times else ""
        items.append(f'<li class="{kind}">{html.escape(_name(path))}{count}</li>')
    return "".join(items)


# form -> writes it, and the file it goes to unless another one is named
FORMS: dict[str, tuple[Callable[[Coverage], str], str]] = {
    "html": (as_html, "smartpay-coverage.html"),
    "json": (as_json, "smartpay-coverage.json"),
}
