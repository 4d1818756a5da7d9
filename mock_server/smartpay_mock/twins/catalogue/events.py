"""Twins that tell a shop nothing, the wrong thing, or too much."""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources import Context
from smartpay_mock.resources.context import Document
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import handled, seen_as, stepped, together
from smartpay_mock.twins.storing import keep
from smartpay_mock.twins.telling import (
    ActiveForEver,
    AtTheOldPlace,
    Broadcasting,
    Expanding,
    Silent,
    Stale,
)
from smartpay_schemas import LIFECYCLES


def silent(resource: str, *actions: str) -> Any:
    """Return the twist that leaves the events of some steps out."""
    rows = [
        row
        for row in LIFECYCLES[resource].transitions
        if row.events and (not actions or row.action in actions)
    ]
    return together(
        *(stepped(resource, row.action, row.from_state, events=()) for row in rows)
    )


def _told(change: Any) -> Any:
    """Return the twist that tells other events of the same steps."""
    return together(
        *(
            stepped(
                resource, row.action, row.from_state, events=tuple(change(row.events))
            )
            for resource, lifecycle in LIFECYCLES.items()
            for row in lifecycle.transitions
            if row.events
        )
    )


def _without(*types: str) -> Any:
    return _told(lambda events: [name for name in events if name not in types])


def _subscribed_to_nothing(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Take no subscriptions for the wish to get nothing."""
    endpoint = honest(ctx, params, body)
    if not endpoint["eventSubscriptions"]:
        endpoint["eventSubscriptions"] = ["merchant_user.created"]
        keep(ctx, endpoint)
        endpoint["eventSubscriptions"] = []
    return endpoint


def _telling_of_sessions(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    session = honest(ctx, params, body)
    if "order" in session:
        ctx.publish([("order.authorized", ctx.find("order", session["order"]))])
    return session


MUTANTS = in_area(
    "events",
    Row(
        "events-of-all-kinds-for-all",
        "A shop that asked for refunds is flooded with everything.",
        ("events.subscribed-only",),
        seen_as(Broadcasting),
    ),
    Row(
        "no-events-by-default",
        "A shop that named no events waits for ever.",
        ("events.all-by-default", "events.every-endpoint"),
        handled(_subscribed_to_nothing, "create_webhook_endpoint"),
    ),
    Row(
        "inactive-endpoint-gets-events",
        "A server that was switched off learns who bought what.",
        ("events.inactive",),
        seen_as(ActiveForEver),
    ),
    Row(
        "old-url-gets-events",
        "After the move, the orders arrive at the old server.",
        ("events.changed-url",),
        seen_as(AtTheOldPlace),
    ),
    Row(
        "events-hold-whole-objects",
        "A typed handler that expects ids crashes on objects.",
        ("events.data-plain",),
        seen_as(Expanding),
    ),
    Row(
        "events-tell-what-was",
        "A shop that reads the status from the event never sees an order paid.",
        ("events.data-current",),
        seen_as(Stale),
    ),
    Row(
        "authorization-not-told",
        "A shop that ships on order.authorized never ships.",
        ("events.order-authorized", "events.sequence"),
        _without("order.authorized"),
    ),
    Row(
        "rejection-not-told",
        "A shop keeps goods for a consumer who was declined.",
        ("events.order-rejected", "events.order-declined"),
        _without("order.rejected"),
    ),
    Row(
        "soft-decline-not-told",
        "A shop does not remind a consumer to try another card.",
        ("events.order-declined",),
        stepped("order", "decline_softly", "requires_authorization", events=()),
    ),
    Row(
        "rejection-told-as-authorized",
        "A shop ships on order.authorized, to a consumer who was declined.",
        ("events.order-rejected",),
        stepped(
            "order", "decline", "new", events=("order.rejected", "order.authorized")
        ),
    ),
    Row(
        "cancellation-not-told",
        "A shop keeps goods for an order that is canceled.",
        ("events.order-canceled",),
        silent("order", "cancel"),
    ),
    Row(
        "expiry-not-told",
        "A shop keeps goods for an order that has expired.",
        ("events.order-expired",),
        silent("order", "expire"),
    ),
    Row(
        "payments-not-told",
        "The books of a shop that listens for payments stay empty.",
        ("events.payment-created", "events.sequence"),
        _without("payment.created"),
    ),
    Row(
        "refunds-not-told",
        "The books of a shop show money that was given back.",
        ("events.refund-created",),
        _without("refund.created"),
    ),
    Row(
        "token-use-not-told",
        "A consumer is not told that the token was used.",
        ("events.token-used", "events.sequence"),
        _without("token.used"),
    ),
    Row(
        "token-life-not-told",
        "A shop offers to charge a token that its consumer took back.",
        ("events.token-life",),
        silent("token"),
    ),
    Row(
        "coupons-not-told",
        "A shop prints coupons that were switched off.",
        ("events.coupons", "events.promotion-codes"),
        seen_as(Silent),
    ),
    Row(
        "events-backwards",
        "A shop books a payment for an order that it does not know yet.",
        ("events.sequence",),
        _told(reversed),
    ),
    Row(
        "release-told-as-cancellation",
        "A shop takes back an order that was partly paid.",
        ("events.none-for-release",),
        stepped("order", "release", "requires_capture", events=("order.canceled",)),
    ),
    Row(
        "session-told-as-order",
        "A shop ships when a consumer opens the checkout.",
        ("events.none-for-session",),
        handled(_telling_of_sessions, "create_checkout_session"),
    ),
)
