"""Twins that leave a member out of an object, add one, or mistype one.

Three per kind of object, made from one table.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.twins.editing import given, objects, without
from smartpay_mock.twins.mutant import Row, in_area

# object -> (its name in words, a member it always has, that member mistyped, and what
# a client then does)
_KINDS: dict[str, tuple[str, str, str, Any]] = {
    "order": ("order", "currency", "amount", "1500"),
    "lineItem": ("line-item", "kind", "amount", None),
    "price": ("price", "product", "active", "true"),
    "product": ("product", "name", "images", None),
    "payment": ("payment", "currency", "refunds", None),
    "refund": ("refund", "currency", "lineItems", {}),
    "token": ("token", "createdAt", "metadata", []),
    "checkoutSession": ("session", "metadata", "url", {"href": "x"}),
    "coupon": ("coupon", "discountType", "redemptionCount", "0"),
    "promotionCode": ("promotion-code", "active", "metadata", []),
    "webhookEndpoint": ("webhook-endpoint", "createdAt", "url", {"href": "x"}),
    "collection": ("collection", "data", "results", "1"),
}


def _rows(kind: str, words: str, lost: str, bent: str, value: Any) -> tuple[Row, ...]:
    return (
        Row(
            f"{words}-without-{_kebab(lost)}",
            f"A client that reads {lost} of a {words.replace('-', ' ')} crashes.",
            ("data.shape",),
            objects(kind, without(lost)),
        ),
        Row(
            f"{words}-with-odd-{_kebab(bent)}",
            f"A typed client cannot read a {words.replace('-', ' ')}: its {bent} is "
            f"{value!r}.",
            ("data.shape",),
            objects(kind, given(**{bent: value})),
        ),
        Row(
            f"{words}-with-a-member-more",
            f"Clients come to rely on what a {words.replace('-', ' ')} does not have "
            "in production.",
            ("data.no-more",),
            objects(kind, given(internalId=7)),
        ),
    )


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name)


MUTANTS = in_area(
    "data",
    *(row for kind, facts in _KINDS.items() for row in _rows(kind, *facts)),
)
