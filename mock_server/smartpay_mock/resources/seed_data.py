"""Seed data: the consumers and tokens of a new account."""

from __future__ import annotations

from functools import cache

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.json import encode
from smartpay_mock.resources.context import index_key_of
from smartpay_mock.storage.base import Unit

BORN_MS = 1_665_014_400_000
"""When the standard consumers and tokens were made: 6 October 2022, the day in the
guide's sample. A fixed time, so that runs with a seed and a frozen clock repeat."""


def write_seed_data(unit: Unit) -> None:
    """Put the standard consumers and tokens of ``test_values.json`` into an account.

    Args:
        unit: Of the new account.
    """
    for kind, id_, body, index_key in seed_rows():
        unit.put(kind, id_, body, index_key=index_key)


@cache
def seed_rows() -> list[tuple[str, str, bytes, str | None]]:
    """Return kind, id, body and index key; accounts in memory share the bytes."""
    known, times = sandbox_values(), {"createdAt": BORN_MS, "updatedAt": BORN_MS}
    consumers = [{**row.document(), **times} for row in known.consumers.values()]
    tokens = [
        {**row.document(BORN_MS), "_consumer": row.consumer}
        for row in known.tokens.values()
    ]
    return [
        (kind, document["id"], encode(document), index_key_of(kind, document))
        for kind, documents in (("consumer", consumers), ("token", tokens[::-1]))
        for document in documents
    ]
