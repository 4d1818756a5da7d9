"""Twins whose coupons and promotion codes are worth something else."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.validation import Validate
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.catalogue.payments import sending
from smartpay_mock.twins.editing import changed, given, objects, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, handled, judged, seen_as, together
from smartpay_mock.twins.storing import keep, unrepeated
from smartpay_mock.twins.verdicts import strict
from smartpay_schemas import Operation


class _Forgetful(Context):
    """Does not know which codes are taken."""

    def save(self, kind: str, document: Document, *, owner: str | None = None) -> None:
        super().save(kind, document, owner=None if kind == "promotion_code" else owner)


def _case_sensitive(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Take only the very same letters for the same code."""
    rows = ctx.unit.page("promotion_code", limit=9, index_key=body["code"].casefold())
    known = [ctx.find("promotion_code", row.id) for row in rows]
    others = [one for one in known if one["code"] != body["code"]]
    for other in others:
        ctx.save("promotion_code", other)
    made = honest(ctx, params, body)
    for other in others:
        keep(ctx, other)
    return made


def _once_per_customer(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    return honest(ctx, params, {"onePerCustomer": True, **body})


def _inactive(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Make a coupon that does not work yet."""
    coupon = honest(ctx, params, body)
    coupon["active"] = False
    keep(ctx, coupon)
    return coupon


def _repricing(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Let an update change what a coupon is worth."""
    coupon = honest(ctx, params, body)
    for name in ("discountAmount", "discountPercentage", "discountType"):
        if name in body:
            coupon[name] = body[name]
    keep(ctx, coupon)
    return coupon


def _renaming(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Let an update change a code."""
    promotion = honest(ctx, params, body)
    promotion["code"] = body.get("code", promotion["code"])
    keep(ctx, promotion)
    return promotion


def _empty_refused(
    honest: Validate, operation: Operation, document: Any, ctx: Context
) -> Document:
    if operation.method == "PATCH" and document == {}:
        raise invalid("there is nothing to change")
    return honest(operation, document, ctx)


def _has_odd_code(operation: Operation, body: Document) -> bool:
    code = str(body.get("code", ""))
    is_new = operation.id == "create_promotion_code"
    return is_new and not code.replace("-", "").isalnum()


MUTANTS = in_area(
    "coupons",
    Row(
        "coupon-amount-lost",
        "A shop cannot print what its coupon takes off.",
        ("coupons.create.amount", "data.shape"),
        objects("coupon", without("discountAmount")),
    ),
    Row(
        "coupon-percentage-as-fraction",
        "Fifteen percent off are printed as 0.15 percent.",
        ("coupons.create.percentage",),
        objects("coupon", changed("discountPercentage", lambda part: part / 100)),
    ),
    Row(
        "coupon-inactive-at-first",
        "The first consumers of a campaign are refused.",
        ("coupons.create.active",),
        handled(_inactive, "create_coupon"),
    ),
    Row(
        "coupon-limits-lost",
        "A coupon for the first hundred is given to all.",
        ("coupons.create.echo",),
        handled(sending(expiresAt=None, maxRedemptionCount=None), "create_coupon"),
    ),
    Row(
        "coupon-description-lost",
        "A shop does not remember what a coupon was made for.",
        ("coupons.create.description",),
        objects("coupon", without("description")),
    ),
    Row(
        "coupon-names-taken",
        "A campaign that comes every spring can be made once.",
        ("coupons.create.name-free",),
        handled(unrepeated("coupon", "name"), "create_coupon"),
    ),
    Row(
        "coupon-counts-from-one",
        "A coupon that nobody used is counted as used.",
        ("coupons.create.fresh", "promotions.create.fresh"),
        together(
            objects("coupon", given(redemptionCount=1)),
            objects("promotionCode", given(redemptionCount=1)),
        ),
    ),
    Row(
        "coupon-worth-changes",
        "A consumer holds a coupon for 500 yen that takes 50 off.",
        ("coupons.update.money-stays",),
        handled(_repricing, "update_coupon"),
    ),
    Row(
        "empty-update-refused",
        "An SDK that saves an unchanged coupon is refused.",
        (
            "coupons.update.empty",
            "promotions.update.empty",
            "tolerance.patch-empty",
        ),
        judged(_empty_refused),
    ),
) + in_area(
    "promotion-codes",
    Row(
        "codes-in-upper-case",
        "A consumer types the code as printed, and the shop does not know it.",
        ("promotions.create",),
        objects("promotionCode", changed("code", str.upper)),
    ),
    Row(
        "codes-tell-cases-apart",
        "SUMMER and summer are two campaigns, and consumers get the wrong one.",
        ("promotions.create.exists",),
        handled(_case_sensitive, "create_promotion_code"),
    ),
    Row(
        "codes-made-twice",
        "Two campaigns share a code, and nobody knows which one a consumer gets.",
        ("promotions.create.exists",),
        seen_as(_Forgetful),
    ),
    Row(
        "codes-of-letters-only",
        "A campaign called NEW YEAR 2.0 cannot be made.",
        ("promotions.create.characters",),
        strict("code: letters, digits and hyphens", _has_odd_code),
    ),
    Row(
        "codes-once-per-customer",
        "A consumer who was promised a discount for life gets it once.",
        ("promotions.create.defaults",),
        handled(_once_per_customer, "create_promotion_code"),
    ),
    Row(
        "codes-active-always",
        "A campaign that should start on Monday starts on Friday.",
        ("promotions.create.inactive",),
        handled(sending(active=None), "create_promotion_code"),
    ),
    Row(
        "code-limits-lost",
        "A code for orders over 10000 yen works for all.",
        ("promotions.create.echo",),
        handled(
            sending(
                expiresAt=None,
                firstTimeTransaction=None,
                maxRedemptionCount=None,
                minimumAmount=None,
            ),
            "create_promotion_code",
        ),
    ),
    Row(
        "codes-given-in-vain",
        "A consumer gives a code and pays the full price.",
        (
            "discounts.amount",
            "discounts.limit",
            "discounts.percentage",
            "discounts.any-case",
            "discounts.counted",
            "discounts.refused",
            "discounts.per-customer",
        ),
        handled(sending(promotionCode=None), "authorize_order"),
    ),
    Row(
        "codes-can-be-renamed",
        "The code on the flyer is not the code in the shop any more.",
        ("promotions.update.code-stays",),
        handled(_renaming, "update_promotion_code"),
    ),
)
