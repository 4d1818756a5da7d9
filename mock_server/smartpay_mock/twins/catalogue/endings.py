"""Twins that end an order too early, too late, or only in words."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.clock import DAY_MS, HOUR_MS
from smartpay_mock.resources import Context
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    Wrap,
    handled,
    ruled,
    seen_as,
    stepped,
    together,
    unstepped,
)


class _Holding(Context):
    """Does not release what a canceled order had authorized."""

    def save(self, kind: str, document: Document, *, owner: str | None = None) -> None:
        if kind == "order" and document["status"] == "canceled":
            document["_authorized"] = document["amount"]
        super().save(kind, document, owner=owner)


def _timed(by_ms: int) -> Wrap:
    """Let an authorization end at another time than its order says."""

    def wrap(
        honest: Any, ctx: Context, params: dict[str, str], body: Document
    ) -> Document:
        order: Document = honest(ctx, params, body)
        if order["status"] == "requires_capture":
            due = order["expiresAt"] + by_ms
            ctx.unit.put("timer", order["id"], b"{}", due=due)
        return order

    return wrap


def _in_words_only(
    _honest: Any, ctx: Context, params: dict[str, str], _body: Document
) -> Document:
    """Say that an order is canceled."""
    return {**ctx.find("order", params["id"]), "status": "canceled"}


def _giving_back(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Forget the payments of an order that is canceled."""
    order = honest(ctx, params, body)
    order["payments"] = []
    ctx.keep_order(order)
    return order


MUTANTS = in_area(
    "orders",
    Row(
        "expires-after-eight-days",
        "The shop captures on the eighth day, when the real money is gone.",
        (
            "orders.create.expires-at",
            "orders.expiry.canceled",
            "orders.expiry.no-capture",
            "consumer.authorize.manual",
        ),
        ruled(capture_window_ms=8 * DAY_MS),
    ),
    Row(
        "expires-after-six-days",
        "The shop captures on the seventh day, and is refused.",
        ("orders.create.expires-at", "orders.expiry.not-before"),
        ruled(capture_window_ms=6 * DAY_MS),
    ),
    Row(
        "ends-an-hour-late",
        "The order says when it expires, and can still be captured after that.",
        ("orders.expiry.canceled", "orders.expiry.no-capture"),
        handled(_timed(HOUR_MS), "create_order"),
    ),
    Row(
        "ends-an-hour-early",
        "The order says when it expires, and is gone before that.",
        ("orders.expiry.not-before",),
        handled(_timed(-HOUR_MS), "create_order"),
    ),
    Row(
        "never-expires",
        "The shop relies on an authorization that the bank let go long ago.",
        (
            "orders.expiry.canceled",
            "orders.expiry.no-capture",
            "events.order-expired",
        ),
        stepped("order", "expire", "requires_capture", to="requires_capture"),
    ),
    Row(
        "partly-captured-never-expires",
        "The rest of a partly captured order seems to be held for ever.",
        ("orders.expiry.partly-captured",),
        stepped("order", "expire_captured", "requires_capture", to="requires_capture"),
    ),
    Row(
        "partly-captured-expires-canceled",
        "A shop that was paid in part is told that nothing came of it.",
        ("orders.expiry.partly-captured",),
        stepped("order", "expire_captured", "requires_capture", to="canceled"),
    ),
    Row(
        "canceled-but-held",
        "The consumer's money stays held, and can still be taken.",
        ("orders.cancel.releases", "orders.expiry.no-capture"),
        together(
            seen_as(_Holding),
            stepped("order", "capture_last", "canceled", to="canceled"),
            stepped("order", "capture_part", "canceled", to="canceled"),
        ),
    ),
    Row(
        "canceled-in-words-only",
        "The consumer is told that nothing will be charged, and is charged.",
        ("orders.cancel.canceled", "orders.cancel.releases"),
        handled(_in_words_only, "cancel_order"),
    ),
    Row(
        "cancels-what-was-captured",
        "The consumer has paid a part, and the order says that nothing was paid.",
        ("orders.cancel.partly-captured",),
        stepped("order", "release", "requires_capture", to="canceled"),
    ),
    Row(
        "cancellation-loses-payments",
        "The shop keeps the money of a part that its books do not show any more.",
        ("orders.cancel.partly-captured",),
        handled(_giving_back, "cancel_order"),
    ),
    Row(
        "cancellation-only-once",
        "A retried cancellation is taken for a failure.",
        ("orders.cancel.again",),
        unstepped("order", "cancel", "canceled"),
    ),
    Row(
        "paid-orders-can-be-canceled",
        "The consumer has paid, and the shop is told that the order is canceled.",
        ("orders.cancel.cannot",),
        stepped("order", "release", "succeeded", to="canceled"),
    ),
    Row(
        "rejected-orders-can-be-canceled",
        "A shop cancels what never was, and believes that it gave money back.",
        ("orders.cancel.cannot",),
        stepped("order", "cancel", "rejected", to="canceled"),
    ),
)
