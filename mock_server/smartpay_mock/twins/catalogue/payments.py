"""Twins that capture too much, too often, or not what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from smartpay_mock.api.idempotency import HEADER
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources import Context
from smartpay_mock.resources.payments import left_to_capture
from smartpay_mock.twins.editing import changed, code_of, objects, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    Params,
    Perform,
    Wrap,
    handled,
    meddled,
    stepped,
    together,
    with_body,
)
from smartpay_mock.twins.storing import keep
from smartpay_schemas import OPERATIONS, Operation

UPDATES = [row.id for row in OPERATIONS.values() if row.method == "PATCH"]
MONEY_UPDATES = ("update_payment", "update_refund")


def _over(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Authorize as much more as a capture asks for."""
    order = ctx.load("order", body["order"])
    if order and body["amount"] > left_to_capture(order):
        order["_authorized"] = order["_captured"] + body["amount"]
        ctx.keep_order(order)
    return honest(ctx, params, body)


def _trimming(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Capture what is left where more was asked for."""
    order = ctx.load("order", body["order"])
    left = left_to_capture(order) if order else 0
    amount = min(body["amount"], left) if left else body["amount"]
    return honest(ctx, params, {**body, "amount": amount})


def _again(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Capture an order that has succeeded already."""
    order = ctx.load("order", body["order"])
    if order and order["status"] == "succeeded":
        order["_authorized"] += body["amount"]
        ctx.keep_order(order)
    return honest(ctx, params, body)


def charging_a_yen(code: str) -> Any:
    """Return the meddler that carries out a yen of what was refused for ``code``."""

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        answer = perform(operation, params, call)
        if code_of(answer) == code:
            body = {**decode(call.body), "amount": 1, "cancelRemainder": "manual"}
            headers = {n: v for n, v in call.headers.items() if n != HEADER}
            again = replace(with_body(call, encode(body)), headers=headers)
            perform(operation, params, again)
        return answer

    return meddle


def sending(**members: Any) -> Wrap:
    """Return the wrap that sets members of the body; ``None`` removes one."""

    def wrap(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
        sent = {**body, **members}
        kept = {name: value for name, value in sent.items() if value is not None}
        return honest(ctx, params, kept)

    return wrap


def _kept_by_default(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    return honest(ctx, params, {"cancelRemainder": "manual", **body})


def _unlisted(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Do not tell the order of its capture."""
    payment = honest(ctx, params, body)
    order = ctx.find("order", payment["order"])
    order["payments"] = []
    ctx.keep_order(order)
    return payment


def _as_ordered(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Show the order's amount as the captured one."""
    payment = honest(ctx, params, body)
    payment["amount"] = ctx.find("order", payment["order"])["amount"]
    keep(ctx, payment)
    return payment


def _unkept(_honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Show an update that is not kept."""
    kind = {
        "payment": "payment",
        "refund": "refund",
        "coupon": "coupon",
        "promotioncode": "promotion_code",
        "webhookendpoint": "webhook_endpoint",
    }[params["id"].partition("_")[0]]
    return {**ctx.find(kind, params["id"]), **body}


def _shaving(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Change the amount with every update."""
    document = honest(ctx, params, body)
    document["amount"] -= 1
    keep(ctx, document)
    return document


def _amount_taken(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Let an update set the amount."""
    document = honest(ctx, params, body)
    document["amount"] = body.get("amount", document["amount"])
    keep(ctx, document)
    return document


MUTANTS = in_area(
    "payments",
    Row(
        "captures-over-the-amount",
        "The consumer pays more than agreed to.",
        ("payments.create.excessive",),
        handled(_over, "create_payment"),
    ),
    Row(
        "captures-trimmed",
        "A shop that asked for too much is told it was paid, and got less.",
        ("payments.create.excessive",),
        handled(_trimming, "create_payment"),
    ),
    Row(
        "refused-capture-takes-a-yen",
        "A refused capture takes money all the same.",
        ("payments.create.excessive",),
        meddled(charging_a_yen("payment.excessive-amount")),
    ),
    Row(
        "captured-again",
        "The consumer pays a captured order once more.",
        ("payments.create.cannot-capture",),
        together(
            handled(_again, "create_payment"),
            stepped("order", "capture_last", "succeeded"),
            stepped("order", "capture_part", "succeeded"),
        ),
    ),
    Row(
        "rejected-captured",
        "The consumer was declined, and pays.",
        ("payments.create.cannot-capture-others",),
        together(
            handled(_over, "create_payment"),
            stepped("order", "capture_last", "rejected", to="succeeded"),
            stepped("order", "capture_part", "rejected", to="succeeded"),
        ),
    ),
    Row(
        "rest-stays-held",
        "The consumer's money stays held for a week after the only capture.",
        ("payments.create.remainder-automatic",),
        handled(_kept_by_default, "create_payment"),
    ),
    Row(
        "rest-released-always",
        "A shop that ships in two parcels is paid for the first one only.",
        ("payments.create.remainder-manual", "refunds.create.while-capturing"),
        handled(sending(cancelRemainder=None), "create_payment"),
    ),
    Row(
        "last-yen-leaves-it-open",
        "An order that is paid in full waits for another capture.",
        ("payments.create.full", "payments.create.last"),
        stepped("order", "capture_last", "requires_capture", to="requires_capture"),
    ),
    Row(
        "order-forgets-its-captures",
        "A shop that reads the order finds no payment, and captures again.",
        ("payments.create.on-order",),
        handled(_unlisted, "create_payment"),
    ),
    Row(
        "payment-of-the-whole-amount",
        "A partial capture is booked as the whole order.",
        ("payments.create.echo",),
        handled(_as_ordered, "create_payment"),
    ),
    Row(
        "payment-reference-lost",
        "A shop cannot tell which parcel a capture paid for.",
        ("payments.create.echo", "payments.update"),
        objects("payment", without("reference")),
    ),
    Row(
        "payment-description-lost",
        "The consumer's statement does not say what was paid for.",
        ("payments.create.description", "payments.update"),
        objects("payment", without("description")),
    ),
    Row(
        "payment-pending",
        "A shop that ships when a payment is processed never ships.",
        ("payments.create.processed", "payments.status"),
        objects("payment", changed("status", lambda _status: "pending")),
    ),
    Row(
        "updates-not-kept",
        "The answer shows the change, and the next one does not.",
        (
            "payments.update",
            "refunds.update",
            "coupons.update",
            "promotions.update",
            "endpoints.update",
        ),
        handled(_unkept, *UPDATES),
    ),
    Row(
        "updates-shave-a-yen",
        "A new reference makes a payment or a refund smaller.",
        ("payments.update.money-stays", "refunds.update.money-stays"),
        handled(_shaving, *MONEY_UPDATES),
    ),
    Row(
        "updates-take-amounts",
        "A client that sends the whole object back changes what was paid.",
        ("payments.update.only-three",),
        handled(_amount_taken, *MONEY_UPDATES),
    ),
)
