"""Did money move that should not have? A judge over what an account went through.

Pure: journal entries and documents in, violations out. What it looks for:

- *double-charge*: two approved orders for one cart, close in time. One cart means the
  same ``reference``, or the same token, amount and items. A charge that was canceled
  or given back in full does not count. Three charges are two violations: each charge
  too many stands beside the one before it.
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
# Where money is reserved or taken.
_CHARGED = {"succeeded", "requires_capture"}


@dataclass(frozen=True, slots=True)
class Violation:
    """Money that moved and should not have.

    Attributes:
        kind: ``double-charge``, ``over-capture`` or ``over-refund``.
        message: What happened, in a sentence.
        orders: The orders concerned.
        requests: The request that made each order, ``None`` when the journal has it
            no more.
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
        window_ms: How close in time two charges for one cart must be, in
            milliseconds of the account's clock.
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
    """Return one violation per charge too many, beside the charge before it."""
    given_back = _sums(refunds, "payment")
    charged = [order for order in orders if _holds_money(order, given_back)]
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
                    (_maker(requests, first), _maker(requests, order)),
                )
                break
        latest |= dict.fromkeys(carts, order)


def _holds_money(order: Document, given_back: Mapping[str, int]) -> bool:
    if order["status"] not in _CHARGED:
        return False
    payments = [payment for payment in order["payments"] if isinstance(payment, dict)]
    if order["status"] == "requires_capture" or not payments:
        return True
    kept: int = sum(p["amount"] - given_back.get(p["id"], 0) for p in payments)
    return kept > 0


def _carts_of(order: Document) -> dict[str, str]:
    """Return the carts an order may be for; what makes it so, in words, by cart."""
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
                (_maker(requests, order),),
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
                () if order is None else (_maker(requests, order),),
            )


def _sums(documents: Sequence[Document], owner: str) -> dict[str, int]:
    sums: dict[str, int] = {}
    for document in documents:
        sums[document[owner]] = sums.get(document[owner], 0) + document["amount"]
    return sums


def _maker(
    requests: Sequence[RecordedRequest], order: Document
) -> RecordedRequest | None:
    """Return the request whose answer was the first to name an order."""
    return next(
        (
            request
            for request in requests
            if request.method == "POST" and order["id"] in request.answer_text
        ),
        None,
    )
