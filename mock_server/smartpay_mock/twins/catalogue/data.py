"""Twins whose values are not of the type, the unit or the form that they should be."""

from __future__ import annotations

import re
from typing import Any

from smartpay_mock.api.validation import Validate
from smartpay_mock.kernel.exchange import Call
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.catalogue.service import refusing
from smartpay_mock.twins.editing import changed, every_object, given, objects
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.naming import Constant, Foreign, Hyphens, Mixed, Short, drawing
from smartpay_mock.twins.seams import Document, handled, judged, seen_as
from smartpay_mock.twins.storing import keep
from smartpay_mock.twins.verdicts import lenient, strict
from smartpay_schemas import OPERATIONS, Operation

CREATIONS = [
    row.id for row in OPERATIONS.values() if row.method == "POST" and row.response
]
UPDATES = [row.id for row in OPERATIONS.values() if row.method == "PATCH"]
_MERCHANT_CREATIONS = [name for name in CREATIONS if name.startswith("create_")]


def _in_seconds(document: Document) -> None:
    for name in ("createdAt", "updatedAt", "expiresAt"):
        changed(name, lambda moment: moment // 1_000)(document)


def _null_where_unset(document: Document) -> None:
    document.setdefault("description", None)
    document.setdefault("reference", None)


def _without_metadata(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    return honest(ctx, params, {**body, "metadata": {}})


def _metadata_as_text(document: Document) -> None:
    changed(
        "metadata",
        lambda pairs: {name: value.lower() for name, value in pairs.items()},
    )(document)


def _replacing(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Put the new metadata in the place of the old ones, however empty."""
    document = honest(ctx, params, body)
    if "metadata" in body:
        document["metadata"] = body["metadata"]
        keep(ctx, document)
    return document


def _wiping(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Wipe the metadata with an update that brings none."""
    document = honest(ctx, params, body)
    if not body.get("metadata"):
        document["metadata"] = {}
        keep(ctx, document)
    return document


def _touchless(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Move createdAt instead of updatedAt."""
    document = honest(ctx, params, body)
    document["createdAt"] = document["updatedAt"]
    keep(ctx, document)
    return document


def _lower_refused(
    honest: Validate, operation: Operation, document: Any, ctx: Context
) -> Document:
    """Refuse codes in lower case."""
    if '"jp' in str(document).replace("'", '"'):
        raise invalid("currency: write it in upper case")
    return honest(operation, document, ctx)


def _writes_a_float(_operation: Operation, call: Call) -> bool:
    return re.search(rb'"amount": ?[0-9]+\.0', call.body) is not None


def _lower(document: Document) -> None:
    for name in ("currency", "feeCurrency"):
        changed(name, str.lower)(document)


def _snake(document: Document) -> None:
    names = {"checkoutSession": "checkout_session", "promotionCode": "promotion_code"}
    document["object"] = names.get(document["object"], document["object"])


MUTANTS = in_area(
    "data",
    Row(
        "kinds-in-snake-case",
        "A client that tells objects apart by their kind does not know a session.",
        ("data.object",),
        every_object(_snake),
    ),
    Row(
        "line-items-called-items",
        "A client that tells objects apart by their kind does not know a line item.",
        ("data.object",),
        objects("lineItem", given(object="item")),
    ),
    Row(
        "ids-with-hyphens",
        "An SDK that checks ids refuses the ids it was given.",
        ("data.id-format",),
        seen_as(drawing(Hyphens)),
    ),
    Row(
        "ids-of-half-the-length",
        "A column that was made for the emulator's ids is too small for real ones.",
        ("data.id-length",),
        seen_as(drawing(Short)),
    ),
    Row(
        "refund-ids-like-payments",
        "A client that tells ids apart by their prefix refunds a refund.",
        ("data.id-prefix",),
        seen_as(drawing(Mixed)),
    ),
    Row(
        "payment-ids-of-live-mode",
        "A guard against live ids stops every test.",
        ("data.id-format", "data.id-prefix"),
        seen_as(drawing(Foreign)),
    ),
    Row(
        "one-id-for-all-prices",
        "A client that stores prices by id overwrites one with the other.",
        ("data.unique-ids",),
        seen_as(drawing(Constant)),
    ),
    Row(
        "times-in-seconds",
        "A client believes that every order expired in January 1970.",
        ("data.milliseconds", "orders.create.expires-at"),
        every_object(_in_seconds),
    ),
    Row(
        "clock-an-hour-behind",
        "An order made now seems an hour old, and is chased as unpaid.",
        ("data.created-now",),
        every_object(changed("createdAt", lambda moment: moment - 3_600_000)),
    ),
    Row(
        "created-at-moves",
        "A report by day counts an order again when it is changed.",
        ("data.updated-at",),
        handled(_touchless, *UPDATES),
    ),
    Row(
        "null-for-unset",
        "A client that looks whether a member is there finds one that is nothing.",
        ("data.no-nulls", "data.shape"),
        every_object(_null_where_unset),
    ),
    Row(
        "metadata-left-out",
        "A client that reads a pair of metadata crashes where there are none.",
        ("data.metadata-default",),
        every_object(
            lambda document: document.get("metadata", True) or document.pop("metadata")
        ),
    ),
    Row(
        "empty-metadata-as-list",
        "A typed client crashes on [] where an object should be, as PHP writes it.",
        ("data.metadata-default", "data.shape"),
        every_object(changed("metadata", lambda pairs: pairs or [])),
    ),
    Row(
        "metadata-dropped",
        "A shop that finds its own order number in metadata finds nothing.",
        ("data.metadata-echo",),
        handled(_without_metadata, *_MERCHANT_CREATIONS),
    ),
    Row(
        "metadata-in-lower-case",
        "A shop that looks up its order number by metadata misses it.",
        ("data.metadata-echo",),
        every_object(_metadata_as_text),
    ),
    Row(
        "metadata-replaced",
        "An update of one pair wipes all others.",
        ("data.metadata-merge", "data.metadata-empty"),
        handled(_replacing, *UPDATES),
    ),
    Row(
        "metadata-wiped-by-nothing",
        "Every update by the Ruby SDK wipes the metadata.",
        ("data.metadata-empty",),
        handled(_wiping, *UPDATES),
    ),
    Row(
        "any-number-of-metadata",
        "What works on the emulator is refused in production.",
        ("data.metadata-limit",),
        lenient("metadata:"),
    ),
    Row(
        "any-currency",
        "A price in dollars is charged in yen.",
        ("data.currency", "data.currency-code"),
        lenient("currency:", currency="JPY"),
    ),
    Row(
        "lower-case-codes-refused",
        "A shop whose SDK writes jpy cannot charge.",
        ("data.currency-case", "data.country-case"),
        judged(_lower_refused),
    ),
    Row(
        "currency-as-sent",
        "A report by currency has two columns for yen.",
        ("data.currency-upper",),
        every_object(_lower),
    ),
    Row(
        "negative-amounts-taken",
        "A slip in a discount pays the consumer for buying.",
        ("data.amount-negative",),
        lenient("amount: -", amount=1),
    ),
    Row(
        "amounts-guessed",
        "An amount of text, with a typing error, is charged.",
        ("data.amount-types",),
        lenient("amount:", amount=1),
    ),
    Row(
        "whole-floats-refused",
        "A plugin that writes 1250.0 cannot charge.",
        ("data.amount-float",),
        refusing(_writes_a_float, invalid("amount: it is no whole number")),
    ),
    Row(
        "long-texts-taken",
        "What works on the emulator is refused in production.",
        ("data.string-limit",),
        lenient("255"),
    ),
    Row(
        "any-date-of-birth",
        "A birthday of another calendar's form is filed as it is.",
        ("data.date-of-birth",),
        lenient("dateOfBirth"),
    ),
    Row(
        "email-addresses-checked",
        "The guide's own sample is refused for its placeholder.",
        ("orders.create.guide-samples", "data.email-any-text"),
        strict(
            "customerInfo.emailAddress: it is no address",
            lambda _operation, body: (
                " " in str(body.get("customerInfo", {}).get("emailAddress", ""))
            ),
        ),
    ),
)
