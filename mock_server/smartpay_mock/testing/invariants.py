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
        orders: Its orders, expanded.
        payments: Its payments.
        refunds: Its refunds.
        window_ms: Two charges for one cart count if they are at most so many
            milliseconds apart, on the account's clock.
    """
    history = _History(requests, orders, payments, refunds)
    return [
        *history.double_charges(window_ms),
        *history.over_captures(),
        *history.over_refunds(),
    ]


@dataclass(frozen=True, slots=True)
class _History:
    """Everything that happened in an account."""

    requests: Sequence[RecordedRequest]
    orders: Sequence[Document]
    payments: Sequence[Document]
    refunds: Sequence[Document]

    def double_charges(self, window_ms: int) -> Iterator[Violation]:
        """Return one violation per extra charge, with the charge before it."""
        latest: dict[str, Document] = {}
        for order in sorted(self.charged(), key=lambda order: int(order["createdAt"])):
            carts = _carts_of(order)
            for cart, same in carts.items():
                first = latest.get(cart)
                if first is None:
                    continue
                apart = order["createdAt"] - first["createdAt"]
                if apart <= window_ms:
                    message = (
                        f"2 approved orders for one cart ({same}), {apart:,} ms apart"
                    )
                    yield self.violation("double-charge", message, first, order)
                    break
            latest |= dict.fromkeys(carts, order)

    def over_captures(self) -> Iterator[Violation]:
        """Return the orders that were captured over their authorization."""
        captured = _sums(self.payments, "order")
        for order in self.orders:
            authorized = order["amount"] - order.get("discountAmount", 0)
            taken = captured.get(order["id"], 0)
            if taken > authorized:
                message = (
                    f"{taken:,} {order['currency']} captured of {authorized:,} "
                    "authorized"
                )
                yield self.violation("over-capture", message, order)

    def over_refunds(self) -> Iterator[Violation]:
        """Return the payments that were refunded over their amount."""
        orders = {order["id"]: order for order in self.orders}
        refunded = _sums(self.refunds, "payment")
        for payment in self.payments:
            total = refunded.get(payment["id"], 0)
            if total > payment["amount"]:
                message = (
                    f"{total:,} {payment['currency']} refunded of "
                    f"{payment['amount']:,} captured by {payment['id']}"
                )
                found = [orders[payment["order"]]] if payment["order"] in orders else []
                yield self.violation("over-refund", message, *found)

    def charged(self) -> Iterator[Document]:
        """Return the orders that reserve money, or took it and did not refund it."""
        refunded = _sums(self.refunds, "payment")
        for order in self.orders:
            payments = [
                row
                for row in order["payments"]
                if isinstance(row, dict) and row.get("status") != "failed"
            ]
            kept = sum(row["amount"] - refunded.get(row["id"], 0) for row in payments)
            if order["status"] == "requires_capture" or (
                order["status"] == "succeeded" and (kept > 0 or not payments)
            ):
                yield order

    def violation(self, kind: str, message: str, *orders: Document) -> Violation:
        """Return a violation, with the request that created each order."""
        return Violation(kind, message, orders, tuple(map(self.creator, orders)))

    def creator(self, order: Document) -> RecordedRequest | None:
        """Return the first request whose answer names the order."""
        for request in self.requests:
            if request.method == "POST" and order["id"] in request.answer_text:
                return request
        return None


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


def _sums(documents: Sequence[Document], owner: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for document in documents:
        if document.get("status") == "failed":
            continue
        sums[document[owner]] = sums.get(document[owner], 0) + document["amount"]
    return sums
