"""Line items, with their prices and products, made from the items of a request.

Source: members after go:types.go; which item member lands where is *assumed* from
the names.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from smartpay_mock.kernel.json import encode
from smartpay_mock.resources.context import Context, copy_to, created, invalid

Document = dict[str, Any]

_PRODUCT = ("brand", "gtin", "name", "reference", "url")
_PRICE = ("label",)


def line_item(ctx: Context, item: Document) -> Document:
    """Return the line item for one item of a request.

    Taxes and discounts carry amount and currency themselves and have no price.
    """
    kind = item.get("kind", "product")
    line = created(ctx, "line_item", "lineItem")
    line["kind"] = kind
    line["amount"] = int(item["amount"])
    line["currency"] = item["currency"].upper()
    copy_to(line, item, "description")
    line["metadata"] = item.get("metadata", {})
    if kind == "product":
        line["price"] = _price(ctx, item)
        line["quantity"] = int(item.get("quantity", 1))
    return line


def _price(ctx: Context, item: Document) -> Document:
    price = created(ctx, "price", "price")
    price["active"] = True
    price["amount"] = int(item["amount"])
    price["currency"] = item["currency"].upper()
    copy_to(price, item, *_PRICE)
    price["metadata"] = item.get("priceMetadata", {})
    price["product"] = _product(ctx, item)
    if "priceDescription" in item:
        price["description"] = item["priceDescription"]
    return price


def _product(ctx: Context, item: Document) -> Document:
    product = created(ctx, "product", "product")
    product["active"] = True
    copy_to(product, item, *_PRODUCT)
    product["categories"] = item.get("categories", [])
    product["images"] = item.get("images", [])
    product["metadata"] = item.get("productMetadata", {})
    if "productDescription" in item:
        product["description"] = item["productDescription"]
    return product


def keep_line_items(ctx: Context, body: Document, order: Document) -> None:
    """Keep the line items that a payment or refund names, so that it can show them.

    One that is named twice becomes advice.

    Raises:
        ApiError: ``request.invalid``, with every id that is not the order's.

    Source: *assumed*.
    """
    known = {line["id"]: line for line in order["lineItems"]}
    named: list[str] = body.get("lineItems", [])
    unknown = [
        f"lineItems[{index}]: {id_} is no line item of the order; send ids of its own"
        for index, id_ in enumerate(named)
        if id_ not in known
    ]
    if unknown:
        raise invalid(*unknown)
    for id_, times in Counter(named).items():
        if times > 1:
            ctx.advise(
                "line-item-repeated",
                "/lineItems",
                f"lineItems names {id_} {times} times; name it once",
            )
        ctx.unit.put("line_item", id_, encode(known[id_]))
