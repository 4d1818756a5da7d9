"""All mutants that prove the contract kit, and the clauses that they must break."""

from __future__ import annotations

from collections.abc import Iterable

from tests.mutants import calls, current, generated, objects, variations, webhooks

from smartpay_mock.mutants import mutants
from smartpay_mock.mutants.mutant import Mutant
from smartpay_schemas import CLAUSES

PROOF: tuple[Mutant, ...] = (
    *generated.MUTANTS,
    *variations.MUTANTS,
    *calls.MUTANTS,
    *current.MUTANTS,
    *objects.MUTANTS,
    *webhooks.MUTANTS,
)
ALL: tuple[Mutant, ...] = (*mutants().values(), *PROOF)

UNBREAKABLE = {
    "auth.unknown-key": "the emulator opens an account for every well-formed test key"
}
"""Clauses that no mutant can break, and why."""


def unbroken(broken: Iterable[str]) -> list[str]:
    """Return the documented and observed clauses that are missing in ``broken``."""
    known = set(broken)
    return [
        row.id
        for row in CLAUSES.values()
        if row.checkable
        and row.confidence != "assumed"
        and row.id not in known
        and row.id not in UNBREAKABLE
    ]
