"""Save documents as their handlers do."""

from __future__ import annotations

from smartpay_mock.resources import Context
from smartpay_mock.resources.context import Document

# object -> its kind in the store, and the member that is its index key
_KINDS = {
    "order": ("order", "_consumer"),
    "payment": ("payment", "order"),
    "refund": ("refund", "payment"),
    "coupon": ("coupon", ""),
    "webhookEndpoint": ("webhook_endpoint", ""),
    "checkoutSession": ("checkout_session", ""),
}


def save_document(ctx: Context, document: Document) -> None:
    """Save a document with the index key that its handler uses."""
    if document["object"] == "promotionCode":
        code = document["code"].casefold()
        ctx.save("promotion_code", document, index_key=code)
        return
    kind, member = _KINDS[document["object"]]
    ctx.save(kind, document, index_key=document.get(member))
