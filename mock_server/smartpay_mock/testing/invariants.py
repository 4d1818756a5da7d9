"""Invariants of money: find charges, captures and refunds that must not happen.

The checks, made on journal entries and documents:

- *double-charge*: two approved orders for one cart, close in time. One cart means the
  same ``reference``, or the same token, amount and items. A charge that was canceled
  or refunded in full does not count. Three charges are two violations: each extra
  charge is shown beside the one before it.
- *over-capture*: payments of an order that exceed what was authorized.
- *over-refund*: refunds of a payment that exceed it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartpay_mock.kernel.clock import MINUTE_MS
from smartpay_mock.testing.journal import RecordedRequest

Document = Mapping[str, Any]

WINDOW_MS = 10 * MINUTE_MS
# Statuses of orders that reserve or take money.
_CHARGED = {"succeeded", "requires_capture"}


@dataclass(frozen=True, slots=True)
class Violation:
    """Money that moved and must not move.

    Attributes:
        kind: ``double-charge``, ``over-capture`` or ``over-refund``.
        message: One sentence.
        orders: The orders.
        requests: The request that created each order, ``None`` if the journal does
            not hold it any more.
    """

    kind: str
    message: str
    orders: tuple[Document, ...]
    requests: tuple[RecordedRequest | None, ...]


def find_violations(
    *,
    requests: Sequence[RecordedRequest],
    orders: Sequence[Document],
    payments: Sequence[Document],
    refunds: Sequence[Document],
    window_ms: int = WINDOW_MS,
) -> list[Violation]:
    """Return every violation, double charges first.

    Args:
        requests: The account's journal, oldest first.
        orders: Its orders, expanded, oldest first.
        payments: Its payments.
        refunds: Its refunds.
        window_ms: Two charges for one cart count if they are at most so many
            milliseconds apart, on the account's clock.
    """
    found = list(_double_charges(requests, orders, refunds, window_ms=window_ms))
    found += _over_captures(requests, orders, payments)
    found += _over_refunds(requests, orders, payments, refunds)
    return found


def _double_charges(
    requests: Sequence[RecordedRequest],
    orders: Sequence[Document],
    refunds: Sequence[Document],
    *,
    window_ms: int,
) -> Iterator[Violation]:
    """Return one violation per extra charge, with the charge before it."""
    refunded = _sums(refunds, "payment")
    charged = [order for order in orders if _holds_money(order, refunded)]
    latest: dict[str, Document] = {}
    for order in sorted(charged, key=lambda order: int(order["createdAt"])):
        carts = _carts_of(order)
        for cart, same in carts.items():
            first = latest.get(cart)
            if first is None:
                continue
            apart = order["createdAt"] - first["createdAt"]
            if apart <= window_ms:
                yield Violation(
                    "double-charge",
                    f"2 approved orders for one cart ({same}), {apart:,} ms apart",
                    (first, order),
                    (_creator(requests, first), _creator(requests, order)),
                )
                break
        latest |= dict.fromkeys(carts, order)


def _holds_money(order: Document, refunded: Mapping[str, int]) -> bool:
    if order["status"] not in _CHARGED:
        return False
    payments = [payment for payment in order["payments"] if isinstance(payment, dict)]
    if order["status"] == "requires_capture" or not payments:
        return True
    kept: int = sum(p["amount"] - refunded.get(p["id"], 0) for p in payments)
    return kept > 0


def _carts_of(order: Document) -> dict[str, str]:
    """Return the carts an order may be for: a description by the cart's identity."""
    carts = {}
    if order.get("reference"):
        same = f"reference {order['reference']!r}"
        carts[same] = same
    if order.get("tokenId"):
        carts[_contents(order)] = "same token, amount and items"
    return carts


def _contents(order: Document) -> str:
    items = [
        {
            "name": item["price"]["product"]["name"]
            if isinstance(item.get("price"), dict)
            else item.get("name"),
            "kind": item.get("kind"),
            "amount": item.get("amount"),
            "quantity": item.get("quantity"),
        }
        for item in order.get("lineItems", ())
        if isinstance(item, dict)
    ]
    cart = [order.get("tokenId"), order["amount"], order["currency"], items]
    return json.dumps(cart, sort_keys=True)


def _over_captures(
    requests: Sequence[RecordedRequest],
    orders: Sequence[Document],
    payments: Sequence[Document],
) -> Iterator[Violation]:
    captured = _sums(payments, "order")
    for order in orders:
        authorized = order["amount"] - order.get("discountAmount", 0)
        taken = captured.get(order["id"], 0)
        if taken > authorized:
            yield Violation(
                "over-capture",
                f"{taken:,} {order['currency']} captured of {authorized:,} authorized",
                (order,),
                (_creator(requests, order),),
            )


def _over_refunds(
    requests: Sequence[RecordedRequest],
    orders: Sequence[Document],
    payments: Sequence[Document],
    refunds: Sequence[Document],
) -> Iterator[Violation]:
    by_id = {order["id"]: order for order in orders}
    refunded = _sums(refunds, "payment")
    for payment in payments:
        given = refunded.get(payment["id"], 0)
        if given > payment["amount"]:
            order = by_id.get(payment["order"])
            yield Violation(
                "over-refund",
                f"{given:,} {payment['currency']} refunded of {payment['amount']:,} "
                f"captured by {payment['id']}",
                () if order is None else (order,),
                () if order is None else (_creator(requests, order),),
            )


def _sums(documents: Sequence[Document], owner: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for document in documents:
        sums[document[owner]] = sums.get(document[owner], 0) + document["amount"]
    return sums


def _creator(
    requests: Sequence[RecordedRequest], order: Document
) -> RecordedRequest | None:
    """Return the first request whose answer names the order."""
    return next(
        (
            request
            for request in requests
            if request.method == "POST" and order["id"] in request.answer_text
        ),
        None,
    )
