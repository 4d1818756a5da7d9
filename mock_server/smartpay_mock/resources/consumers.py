"""Consumers: log in, found by e-mail address. Used by the SDKs' live suites.

Source: SDK live suites for the routes; the bodies of their answers are *assumed*. The
real API doesn't show consumers to merchants.
"""

from __future__ import annotations

from typing import Any

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.clock import HOUR_MS
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.json import encode
from smartpay_mock.resources.context import Context

Document = dict[str, Any]

# How long a consumer stays logged in; assumed.
LOGIN_MS = 24 * HOUR_MS
_PRUNED_AT_ONCE = 2


def consumer_login(ctx: Context, _params: dict[str, str], body: Document) -> Document:
    """Log a test consumer in.

    ``test_values.json`` lists the consumers who can log in.

    Raises:
        ApiError: ``consumer.unauthorized``.

    Source: SDK live suites; docs-ja:/reference/testing (``+test`` addresses).
    """
    login = sandbox_values().log_in(body["emailAddress"], body["password"])
    if login is None:
        raise ApiError(
            "consumer.unauthorized",
            reason="use an address whose local part ends in +test, or one of the "
            "consumers among the test values with its password",
        )
    for row in ctx.unit.due("access", until=ctx.now, limit=_PRUNED_AT_ONCE):
        ctx.unit.delete("access", row.id)
    access_token = ctx.ids.new("access")
    ctx.unit.put(
        "access",
        access_token,
        encode({"emailAddress": login.email_address}),
        due=ctx.now + LOGIN_MS,
    )
    return {"accessToken": access_token}


def consumer_of(ctx: Context, email_address: str) -> Document:
    """Return the account's consumer with this address; make one if there is none."""
    known = find_consumer(ctx, email_address)
    if known:
        return known
    consumer = new_consumer(ctx, emailAddress=email_address)
    ctx.save(consumer)
    return consumer


def find_consumer(ctx: Context, email_address: str) -> Document | None:
    """Return the account's consumer with this address, in any casing."""
    rows = ctx.unit.page("consumer", limit=1, index_key=email_address.casefold())
    return ctx.find("consumer", rows[0].id) if rows else None


def new_consumer(ctx: Context, **members: Any) -> Document:
    """Return a consumer that is not stored; active and approved by default."""
    id_ = ctx.ids.new("consumer")
    return {
        "id": id_,
        "object": "consumer",
        "emailAddress": f"{id_.rpartition('_')[2].lower()}+test@example.com",
        "active": True,
        "decision": "approved",
        "createdAt": ctx.now,
        **members,
    }
