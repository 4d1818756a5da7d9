"""The mutants that ship: the bugs that a merchant's own tests can detect."""

from __future__ import annotations

from itertools import chain

from smartpay_mock.mutants.catalogue import (
    idempotency,
    orders,
    payments,
    responses,
    tokens,
    webhooks,
)
from smartpay_mock.mutants.mutant import Mutant
from smartpay_schemas import CLAUSES

_AREAS = list(dict.fromkeys(clause.area for clause in CLAUSES.values()))
_TABLES = (
    idempotency.MUTANTS,
    responses.MUTANTS,
    orders.MUTANTS,
    payments.MUTANTS,
    tokens.MUTANTS,
    webhooks.MUTANTS,
)

# By area, in the order of the contract.
CATALOGUE: dict[str, Mutant] = {
    mutant.name: mutant
    for mutant in sorted(
        chain.from_iterable(_TABLES), key=lambda mutant: _AREAS.index(mutant.area)
    )
}
