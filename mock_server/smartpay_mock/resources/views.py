"""Views: the public members of a stored document, plain or expanded.

Documents are stored with their own parts embedded (an order's line items) and with
ids of what lives apart (its payments). Members that start with ``_`` are the
emulator's own and are never shown.

Source: the response types of the Go SDK (go:types.go); the samples on
docs:/reference/the-order-object and in node:unit.js.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Fetch = Callable[[str, str], Document]

# object -> member -> what it holds: None for embedded parts, else the kind it names.
PARTS: dict[str, dict[str, str | None]] = {
    "order": {"lineItems": None, "discounts": None, "payments": "payment"},
    "checkoutSession": {"order": "order", "token": "token"},
    "payment": {"lineItems": "line_item"},
    "refund": {"lineItems": "line_item"},
}
# object -> its members in the order of the published sample.
_ORDER_OF_MEMBERS: dict[str, str] = {
    "order": "id object amount createdAt currency description discountAmount discounts "
    "expiresAt lineItems metadata payments reference shippingInfo status test tokenId "
    "updatedAt",
    "payment": "id object test createdAt updatedAt amount currency order description "
    "lineItems refunds reference status metadata",
}
_MEMBERS = {name: tuple(text.split()) for name, text in _ORDER_OF_MEMBERS.items()}
# object -> members that an event leaves out.
_NOT_IN_EVENTS = {"payment": ("description", "lineItems", "refunds")}
# Objects that stay plain when they are part of an expanded one.
_ALWAYS_PLAIN = {"token", "line_item"}


def plain(document: Document) -> Document:
    """Return the document with references as ids and without private members."""
    view = _public(document)
    for name, kind in PARTS.get(document.get("object", ""), {}).items():
        if kind is None and view.get(name):
            view[name] = [part["id"] for part in view[name]]
    return view


def in_event(document: Document) -> Document:
    """Return the document as an event carries it: plain, a payment without its lists.

    Source: node:unit.js, whose event has no description, line items or refunds.
    """
    view = plain(document)
    for name in _NOT_IN_EVENTS.get(document.get("object", ""), ()):
        view.pop(name, None)
    return view


def expanded(document: Document, fetch: Fetch) -> Document:
    """Return the document with its references as objects.

    Args:
        document: As stored.
        fetch: Gives the stored document for a kind and an id.
    """
    view = _public(document)
    for name, kind in PARTS.get(document.get("object", ""), {}).items():
        if kind is not None and view.get(name):
            view[name] = _objects(kind, view[name], fetch)
    return view


def _public(document: Document) -> Document:
    members = _MEMBERS.get(document.get("object", "")) or [
        name for name in document if name[0] != "_"
    ]
    return {name: document[name] for name in members if name in document}


def _objects(kind: str, value: Any, fetch: Fetch) -> Any:
    if isinstance(value, list):
        return [_objects(kind, id_, fetch) for id_ in value]
    document = fetch(kind, value)
    return plain(document) if kind in _ALWAYS_PLAIN else expanded(document, fetch)
