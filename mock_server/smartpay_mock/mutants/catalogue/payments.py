"""Mutants that capture or refund the wrong amount."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.mutants.catalogue.responses import with_status
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import (
    Document,
    Wrap,
    change_transition,
    combine,
    wrap_handlers,
)
from smartpay_mock.resources import Context
from smartpay_mock.resources.payments import left_to_capture
from smartpay_mock.resources.refunds import left_to_refund

CODE = "amount.insufficient"


def capture_over(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Authorize more if a capture exceeds what is left."""
    order = ctx.load("order", body["order"])
    if order and body["amount"] > left_to_capture(order):
        order["_authorized"] = order["_captured"] + body["amount"]
        ctx.save(order)
    return original(ctx, params, body)


def with_members(**members: Any) -> Wrap:
    """Set members of the body; ``None`` removes one."""

    def wrap(
        original: Any, ctx: Context, params: dict[str, str], body: Document
    ) -> Any:
        sent = {**body, **members}
        kept = {name: value for name, value in sent.items() if value is not None}
        return original(ctx, params, kept)

    return wrap


def _keep_remainder(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    return original(ctx, params, {"cancelRemainder": "manual", **body})


def unlist_capture(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Omit the capture from its order."""
    payment = original(ctx, params, body)
    order = ctx.find("order", payment["order"])
    order["payments"] = []
    ctx.save(order)
    return payment


def _capture_everything(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Set the amount of a capture to that of its order."""
    payment = original(ctx, params, body)
    payment["amount"] = ctx.find("order", payment["order"])["amount"]
    ctx.save(payment)
    return payment


def refund_over(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Refund any amount."""
    payment = ctx.load("payment", body["payment"])
    amount = body.get("amount", 0)
    if payment and amount > left_to_refund(payment):
        payment["_refunded"] = payment["amount"] - amount
        ctx.save(payment)
    return original(ctx, params, body)


def refund_once(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Refuse the second refund of a payment."""
    payment = ctx.find("payment", body["payment"])
    if payment["refunds"]:
        raise ApiError(CODE, amount=0, left=0, id=payment["id"])
    return original(ctx, params, body)


def unlist_refund(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Omit the refund from its payment."""
    refund = original(ctx, params, body)
    payment = ctx.find("payment", refund["payment"])
    payment["refunds"] = []
    ctx.save(payment)
    return refund


MUTANTS = (
    Mutant(
        "captures-over-the-amount",
        "The consumer pays more than they agreed to.",
        ("payments.create.excessive",),
        wrap_handlers(capture_over, "create_payment"),
    ),
    Mutant(
        "captured-again",
        "The consumer pays for a captured order once more.",
        ("payments.create.cannot-capture",),
        combine(
            wrap_handlers(capture_over, "create_payment"),
            change_transition("order", "capture_last", "succeeded"),
            change_transition("order", "capture_part", "succeeded"),
        ),
    ),
    Mutant(
        "rest-stays-held",
        "The rest of the consumer's money stays reserved for a week after your only"
        " capture.",
        ("payments.create.remainder-automatic",),
        wrap_handlers(_keep_remainder, "create_payment"),
    ),
    Mutant(
        "rest-released-always",
        "You ship in two parcels and are paid for the first one only.",
        ("payments.create.remainder-manual", "refunds.create.while-capturing"),
        wrap_handlers(with_members(cancelRemainder=None), "create_payment"),
    ),
    Mutant(
        "order-forgets-its-captures",
        "A job that reads the order finds no payment and captures again.",
        ("payments.create.on-order",),
        wrap_handlers(unlist_capture, "create_payment"),
    ),
    Mutant(
        "payment-of-the-whole-amount",
        "A partial capture is booked as the whole order.",
        ("payments.create.echo",),
        wrap_handlers(_capture_everything, "create_payment"),
    ),
    Mutant(
        "refunds-over-the-payment",
        "You refund more than you were paid.",
        (
            "refunds.create.insufficient",
            "refunds.create.fully-refunded",
            "refunds.create.until-used-up",
        ),
        combine(
            wrap_handlers(refund_over, "create_refund"),
            change_transition("payment", "refund_last", "refunded"),
            change_transition("payment", "refund_part", "refunded"),
        ),
    ),
    Mutant(
        "insufficient-is-400",
        "A client treats an already refunded payment as a bug in its request.",
        (
            "refunds.create.insufficient",
            "refunds.create.fully-refunded",
            "refunds.create.until-used-up",
        ),
        with_status(400, CODE),
    ),
    Mutant(
        "one-refund-per-payment",
        "A consumer who returns two items is refunded for one.",
        ("refunds.create.several", "refunds.create.until-used-up"),
        wrap_handlers(refund_once, "create_refund"),
    ),
    Mutant(
        "refunds-in-full-always",
        "A consumer who returns one item is refunded for all.",
        ("refunds.create", "refunds.create.several"),
        wrap_handlers(with_members(amount=None), "create_refund"),
    ),
    Mutant(
        "payment-forgets-its-refunds",
        "An agent who reads the payment finds no refund and refunds again.",
        ("refunds.create.on-payment",),
        wrap_handlers(unlist_refund, "create_refund"),
    ),
)
