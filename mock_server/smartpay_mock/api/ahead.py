"""What a call is going to read, told to the store before it begins.

A store that is far away brings it with the round trip that opens the unit, in place of
one for each document. These are guesses from the call alone: a wrong one costs a
look-up in vain, a missing one a round trip, neither changes what is answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from smartpay_fixtures import magic
from smartpay_mock.api.bodies import decoded_body
from smartpay_mock.api.idempotency import HEADER
from smartpay_mock.api.idempotency import KIND as IDEMPOTENCY
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.storage.contract import Key
from smartpay_schemas import Operation

_LONGEST_ID = 64

# First part of a path, or member of a body -> kinds read by the id that is there.
_BY_PATH = {
    "orders": ("order", "timer"),
    "payments": ("payment",),
    "refunds": ("refund",),
    "tokens": ("token",),
    "checkout-sessions": ("checkout_session",),
    "coupons": ("coupon",),
    "promotion-codes": ("promotion_code",),
    "webhook-endpoints": ("webhook_endpoint",),
}
_BY_MEMBER = {
    "token": ("token",),
    "order": ("order", "timer"),
    "payment": ("payment",),
    "coupon": ("coupon",),
}


def reads_of(
    account: str, operation: Operation, params: Mapping[str, str], call: Call
) -> list[Key]:
    """Return the documents that a call is going to read, as far as it shows.

    Args:
        account: Id of the account it acts on.
        operation: What is called.
        params: The path's parameters.
        call: As it arrived.
    """
    return [("account", account), *_told(operation, params, call)]


def _told(operation: Operation, params: Mapping[str, str], call: Call) -> Iterator[Key]:
    if operation.idempotent and HEADER in call.headers:
        path = operation.path.format(**params)
        yield IDEMPOTENCY, f"{operation.method} {path} {call.headers[HEADER]}"
    if "id" in params:
        for kind in _BY_PATH.get(operation.path.split("/", 2)[1], ()):
            yield kind, params["id"]
    if operation.request is not None and not call.is_too_large:
        yield from _named_in(call)


def _named_in(call: Call) -> Iterator[Key]:
    try:
        document = decoded_body(call)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    for member, kinds in _BY_MEMBER.items():
        id_ = document.get(member)
        if not isinstance(id_, str) or len(id_) > _LONGEST_ID:
            continue
        for kind in kinds:
            yield kind, id_
        if id_ in _consumers():
            yield "consumer", _consumers()[id_]


@cache
def _consumers() -> Mapping[str, str]:
    """Return the consumer of each token of the standard world."""
    return {token.id: token.consumer for token in magic().tokens.values()}
