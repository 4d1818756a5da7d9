"""Mutants that charge the wrong consumer, amount or number of times."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import (
    Do,
    Document,
    Wrap,
    after_handlers,
    before_handlers,
    change_rules,
    change_transition,
    combine,
    remove_transitions,
    replace_parts,
    wrap_handlers,
)
from smartpay_mock.mutants.responses import edit_successes
from smartpay_mock.resources import Context
from smartpay_mock.resources.payments import capture

BASKETS = ("create_order", "create_checkout_session")


def charge_tokens(*statuses: str) -> Wrap:
    """Charge tokens in these statuses as if they were active."""

    def wrap(
        original: Any, ctx: Context, params: dict[str, str], body: Document
    ) -> Document | None:
        token = ctx.load("token", body["token"])
        if token is None or token["status"] not in statuses:
            done: Document | None = original(ctx, params, body)
            return done
        ctx.save({**token, "status": "active"})
        order: Document = original(ctx, params, body)
        ctx.save(token)
        return order

    return wrap


def show_status(shown: str, status: str) -> Do:
    """Answer with ``shown`` if the order has ``status``."""
    return lambda _, order: (
        {**order, "status": shown} if order["status"] == status else None
    )


def capture_again(*statuses: str) -> Do:
    """Capture orders in these statuses once more."""

    def change(ctx: Context, order: Document) -> None:
        if order["status"] in statuses:
            capture(ctx, order, {"amount": order["amount"]})
            ctx.save(order)

    return change


def capture_less(ctx: Context, order: Document) -> None:
    """Capture one yen less than authorized."""
    for id_ in order["payments"]:
        payment = ctx.find("payment", id_)
        payment["amount"] -= 1
        ctx.save(payment)


def disable_token(ctx: Context, order: Document) -> None:
    """Disable the token after its first order."""
    ctx.save({**ctx.find("token", order["tokenId"]), "status": "disabled"})


def capture_by(method: str) -> Do:
    """Replace the capture method of every order."""
    return lambda _, body: {**body, "captureMethod": method}


def add_fee(_ctx: Context, body: Document) -> Document:
    """Add the shipping fee to an amount that includes it."""
    fee = body.get("shippingInfo", {}).get("feeAmount", 0)
    return {**body, "amount": body["amount"] + fee} if "amount" in body else body


class _KeepAuthorization(Context):
    """Keeps the authorization of a canceled order."""

    def save(self, document: Document) -> None:
        if document["object"] == "order" and document["status"] == "canceled":
            document["_authorized"] = document["amount"]
        super().save(document)


def _cancel_in_response_only(
    _original: Any, ctx: Context, params: dict[str, str], _body: Document
) -> Document:
    """Answer that an order is canceled, and do nothing."""
    return {**ctx.find("order", params["id"]), "status": "canceled"}


MUTANTS = (
    Mutant(
        "rejected-shown-as-succeeded",
        "You ship goods that were never paid for.",
        ("orders.create.rejected", "orders.create.consumer-inactive"),
        after_handlers(show_status("succeeded", "rejected"), "create_order"),
    ),
    Mutant(
        "succeeded-shown-as-rejected",
        "The consumer has paid, sees a rejection, and pays elsewhere again.",
        ("orders.create.succeeded",),
        after_handlers(show_status("rejected", "succeeded"), "create_order"),
    ),
    Mutant(
        "rejected-is-charged",
        "The order is rejected, and the consumer pays for it anyway.",
        ("orders.create.rejected", "orders.create.one-payment"),
        after_handlers(capture_again("rejected"), "create_order"),
    ),
    Mutant(
        "disabled-token-charged",
        "A consumer who withdrew permission is charged and disputes it.",
        ("orders.create.token-disabled", "orders.create.token-disabled-rejected"),
        wrap_handlers(charge_tokens("disabled"), "create_order"),
    ),
    Mutant(
        "deleted-token-charged",
        "A consumer who deleted the token is charged and disputes it.",
        ("orders.create.token-deleted",),
        wrap_handlers(charge_tokens("deleted"), "create_order"),
    ),
    Mutant(
        "unapproved-token-charged",
        "A consumer who never agreed is charged.",
        ("orders.create.token-invalid",),
        wrap_handlers(
            charge_tokens("requires_authorization", "rejected"), "create_order"
        ),
    ),
    Mutant(
        "token-used-up",
        "A subscription is charged once and never again.",
        ("orders.create.token-stays",),
        after_handlers(disable_token, "create_order"),
    ),
    Mutant(
        "manual-captured-at-once",
        "The consumer pays at once for goods that are not in stock.",
        ("orders.create.requires-capture", "orders.create.one-payment"),
        before_handlers(capture_by("automatic"), "create_order"),
    ),
    Mutant(
        "automatic-left-uncaptured",
        "You ship, and the money is never taken.",
        ("orders.create.succeeded", "orders.create.one-payment"),
        before_handlers(capture_by("manual"), "create_order"),
    ),
    Mutant(
        "charged-twice",
        "The consumer pays twice for every order.",
        ("orders.create.one-payment",),
        after_handlers(capture_again("succeeded"), "create_order"),
    ),
    Mutant(
        "charged-a-yen-less",
        "Your books are one yen short for each order.",
        ("orders.create.one-payment",),
        after_handlers(capture_less, "create_order"),
    ),
    Mutant(
        "fee-charged-twice",
        "The consumer pays the shipping fee twice.",
        ("orders.create.echo", "sessions.create.order-members"),
        before_handlers(add_fee, *BASKETS),
    ),
    Mutant(
        "reference-lost",
        "You cannot tell which of your carts was paid.",
        ("orders.create.echo", "sessions.create.echo"),
        edit_successes(
            lambda document: [
                found.pop("reference", None)
                for found in (document, document.get("order"))
                if isinstance(found, dict)
            ],
            *BASKETS,
        ),
    ),
    Mutant(
        "expires-after-six-days",
        "You capture on the seventh day and are refused.",
        ("orders.create.expires-at", "orders.expiry.not-before"),
        change_rules(capture_window_ms=6 * DAY_MS),
    ),
    Mutant(
        "never-expires",
        "You rely on an authorization that ended long ago, and ship without payment.",
        (
            "orders.expiry.canceled",
            "orders.expiry.no-capture",
            "events.order-expired",
        ),
        change_transition("order", "expire", "requires_capture", to="requires_capture"),
    ),
    Mutant(
        "partly-captured-expires-canceled",
        "A partly paid order appears canceled, so your books lose the payment.",
        ("orders.expiry.partly-captured",),
        change_transition(
            "order", "expire_captured", "requires_capture", to="canceled"
        ),
    ),
    Mutant(
        "canceled-but-held",
        "The money of a canceled order stays reserved and can still be captured.",
        ("orders.cancel.releases", "orders.expiry.no-capture"),
        combine(
            replace_parts(context_type=_KeepAuthorization),
            change_transition("order", "capture_last", "canceled", to="canceled"),
            change_transition("order", "capture_part", "canceled", to="canceled"),
        ),
    ),
    Mutant(
        "canceled-in-response-only",
        "You confirm the cancellation to the consumer, who is charged anyway.",
        ("orders.cancel.canceled", "orders.cancel.releases"),
        wrap_handlers(_cancel_in_response_only, "cancel_order"),
    ),
    Mutant(
        "cancels-what-was-captured",
        "The consumer has paid a part, and the order says that nothing was paid.",
        ("orders.cancel.partly-captured",),
        change_transition("order", "release", "requires_capture", to="canceled"),
    ),
    Mutant(
        "paid-orders-can-be-canceled",
        "The consumer has paid, and your shop shows the order as canceled.",
        ("orders.cancel.cannot",),
        change_transition("order", "release", "succeeded", to="canceled"),
    ),
    Mutant(
        "cancellation-only-once",
        "A retried cancellation looks like a failure, so an agent cancels by hand.",
        ("orders.cancel.again",),
        remove_transitions("order", "cancel", "canceled"),
    ),
)
