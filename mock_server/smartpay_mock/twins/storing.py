"""How twins keep documents that handlers keep with an owner."""

from __future__ import annotations

from smartpay_mock.resources import Context
from smartpay_mock.resources.base import Document

# object -> its kind in the store, and the member that names its owner
_SHELVES = {
    "order": ("order", "_consumer"),
    "payment": ("payment", "order"),
    "refund": ("refund", "payment"),
    "coupon": ("coupon", ""),
    "webhookEndpoint": ("webhook_endpoint", ""),
    "checkoutSession": ("checkout_session", ""),
}


def keep(ctx: Context, document: Document) -> None:
    """Keep a document as its handler does."""
    if document["object"] == "promotionCode":
        ctx.save("promotion_code", document, owner=document["code"].casefold())
        return
    kind, owner = _SHELVES[document["object"]]
    ctx.save(kind, document, owner=document.get(owner))
