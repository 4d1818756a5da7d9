"""Advice: oddities of a payload that the API tolerates and a person should know of.

The codes are those of the fixtures' guide samples. Strict mode turns advice into
400 ``request.invalid``.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources.base import Context
from smartpay_mock.resources.pricing import items_total

Document = dict[str, Any]

# What a documentation site prints in place of an e-mail address; no address at all.
_PLACEHOLDER = "[email"


def advise_on_order(ctx: Context, body: Document) -> None:
    """Note amounts that do not add up, zero quantities and a placeholder e-mail."""
    _amounts(ctx, body)
    for index, item in enumerate(body["items"]):
        if item.get("quantity") == 0:
            ctx.advise(
                "quantity-zero",
                f"/items/{index}/quantity",
                f"items[{index}].quantity is 0, so the item adds nothing to the "
                "total; send 1 or more",
            )
    address = body["customerInfo"].get("emailAddress", "")
    if address.startswith(_PLACEHOLDER):
        ctx.advise(
            "placeholder-email",
            "/customerInfo/emailAddress",
            "customerInfo.emailAddress is what a web page shows in place of a hidden "
            "address; send the customer's",
        )


def _amounts(ctx: Context, body: Document) -> None:
    amount = int(body["amount"])
    total = items_total(body["items"], body["shippingInfo"], body["currency"])
    if total != amount:
        ctx.advise(
            "amounts-differ",
            "/amount",
            f"amount is {amount}, items and fee add up to {total}",
        )
