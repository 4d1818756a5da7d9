"""Twins that give back too much, too little, or of something else."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources import Context
from smartpay_mock.resources.refunds import left_to_refund
from smartpay_mock.twins.catalogue.errors import with_status
from smartpay_mock.twins.catalogue.payments import charging_a_yen, sending
from smartpay_mock.twins.editing import given, objects, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    handled,
    meddled,
    stepped,
    together,
)
from smartpay_mock.twins.storing import keep

CODE = "amount.insufficient"


def _refuse(payment: Document, amount: int) -> ApiError:
    return ApiError(
        "amount.insufficient",
        amount=amount,
        left=left_to_refund(payment),
        id=payment["id"],
    )


def _over(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Give back whatever is asked for."""
    payment = ctx.load("payment", body["payment"])
    amount = body.get("amount", 0)
    if payment and amount > left_to_refund(payment):
        payment["_refunded"] = payment["amount"] - amount
        keep(ctx, payment)
    return honest(ctx, params, body)


def _once(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Refund a payment a single time."""
    payment = ctx.find("payment", body["payment"])
    if payment["refunds"]:
        raise _refuse(payment, body.get("amount", 0))
    return honest(ctx, params, body)


def _by_order(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Count what was given back of the order against each of its payments."""
    payment = ctx.find("payment", body["payment"])
    order = ctx.find("order", payment["order"])
    returned = sum(ctx.find("payment", id_)["_refunded"] for id_ in order["payments"])
    if returned + body.get("amount", 0) > payment["amount"]:
        raise _refuse(payment, body.get("amount", 0))
    return honest(ctx, params, body)


def _after_capturing(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    payment = ctx.find("payment", body["payment"])
    if ctx.find("order", payment["order"])["status"] != "succeeded":
        raise _refuse(payment, body.get("amount", 0))
    return honest(ctx, params, body)


def _unlisted(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Do not tell the payment of its refund."""
    refund = honest(ctx, params, body)
    payment = ctx.find("payment", refund["payment"])
    payment["refunds"] = []
    keep(ctx, payment)
    return refund


def _reopening(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Let money that was given back be captured again."""
    refund = honest(ctx, params, body)
    order = ctx.find("order", ctx.find("payment", refund["payment"])["order"])
    order["_authorized"] += refund["amount"]
    keep(ctx, order)
    return refund


def _canceling(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Cancel the order whose payment is given back."""
    refund = honest(ctx, params, body)
    order = ctx.find("order", ctx.find("payment", refund["payment"])["order"])
    order["status"] = "canceled"
    keep(ctx, order)
    return refund


MUTANTS = in_area(
    "refunds",
    Row(
        "refunds-over-the-payment",
        "The shop gives back more than it was paid.",
        (
            "refunds.create.insufficient",
            "refunds.create.fully-refunded",
            "refunds.create.until-used-up",
        ),
        together(
            handled(_over, "create_refund"),
            stepped("payment", "refund_last", "refunded"),
            stepped("payment", "refund_part", "refunded"),
        ),
    ),
    Row(
        "refused-refund-gives-a-yen",
        "A refused refund gives money back all the same.",
        ("refunds.create.insufficient",),
        meddled(charging_a_yen(CODE)),
    ),
    Row(
        "insufficient-is-400",
        "A client takes a used-up payment for a mistake in its payload.",
        (
            "refunds.create.insufficient",
            "refunds.create.fully-refunded",
            "refunds.create.until-used-up",
        ),
        with_status(400, CODE),
    ),
    Row(
        "one-refund-per-payment",
        "A consumer who sends two things back is paid for one.",
        ("refunds.create.several", "refunds.create.until-used-up"),
        handled(_once, "create_refund"),
    ),
    Row(
        "refunds-in-full-always",
        "A consumer who sends one thing back is paid for all.",
        ("refunds.create", "refunds.create.several"),
        handled(sending(amount=None), "create_refund"),
    ),
    Row(
        "refund-failed",
        "The consumer got the money, and the shop is told otherwise.",
        ("refunds.create.succeeded",),
        stepped("refund", "refund", "new", to="failed"),
    ),
    Row(
        "refund-reason-fixed",
        "Fraud is filed as a consumer's wish.",
        ("refunds.create.echo",),
        objects("refund", given(reason="fraudulent")),
    ),
    Row(
        "refund-texts-lost",
        "A shop cannot tell which return a refund paid for.",
        ("refunds.create.echo", "refunds.update"),
        objects("refund", without("description", "reference")),
    ),
    Row(
        "refund-lowers-other-payments",
        "A consumer who returned the first parcel cannot return the second.",
        ("refunds.create.own-payment",),
        handled(_by_order, "create_refund"),
    ),
    Row(
        "refund-only-when-captured",
        "A consumer waits a week for money, until the rest has expired.",
        ("refunds.create.while-capturing",),
        handled(_after_capturing, "create_refund"),
    ),
    Row(
        "payment-forgets-its-refunds",
        "A shop that reads the payment finds no refund, and gives back again.",
        ("refunds.create.on-payment",),
        handled(_unlisted, "create_refund"),
    ),
    Row(
        "refund-reopens-the-order",
        "What was given back is taken again.",
        ("refunds.create.no-recapture",),
        handled(_reopening, "create_refund"),
    ),
    Row(
        "refund-cancels-the-order",
        "An order that was paid and partly returned seems never to have been paid.",
        ("refunds.create.order-untouched",),
        handled(_canceling, "create_refund"),
    ),
    Row(
        "used-up-stays-processed",
        "A shop offers to refund what was refunded.",
        ("refunds.create.payment-status",),
        stepped("payment", "refund_last", "processed", to="processed"),
    ),
)
