"""What a mutant is: a name, what its bug would cost, and a patch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import smartpay_schemas

if TYPE_CHECKING:
    from smartpay_mock.app import Patch


class Mutant(NamedTuple):
    """One deliberately broken variant of the emulator.

    Attributes:
        name: In kebab case.
        cost: One sentence that says what this bug would cost a merchant.
        clauses: Ids of the clauses of the contract that it breaks.
        patch: Breaks an application.
    """

    name: str
    cost: str
    clauses: tuple[str, ...]
    patch: Patch

    @property
    def area(self) -> str:
        """Return the area of the contract that its first clause belongs to."""
        return smartpay_schemas.CLAUSES[self.clauses[0]].area
