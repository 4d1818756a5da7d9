"""Twins that take what production refuses, or the other way round."""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources import Context
from smartpay_mock.twins.editing import changed, given, objects, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.samples import SAMPLE
from smartpay_mock.twins.seams import (
    Document,
    handled,
    judged,
    stepped,
    together,
)
from smartpay_mock.twins.storing import keep
from smartpay_mock.twins.verdicts import lenient, strict
from smartpay_schemas import Operation

_CHOICES = {
    "kind": {"product", "tax", "discount"},
    "addressType": {"home", "gift", "locker", "office", "store"},
    "legalGender": {"male", "female"},
    "locale": {"en", "ja"},
}


def _unchosen(value: Any) -> Any:
    """Return a document without the choices that are none."""
    if isinstance(value, dict):
        return {
            name: _unchosen(member)
            for name, member in value.items()
            if not isinstance(member, str) or member in _CHOICES.get(name, {member})
        }
    return [_unchosen(entry) for entry in value] if isinstance(value, list) else value


def _overlooking(
    honest: Any, operation: Operation, document: Any, ctx: Context
) -> Document:
    checked: Document = honest(operation, _unchosen(document), ctx)
    return checked


def _total(body: Document) -> int:
    """Return what items and fee add up to, in yen."""
    signs = {"product": 1, "tax": 1, "discount": -1}
    items = sum(
        signs[item.get("kind", "product")] * item["amount"] * item.get("quantity", 1)
        for item in body.get("items", [])
    )
    fee: int = body.get("shippingInfo", {}).get("feeAmount", 0)
    return int(items) + fee


def _is_unbalanced(operation: Operation, body: Document) -> bool:
    return operation.id == "create_order" and body["amount"] != _total(body)


def _in_lower_case(order: Document) -> None:
    address = order["shippingInfo"]["address"]
    changed("country", str.lower)(address)


def _unreferenced(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Make a payment that does not know its order's reference."""
    order = honest(ctx, params, body)
    for id_ in order["payments"]:
        payment = ctx.find("payment", id_)
        payment.pop("reference", None)
        keep(ctx, payment)
    return order


def _timed(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Let an order that succeeded expire as well."""
    order = honest(ctx, params, body)
    if order["status"] == "succeeded":
        ctx.unit.put("timer", order["id"], b"{}", due=order["expiresAt"])
    return order


MUTANTS = (
    *in_area(
        "data",
        Row(
            "country-as-sent",
            "A report by country has two columns for Japan.",
            ("data.country-upper",),
            objects("order", _in_lower_case),
        ),
        Row(
            "ships-anywhere",
            "A parcel for abroad is paid, and production would not have taken it.",
            ("data.country-code",),
            lenient('country: "'),
        ),
        Row(
            "metadata-of-any-depth",
            "What a shop keeps in nested metadata is refused in production.",
            ("data.metadata-values",),
            lenient("metadata."),
        ),
    ),
    *in_area(
        "orders",
        Row(
            "payment-without-order-reference",
            "Bookkeeping cannot tell which cart a payment paid for.",
            ("orders.create.payment-reference",),
            handled(_unreferenced, "create_order"),
        ),
        Row(
            "line-items-without-detail",
            "The warehouse does not know how many to ship.",
            ("orders.create.line-item-members",),
            objects("lineItem", without("quantity", "description")),
        ),
        Row(
            "sums-checked",
            "A shop that rounds its taxes cannot charge.",
            ("orders.create.unbalanced",),
            strict("amount: it is not the sum of the items", _is_unbalanced),
        ),
        Row(
            "nothing-is-an-amount",
            "A slip in a discount makes orders of nothing.",
            (
                "orders.create.amount-zero",
                "payments.create.amount-zero",
                "refunds.create.amount-zero",
            ),
            lenient("amount: 0 ", amount=1),
        ),
        Row(
            "empty-baskets-taken",
            "An order of nothing is charged.",
            ("orders.create.no-items",),
            lenient("items: ", items=SAMPLE["items"]),
        ),
        Row(
            "items-in-any-currency",
            "A price in dollars is charged in yen.",
            ("orders.create.item-currency",),
            lenient("].currency"),
        ),
        Row(
            "lengths-not-checked",
            "What works on the emulator is refused in production.",
            (
                "data.locality-limit",
                "orders.create.reference-limit",
                "payments.create.limits",
                "payments.update.limits",
                "refunds.create.limits",
                "refunds.update.limits",
                "sessions.create.limits",
                "coupons.create.limits",
                "promotions.create.limits",
                "endpoints.create.limits",
            ),
            lenient("characters"),
        ),
        Row(
            "empty-references-refused",
            "A shop that sends every member of its form cannot charge.",
            ("orders.create.reference-empty",),
            strict(
                "reference: it is empty",
                lambda operation, body: (
                    operation.id == "create_order" and body.get("reference") == ""
                ),
            ),
        ),
        Row(
            "any-quantity",
            "An order of minus one sweater is charged.",
            ("orders.create.quantity",),
            lenient("].quantity"),
        ),
        Row(
            "any-number-of-images",
            "What works on the emulator is refused in production for its pictures.",
            ("orders.create.image-limit",),
            lenient("].images"),
        ),
        Row(
            "odd-choices-dropped",
            "A parcel for an office is sent to a home, and nobody was told.",
            ("orders.create.enums", "sessions.create.enums"),
            judged(_overlooking),
        ),
        Row(
            "capture-method-in-the-order",
            "Clients come to rely on a member that production does not send.",
            ("orders.create.no-private-members",),
            objects("order", given(captureMethod="automatic")),
        ),
        Row(
            "succeeded-expires",
            "An order that was paid is canceled a week later.",
            ("orders.expiry.succeeded-stays",),
            together(
                handled(_timed, "create_order"),
                stepped("order", "expire_captured", "succeeded", to="canceled"),
            ),
        ),
    ),
    *in_area(
        "payments",
        Row(
            "payment-without-its-items",
            "A shop cannot tell which parcel a capture paid for.",
            ("payments.create.line-items",),
            objects("payment", given(lineItems=[])),
        ),
    ),
    *in_area(
        "refunds",
        Row(
            "refund-needs-an-amount",
            "A client that gives everything back has to look up how much that is.",
            ("refunds.create.default-amount",),
            strict(
                "amount: it is missing",
                lambda operation, body: (
                    operation.id == "create_refund" and "amount" not in body
                ),
            ),
        ),
    ),
    *in_area(
        "promotion-codes",
        Row(
            "minimum-in-no-currency",
            "A code for orders over 100 dollars works for those over 100 yen.",
            ("promotions.create.minimum-currency",),
            lenient("currency: is missing", currency="JPY"),
        ),
    ),
)
