"""Mutants that capture or refund the wrong amount."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.mutants.catalogue.responses import with_status
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import (
    Do,
    Document,
    after_handlers,
    before_handlers,
    change_transition,
    combine,
)
from smartpay_mock.resources import Context
from smartpay_mock.resources.payments import left_to_capture
from smartpay_mock.resources.refunds import left_to_refund

CODE = "amount.insufficient"


def capture_over(ctx: Context, body: Document) -> None:
    """Authorize more if a capture exceeds what is left."""
    order = ctx.load("order", body["order"])
    if order and body["amount"] > left_to_capture(order):
        order["_authorized"] = order["_captured"] + body["amount"]
        ctx.save(order)


def with_members(**members: Any) -> Do:
    """Set members of the body; ``None`` removes one."""

    def change(_ctx: Context, body: Document) -> Document:
        sent = {**body, **members}
        return {name: value for name, value in sent.items() if value is not None}

    return change


def unlist_capture(ctx: Context, payment: Document) -> None:
    """Omit the capture from its order."""
    order = ctx.find("order", payment["order"])
    order["payments"] = []
    ctx.save(order)


def _capture_everything(ctx: Context, payment: Document) -> None:
    """Set the amount of a capture to that of its order."""
    payment["amount"] = ctx.find("order", payment["order"])["amount"]
    ctx.save(payment)


def refund_over(ctx: Context, body: Document) -> None:
    """Refund any amount."""
    payment = ctx.load("payment", body["payment"])
    amount = body.get("amount", 0)
    if payment and amount > left_to_refund(payment):
        payment["_refunded"] = payment["amount"] - amount
        ctx.save(payment)


def refund_once(ctx: Context, body: Document) -> None:
    """Refuse the second refund of a payment."""
    payment = ctx.find("payment", body["payment"])
    if payment["refunds"]:
        raise ApiError(CODE, amount=0, left=0, id=payment["id"])


def unlist_refund(ctx: Context, refund: Document) -> None:
    """Omit the refund from its payment."""
    payment = ctx.find("payment", refund["payment"])
    payment["refunds"] = []
    ctx.save(payment)


MUTANTS = (
    Mutant(
        "captures-over-the-amount",
        "The consumer pays more than they agreed to.",
        ("payments.create.excessive",),
        before_handlers(capture_over, "create_payment"),
    ),
    Mutant(
        "captured-again",
        "The consumer pays for a captured order once more.",
        ("payments.create.cannot-capture",),
        combine(
            before_handlers(capture_over, "create_payment"),
            change_transition("order", "capture_last", "succeeded"),
            change_transition("order", "capture_part", "succeeded"),
        ),
    ),
    Mutant(
        "rest-stays-held",
        "The rest of the consumer's money stays reserved for a week after your only"
        " capture.",
        ("payments.create.remainder-automatic",),
        before_handlers(
            lambda _, body: {"cancelRemainder": "manual", **body}, "create_payment"
        ),
    ),
    Mutant(
        "rest-released-always",
        "You ship in two parcels and are paid for the first one only.",
        ("payments.create.remainder-manual", "refunds.create.while-capturing"),
        before_handlers(with_members(cancelRemainder=None), "create_payment"),
    ),
    Mutant(
        "order-forgets-its-captures",
        "A job that reads the order finds no payment and captures again.",
        ("payments.create.on-order",),
        after_handlers(unlist_capture, "create_payment"),
    ),
    Mutant(
        "payment-of-the-whole-amount",
        "A partial capture is booked as the whole order.",
        ("payments.create.echo",),
        after_handlers(_capture_everything, "create_payment"),
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
            before_handlers(refund_over, "create_refund"),
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
        before_handlers(refund_once, "create_refund"),
    ),
    Mutant(
        "refunds-in-full-always",
        "A consumer who returns one item is refunded for all.",
        ("refunds.create", "refunds.create.several"),
        before_handlers(with_members(amount=None), "create_refund"),
    ),
    Mutant(
        "payment-forgets-its-refunds",
        "An agent who reads the payment finds no refund and refunds again.",
        ("refunds.create.on-payment",),
        after_handlers(unlist_refund, "create_refund"),
    ),
)
