"""Twins that tell a shop nothing, the wrong thing, or too much."""

from __future__ import annotations

from typing import Any

from smartpay_mock.events.deliveries import new_delivery, save_delivery
from smartpay_mock.events.outbox import ENDPOINT_KIND, record, subscribed_endpoints
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.resources import Context
from smartpay_mock.resources.base import Document
from smartpay_mock.resources.views import expanded, plain
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import handled, seen_as, stepped, together
from smartpay_mock.twins.storing import keep
from smartpay_schemas import LIFECYCLES

WAITING = "requires_authorization"


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


class _OneByOne(Context):
    """Tells each event by itself, for twins that meddle with one at a time."""

    def tell(self, events: list[tuple[str, Document]]) -> None:
        for event_type, document in events:
            self.emit(event_type, document)


class _Silent(_OneByOne):
    """Tells nothing of coupons and codes."""

    def emit(self, event_type: str, document: Document) -> None:
        if not event_type.startswith(("coupon.", "promotion_code.")):
            super().emit(event_type, document)


class _Expanding(_OneByOne):
    """Puts whole objects into events where ids belong."""

    def emit(self, event_type: str, document: Document) -> None:
        self._write(event_type, document, lambda doc: expanded(doc, self.find))

    def _write(self, event_type: str, document: Document, render: Any) -> None:
        record(
            self.unit,
            event_type=event_type,
            data=document,
            now=self.now,
            new_id=self.ids.new,
            render=render,
        )
        self.has_post = True


class _Stale(_Expanding):
    """Tells how an order was before the change."""

    def emit(self, event_type: str, document: Document) -> None:
        def before(doc: Document) -> Document:
            status = WAITING if doc["object"] == "order" else doc.get("status")
            shown = {**plain(doc), "status": status}
            return shown if "status" in doc else plain(doc)

        self._write(event_type, document, before)


class _Broadcasting(_OneByOne):
    """Sends every event to every endpoint."""

    def emit(self, event_type: str, document: Document) -> None:
        super().emit(event_type, document)
        got = {e["id"] for e in subscribed_endpoints(self.unit, event_type)}
        rows = self.unit.page(ENDPOINT_KIND, limit=100)
        for endpoint in [decode(row.body) for row in rows]:
            if endpoint["id"] not in got and endpoint.get("active", True):
                self._post(event_type, document, endpoint)

    def _post(self, event_type: str, document: Document, endpoint: Document) -> None:
        event = {
            "id": self.ids.new("event"),
            "object": "event",
            "createdAt": self.now,
            "test": True,
            "eventData": {
                "type": event_type,
                "version": "2022-02-18",
                "data": plain(document),
            },
        }
        delivery = new_delivery(
            delivery_id=self.ids.new("delivery"),
            event=event,
            endpoint=endpoint,
            now=self.now,
        )
        save_delivery(self.unit, delivery, encode(event))
        self.has_post = True


class _Undercover(Context):
    """Shows an endpoint as it was left, and keeps it as it was made."""

    hidden = ""

    def load(self, kind: str, id_: str) -> Document | None:
        found = super().load(kind, id_)
        if found and kind == ENDPOINT_KIND and "_shown" in found:
            found[self.hidden] = found["_shown"]
        return found

    def save(self, kind: str, document: Document, *, owner: str | None = None) -> None:
        if kind == ENDPOINT_KIND:
            before = super().load(kind, document["id"])
            document["_shown"] = document[self.hidden]
            if before:
                document = {**document, self.hidden: before[self.hidden]}
        super().save(kind, document, owner=owner)


class _ActiveForEver(_Undercover):
    """Goes on sending to an endpoint that was switched off."""

    hidden = "active"


class _AtTheOldPlace(_Undercover):
    """Goes on sending to the old URL."""

    hidden = "url"


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
        ctx.emit("order.authorized", ctx.find("order", session["order"]))
    return session


MUTANTS = in_area(
    "events",
    Row(
        "events-of-all-kinds-for-all",
        "A shop that asked for refunds is flooded with everything.",
        ("events.subscribed-only",),
        seen_as(_Broadcasting),
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
        seen_as(_ActiveForEver),
    ),
    Row(
        "old-url-gets-events",
        "After the move, the orders arrive at the old server.",
        ("events.changed-url",),
        seen_as(_AtTheOldPlace),
    ),
    Row(
        "events-hold-whole-objects",
        "A typed handler that expects ids crashes on objects.",
        ("events.data-plain",),
        seen_as(_Expanding),
    ),
    Row(
        "events-tell-what-was",
        "A shop that reads the status from the event never sees an order paid.",
        ("events.data-current",),
        seen_as(_Stale),
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
        ("events.order-rejected",),
        _without("order.rejected"),
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
        seen_as(_Silent),
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
