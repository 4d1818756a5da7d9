"""The account's consumers: found by their e-mail address.

Source: *assumed*; the real API shows merchants no consumers.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources.base import Context

Document = dict[str, Any]


def consumer_of(ctx: Context, email_address: str) -> Document:
    """Return the account's consumer with this address; make one if there is none."""
    address = email_address.casefold()
    rows = ctx.unit.page("consumer", limit=1, index_key=address)
    if rows:
        return ctx.find("consumer", rows[0].id)
    consumer = {
        "id": ctx.ids.new("consumer"),
        "object": "consumer",
        "emailAddress": email_address,
        "active": True,
        "decision": "approved",
        "createdAt": ctx.now,
    }
    keep_consumer(ctx, consumer)
    return consumer


def keep_consumer(ctx: Context, consumer: Document) -> None:
    """Keep a consumer where the address finds it."""
    ctx.save("consumer", consumer, owner=consumer["emailAddress"].casefold())
