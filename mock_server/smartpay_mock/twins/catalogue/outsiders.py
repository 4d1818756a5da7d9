"""Twins that tell the wrong shop, or tell what did not happen."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.api.auth import Credential
from smartpay_mock.api.idempotency import REPLAYED
from smartpay_mock.events.outbox import ENDPOINT_KIND, record
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.twins.editing import code_of
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, Params, Perform, meddled
from smartpay_schemas import Operation


def _telling_everybody(engine: Application) -> Application:
    """Tell all shops of a coupon that one has made."""

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        answer = perform(operation, params, call)
        caller = engine.callers.identify(operation, params, call)
        is_told = operation.id == "create_coupon" and answer.status == operation.status
        if is_told and isinstance(caller, Credential):
            for account in set(engine.store.accounts()) - {caller.account}:
                _tell(engine, account, decode(answer.body))
        return answer

    return meddled(meddle)(engine)


def _tell(engine: Application, account: str, coupon: Document) -> None:
    with engine.store.write(account) as unit:
        if unit.count(ENDPOINT_KIND):
            record(
                unit,
                event_type="coupon.created",
                data=coupon,
                now=coupon["createdAt"],
                new_id=engine.fresh_ids.new,
            )


def _repeating(engine: Application) -> Application:
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


def _gossiping(engine: Application) -> Application:
    """Tell of an order that was refused."""

    def tell(account_id: str) -> None:
        with engine.opened(account_id) as (unit, account):
            ctx = engine.context(unit, account, account.ids())
            order = {"id": ctx.ids.new("order"), "object": "order"}
            ctx.publish([("order.rejected", {**order, "status": "rejected"})])

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
        _telling_everybody,
    ),
    Row(
        "replays-are-told",
        "A retried call is booked again by a shop that listens.",
        ("events.none-for-replay",),
        _repeating,
    ),
    Row(
        "refusals-are-told",
        "A shop files a rejected order for a payload that was merely wrong.",
        ("events.none-for-refusal",),
        _gossiping,
    ),
)
