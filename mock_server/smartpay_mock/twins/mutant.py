"""What an evil twin is: a name, the bug it stands for, what it breaks, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartpay_mock.app import Patch


@dataclass(frozen=True, slots=True)
class Mutant:
    """One deliberately broken variant of the emulator.

    Attributes:
        name: In kebab case.
        area: Group of the table, an area of ``clauses.json``.
        bug: What it stands for: a sentence that tells the consequence.
        clauses: Ids of the clauses that it breaks.
        twist: Makes an honest engine the broken one.
    """

    name: str
    area: str
    bug: str
    clauses: tuple[str, ...]
    twist: Patch


@dataclass(frozen=True, slots=True)
class Row:
    """A mutant before it is told its area."""

    name: str
    bug: str
    clauses: tuple[str, ...]
    twist: Patch


def in_area(area: str, *rows: Row) -> tuple[Mutant, ...]:
    """Return the mutants of one area."""
    return tuple(
        Mutant(row.name, area, row.bug, row.clauses, row.twist) for row in rows
    )
