"""Amounts, in the currency's smallest unit (yen). Pure."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

# What an item of each kind adds to the total.
_SIGNS = {"product": 1, "tax": 1, "discount": -1}


def items_total(items: list[Document], shipping: Document, currency: str) -> int:
    """Return what the items and the shipping fee add up to.

    Products count their quantity (1 when absent), taxes add, discounts subtract; the
    fee counts if its currency is the order's or absent.

    Source: the amounts of all five SDKs' live suites add up this way.
    """
    total = 0
    for item in items:
        kind = item.get("kind", "product")
        count = item.get("quantity", 1) if kind == "product" else 1
        total += _SIGNS[kind] * int(item["amount"]) * int(count)
    if shipping.get("feeCurrency", currency).upper() == currency.upper():
        total += int(shipping.get("feeAmount", 0))
    return total


def left_to_capture(order: Document) -> int:
    """Return what of an authorized order is not captured yet, in yen."""
    return int(order["_authorized"] - order["_captured"])


def left_to_refund(payment: Document) -> int:
    """Return what of a payment is not refunded yet, in yen."""
    return int(payment["amount"] - payment["_refunded"])
