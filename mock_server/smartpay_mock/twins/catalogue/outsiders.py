"""Twins that tell the wrong shop, or tell what did not happen."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from smartpay_mock.api.auth import Credential
from smartpay_mock.api.engine import Engine
from smartpay_mock.api.idempotency import REPLAYED
from smartpay_mock.events.outbox import ENDPOINT_KIND
from smartpay_mock.events.sending import SEND_ERRORS, Post, Send
from smartpay_mock.events.signing import (
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    sign,
)
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.twins.editing import code_of
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, Params, Perform, meddled, posted
from smartpay_schemas import Operation

_MANY = 100


def _to_everybody(engine: Engine, send: Send, post: Post) -> int:
    """Send what one shop is told to all others too."""
    for endpoint in _others(engine, post.headers[SUBSCRIPTION_HEADER]):
        at = int(post.headers[TIMESTAMP_HEADER])
        headers = {
            **post.headers,
            SUBSCRIPTION_HEADER: endpoint["id"],
            SIGNATURE_HEADER: sign(endpoint["signingSecret"], at, post.body),
        }
        with suppress(*SEND_ERRORS, SandboxUsageError):
            where = engine.deliverer.attempts.destinations.find(endpoint["url"])
            send(replace(post, destination=where, headers=headers))
    return send(post)


def _others(engine: Engine, mine: str) -> list[Document]:
    """Return the endpoints of the accounts that do not hold ``mine``."""
    found: list[Document] = []
    for account in set(engine.store.accounts()) - set(
        engine.store.locate(ENDPOINT_KIND, mine)
    ):
        with engine.store.read(account) as unit:
            rows = unit.page(ENDPOINT_KIND, limit=_MANY)
        found += [decode(row.body) for row in rows]
    return found


def _repeating(engine: Engine) -> Engine:
    """Deliver everything once more when a call is replayed."""

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        answer = perform(operation, params, call)
        caller = engine.callers.identify(operation, params, call)
        if REPLAYED in answer.headers and isinstance(caller, Credential):
            with suppress(SandboxUsageError):
                engine.deliverer.replay_all(caller.account)
        return answer

    return meddled(meddle)(engine)


def _gossiping(engine: Engine) -> Engine:
    """Tell of an order that was refused."""

    def tell(account_id: str) -> None:
        with engine.opened(account_id) as (unit, account):
            ctx = engine.context(unit, account, account.ids())
            order = {"id": ctx.ids.new("order"), "object": "order"}
            ctx.emit("order.rejected", {**order, "status": "rejected"})

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        answer = perform(operation, params, call)
        caller: Any = engine.callers.identify(operation, params, call)
        if operation.id == "create_order" and code_of(answer):
            tell(caller.account)
        return answer

    return meddled(meddle)(engine)


MUTANTS = in_area(
    "events",
    Row(
        "events-for-other-shops",
        "One shop learns who bought what from another.",
        ("events.own-account",),
        posted(_to_everybody),
    ),
    Row(
        "replays-are-told",
        "A retried call is booked again by a shop that listens.",
        ("events.none-for-replay", "events.once"),
        _repeating,
    ),
    Row(
        "refusals-are-told",
        "A shop files a rejected order for a payload that was merely wrong.",
        ("events.none-for-refusal",),
        _gossiping,
    ),
)
