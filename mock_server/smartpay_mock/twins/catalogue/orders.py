"""Twins that take money they should not, or do not say what became of an order."""

from __future__ import annotations

from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.resources.context import Document
from smartpay_mock.twins.charges import (
    EverActive,
    captured_again,
    capturing,
    charging,
    fee_on_top,
    forgetting_rejected,
    rejected_for_success,
    short_by_one,
    success_for_rejected,
    uncaptured,
    unique_references,
    unknown_charged,
    used_up,
)
from smartpay_mock.twins.editing import changed, given, objects, rendered, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.samples import DEFAULTS, SAMPLE
from smartpay_mock.twins.seams import (
    handled,
    seen_as,
)
from smartpay_mock.twins.verdicts import lenient

BASKETS = ("create_order", "create_checkout_session")
MANDATORY = (
    "orders.create.mandatory-members",
    "orders.create.mandatory-address",
    "orders.create.mandatory-item",
    "payments.create.mandatory-members",
    "refunds.create.mandatory-members",
    "sessions.create.mandatory-members",
    "coupons.create.mandatory-members",
    "promotions.create.mandatory-members",
    "endpoints.create.mandatory-members",
    "errors.request-invalid",
)


def _drop_empty(document: Document) -> None:
    for name in ("discounts", "payments"):
        if document.get(name) == []:
            del document[name]


def _negative_discounts(document: Document) -> None:
    if document.get("kind") == "discount":
        document["amount"] = -document["amount"]


def _expiring_anyway(document: Document) -> None:
    document.setdefault("expiresAt", document["createdAt"] + 7 * DAY_MS)


MUTANTS = in_area(
    "orders",
    Row(
        "rejected-shown-as-succeeded",
        "The shop ships what was never paid.",
        ("orders.create.rejected", "orders.create.consumer-inactive"),
        handled(success_for_rejected, "create_order"),
    ),
    Row(
        "succeeded-shown-as-rejected",
        "The consumer has paid, is told otherwise, and pays elsewhere again.",
        ("orders.create.succeeded",),
        handled(rejected_for_success, "create_order"),
    ),
    Row(
        "rejected-not-kept",
        "A shop that looks a rejected order up again does not find it.",
        ("orders.create.rejected-kept",),
        handled(forgetting_rejected, "create_order"),
    ),
    Row(
        "rejected-is-charged",
        "The order is rejected, and the consumer pays it.",
        ("orders.create.rejected", "orders.create.one-payment"),
        handled(captured_again("rejected"), "create_order"),
    ),
    Row(
        "inactive-consumer-charged",
        "A consumer who closed the account still pays.",
        ("orders.create.consumer-inactive",),
        seen_as(EverActive),
    ),
    Row(
        "disabled-token-charged",
        "A consumer who took the permission back still pays.",
        ("orders.create.token-disabled", "orders.create.token-disabled-rejected"),
        handled(charging("disabled"), "create_order"),
    ),
    Row(
        "deleted-token-charged",
        "A consumer who deleted the token still pays.",
        ("orders.create.token-deleted",),
        handled(charging("deleted"), "create_order"),
    ),
    Row(
        "unapproved-token-charged",
        "A consumer pays who never agreed.",
        ("orders.create.token-invalid",),
        handled(charging("requires_authorization", "rejected"), "create_order"),
    ),
    Row(
        "unknown-token-charged",
        "A typing error in the token charges somebody else.",
        ("orders.create.token-not-found",),
        handled(unknown_charged, "create_order"),
    ),
    Row(
        "token-used-up",
        "A subscription is charged once and never again.",
        ("orders.create.token-stays",),
        handled(used_up, "create_order"),
    ),
    Row(
        "order-without-token-id",
        "A shop cannot tell which of its consumers an order charged.",
        ("orders.create.token-id",),
        objects("order", without("tokenId")),
    ),
    Row(
        "manual-captured-at-once",
        "The consumer pays for what is not in stock.",
        ("orders.create.requires-capture", "orders.create.one-payment"),
        handled(capturing("automatic"), "create_order"),
    ),
    Row(
        "automatic-left-uncaptured",
        "The shop ships, and the money is never taken.",
        ("orders.create.succeeded", "orders.create.one-payment"),
        handled(capturing("manual"), "create_order"),
    ),
    Row(
        "succeeded-without-payment",
        "The order has succeeded, and nothing was paid.",
        ("orders.create.one-payment",),
        handled(uncaptured, "create_order"),
    ),
    Row(
        "charged-twice",
        "The consumer pays every order twice.",
        ("orders.create.one-payment",),
        handled(captured_again("succeeded"), "create_order"),
    ),
    Row(
        "charged-a-yen-less",
        "The shop's books are one yen short per order.",
        ("orders.create.one-payment",),
        handled(short_by_one, "create_order"),
    ),
    Row(
        "fee-charged-twice",
        "The consumer pays the shipping fee on top of an amount that holds it.",
        ("orders.create.echo", "sessions.create.order-members"),
        handled(fee_on_top, *BASKETS),
    ),
    Row(
        "expires-at-not-told",
        "A shop cannot tell until when it may capture.",
        ("orders.create.expires-at",),
        objects("order", without("expiresAt")),
    ),
    Row(
        "expires-at-of-all",
        "A rejected order seems to hold money for a week.",
        ("orders.create.expires-at", "sessions.create.order-members"),
        objects("order", _expiring_anyway),
    ),
    Row(
        "reference-lost",
        "A shop cannot tell which of its carts was paid.",
        ("orders.create.echo", "sessions.create.echo"),
        rendered(
            lambda document: [
                found.pop("reference", None)
                for found in (document, document.get("order"))
                if isinstance(found, dict)
            ],
            *BASKETS,
        ),
    ),
    Row(
        "second-address-line-lost",
        "The parcel comes back from a building with forty floors.",
        ("orders.create.echo", "sessions.create.order-members"),
        objects(
            "order",
            changed("shippingInfo", lambda s: s | {"address": _no_line2(s)}),
        ),
    ),
    Row(
        "empty-lists-left-out",
        "A typed client that counts payments crashes where there are none.",
        ("orders.create.empty-lists", "data.shape"),
        objects("order", _drop_empty),
    ),
    Row(
        "first-item-only",
        "The order charges for the basket and lists one thing.",
        ("orders.create.line-items", "orders.create.line-item-order"),
        objects("order", changed("lineItems", lambda lines: lines[:1])),
    ),
    Row(
        "items-backwards",
        "A shop that matches items by place ships the wrong thing.",
        ("orders.create.line-item-order",),
        objects("order", changed("lineItems", lambda lines: lines[::-1])),
    ),
    Row(
        "every-item-a-product",
        "The warehouse looks for a tax on its shelves.",
        ("orders.create.line-items", "orders.create.adjustments"),
        objects("lineItem", given(kind="product")),
    ),
    Row(
        "discounts-negative",
        "A client that subtracts discounts adds them.",
        ("orders.create.adjustments",),
        objects("lineItem", _negative_discounts),
    ),
    Row(
        "mandatory-members-guessed",
        "An order without an address is charged, and cannot be shipped.",
        MANDATORY,
        lenient("is missing", filling=SAMPLE),
    ),
    Row(
        "choices-not-checked",
        "A misspelt captureMethod captures at once.",
        (
            "orders.create.capture-method",
            "payments.create.cancel-remainder",
            "refunds.create.reason",
            "coupons.create.discount-type",
        ),
        lenient(
            "captureMethod", "cancelRemainder", "reason", "discountType", **DEFAULTS
        ),
    ),
    Row(
        "references-unique",
        "A shop that retries a declined cart under its number is refused.",
        (
            "sessions.create.reference-free",
            "orders.create.every-request-charges",
            "idempotency.one-order-per-key",
        ),
        handled(unique_references, *BASKETS),
    ),
    Row(
        "retrieved-order-differs",
        "A shop that looks an order up again reads other things than it was told.",
        ("orders.get", "orders.list"),
        rendered(without("reference"), "get_order"),
    ),
    Row(
        "status-of-another-kind",
        "A client that waits for requires_capture waits for ever.",
        ("orders.status", "orders.create.requires-capture"),
        objects(
            "order",
            changed(
                "status",
                lambda status: "authorized" if status == "requires_capture" else status,
            ),
        ),
    ),
)


def _no_line2(shipping: Document) -> Document:
    address: Document = shipping["address"]
    return {name: value for name, value in address.items() if name != "line2"}
