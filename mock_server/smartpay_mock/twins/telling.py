"""Contexts that tell the wrong events, or the wrong receivers."""

from __future__ import annotations

from typing import Any

from smartpay_mock.events.outbox import (
    ENDPOINT_KIND,
    new_delivery,
    record,
    save_delivery,
    subscribed_endpoints,
)
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import Document
from smartpay_mock.resources.views import expanded, plain

_WAITING = "requires_authorization"


class OneByOne(Context):
    """Tells each event by itself, for twins that meddle with one at a time."""

    def publish(self, events: list[tuple[str, Document]]) -> None:
        """Publish each event by itself."""
        for event_type, document in events:
            self.emit(event_type, document)

    def emit(self, event_type: str, document: Document) -> None:
        """Publish one event."""
        super().publish([(event_type, document)])


class Silent(OneByOne):
    """Tells nothing of coupons and codes."""

    def emit(self, event_type: str, document: Document) -> None:
        """Write one event, if at all, in a way of its own."""
        if not event_type.startswith(("coupon.", "promotion_code.")):
            super().emit(event_type, document)


class Expanding(OneByOne):
    """Puts whole objects into events where ids belong."""

    def emit(self, event_type: str, document: Document) -> None:
        """Write one event, if at all, in a way of its own."""
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
        self.has_deliveries = True


class Stale(Expanding):
    """Tells how an order was before the change."""

    def emit(self, event_type: str, document: Document) -> None:
        """Write one event, if at all, in a way of its own."""

        def before(doc: Document) -> Document:
            status = _WAITING if doc["object"] == "order" else doc.get("status")
            shown = {**plain(doc), "status": status}
            return shown if "status" in doc else plain(doc)

        self._write(event_type, document, before)


class Broadcasting(OneByOne):
    """Sends every event to every endpoint."""

    def emit(self, event_type: str, document: Document) -> None:
        """Write one event, if at all, in a way of its own."""
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
        self.has_deliveries = True


class Undercover(Context):
    """Shows an endpoint as it was left, and keeps it as it was made."""

    hidden = ""

    def load(self, kind: str, id_: str) -> Document | None:
        """Return the document, an endpoint as it was left."""
        found = super().load(kind, id_)
        if found and kind == ENDPOINT_KIND and "_shown" in found:
            found[self.hidden] = found["_shown"]
        return found

    def save(self, kind: str, document: Document, *, owner: str | None = None) -> None:
        """Keep the document, an endpoint as it was made."""
        if kind == ENDPOINT_KIND:
            before = super().load(kind, document["id"])
            document["_shown"] = document[self.hidden]
            if before:
                document = {**document, self.hidden: before[self.hidden]}
        super().save(kind, document, owner=owner)


class ActiveForEver(Undercover):
    """Goes on sending to an endpoint that was switched off."""

    hidden = "active"


class AtTheOldPlace(Undercover):
    """Goes on sending to the old URL."""

    hidden = "url"
