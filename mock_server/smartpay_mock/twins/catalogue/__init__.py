"""The tables of mutants, one file per area of the contract.

A row is: name, the bug it stands for, the clauses it breaks, and how it is made.
"""

from __future__ import annotations

from itertools import chain

from smartpay_mock.twins.catalogue import (
    auth,
    choices,
    consumer,
    data,
    deliveries,
    discounts,
    endings,
    endpoints,
    errors,
    events,
    idempotency,
    limits,
    lists,
    orders,
    outsiders,
    payments,
    references,
    refunds,
    service,
    sessions,
    shapes,
    tokens,
    tolerance,
)
from smartpay_mock.twins.mutant import Mutant
from smartpay_schemas import CLAUSES

TABLES = (
    service.MUTANTS,
    auth.MUTANTS,
    errors.MUTANTS,
    idempotency.MUTANTS,
    lists.MUTANTS,
    references.MUTANTS,
    data.MUTANTS,
    shapes.MUTANTS,
    tolerance.MUTANTS,
    orders.MUTANTS,
    endings.MUTANTS,
    payments.MUTANTS,
    refunds.MUTANTS,
    tokens.MUTANTS,
    sessions.MUTANTS,
    consumer.MUTANTS,
    discounts.MUTANTS,
    endpoints.MUTANTS,
    events.MUTANTS,
    deliveries.MUTANTS,
    choices.MUTANTS,
    limits.MUTANTS,
    outsiders.MUTANTS,
)

_AREAS = list(dict.fromkeys(clause.area for clause in CLAUSES.values()))

# By area, in the contract's order of areas; within one, in the order of the tables.
CATALOGUE: dict[str, Mutant] = {
    mutant.name: mutant
    for mutant in sorted(
        chain.from_iterable(TABLES), key=lambda mutant: _AREAS.index(mutant.area)
    )
}
