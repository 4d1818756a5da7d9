"""How twins keep documents that handlers keep with an owner."""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources import Context
from smartpay_mock.resources.context import Document, invalid
from smartpay_mock.twins.seams import Wrap

_LOOKED_THROUGH = 100

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


def unrepeated(kind: str, member: str) -> Wrap:
    """Return what refuses a document of which another one has the same member."""

    def wrap(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
        for row in ctx.unit.page(kind, limit=_LOOKED_THROUGH):
            if ctx.find(kind, row.id)[member] == body[member]:
                raise invalid(f"{member}: there is one with it")
        return honest(ctx, params, body)

    return wrap
