"""The tables of mutants, one file per area of the contract.

A row is: name, the bug it stands for, the clauses it breaks, and how it is made.
"""

from __future__ import annotations

from itertools import chain

from smartpay_mock.twins.catalogue import (
    auth,
    consumer,
    data,
    deliveries,
    discounts,
    endings,
    endpoints,
    errors,
    events,
    idempotency,
    lists,
    orders,
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
)

CATALOGUE: dict[str, Mutant] = {
    mutant.name: mutant for mutant in chain.from_iterable(TABLES)
}
