"""Twins that mix up ids and objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.catalogue.service import refusing
from smartpay_mock.twins.editing import changed, objects_in, rendered
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, Params, Perform, meddled, operated
from smartpay_schemas import OPERATIONS, Operation

_QUERIED = [row.id for row in OPERATIONS.values() if row.expand == "query"]
_ALONE = [name for name in _QUERIED if name.startswith("get_")]
_LISTED = [name for name in _QUERIED if name.startswith("list_")]
_PLAIN_WRITES = [
    "cancel_order",
    "create_payment",
    "update_payment",
    "create_refund",
    "update_refund",
]
_IGNORING = {"tokens", "coupons", "promotion-codes", "webhook-endpoints"}


def _as_id(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) else value


def _ids(value: Any) -> Any:
    return [_as_id(entry) for entry in value]


def _around(document: Document) -> None:
    """Put the whole order into each payment of an expanded order."""
    for order in [found for found in objects_in(document) if _is_order(found)]:
        for payment in order["payments"]:
            if isinstance(payment, dict):
                payment["order"] = {**order, "payments": _ids(order["payments"])}


def _is_order(document: Document) -> bool:
    return document.get("object") == "order" and "payments" in document


def _reordered(document: Document) -> None:
    for order in [found for found in objects_in(document) if _is_order(found)]:
        if all(isinstance(line, dict) for line in order["lineItems"]):
            order["lineItems"] = order["lineItems"][::-1]


def _flat_session(document: Document) -> None:
    for session in objects_in(document):
        order = session.get("order")
        if session.get("object") == "checkoutSession" and isinstance(order, dict):
            order["lineItems"] = _ids(order["lineItems"])


def _session_with_ids(document: Document) -> None:
    for session in objects_in(document):
        if session.get("object") == "checkoutSession":
            changed("order", _as_id)(session)
            changed("token", _as_id)(session)


def _with_order(document: Document) -> None:
    """Put an object where an expanded payment or refund has an id."""
    for found in objects_in(document):
        for name, kind in (("order", "payment"), ("payment", "refund")):
            is_expanded = found.get("object") == kind and _has_lines(found)
            if is_expanded and isinstance(found[name], str):
                found[name] = {"id": found[name], "object": name}


def _has_lines(document: Document) -> bool:
    return any(isinstance(line, dict) for line in document.get("lineItems", []))


def _lines_as_ids(document: Document) -> None:
    for found in objects_in(document):
        if found.get("object") in {"payment", "refund"}:
            changed("lineItems", _ids)(found)


def _first_payment_only(document: Document) -> None:
    for order in [found for found in objects_in(document) if _is_order(found)]:
        if any(isinstance(payment, dict) for payment in order["payments"]):
            order["payments"] = order["payments"][:1]


def _without_price(document: Document) -> None:
    for line in objects_in(document):
        if line.get("object") == "lineItem":
            changed("price", _as_id)(line)


def _overheard(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    """Take an expand that is unknown for none."""
    if call.query.get("expand", "all") not in {"", "no", "all"}:
        call = replace(call, query={**call.query, "expand": ""})
    return perform(operation, params, call)


def _parts(edit: Callable[[Document], None]) -> Any:
    return rendered(edit, *_QUERIED)


MUTANTS = in_area(
    "expand",
    Row(
        "expand-not-heard",
        "A client that asked for the line items gets their ids.",
        ("expand.order-all", "expand.session-all", "expand.order-list"),
        operated(_QUERIED, expand="never"),
    ),
    Row(
        "lists-not-expanded",
        "A client that lists orders with their items gets ids.",
        ("expand.order-list",),
        operated(_LISTED, expand="never"),
    ),
    Row(
        "always-expanded",
        "A client that takes an order's payment for an id stores a whole object.",
        ("expand.default", "expand.session-plain"),
        operated(_ALONE, expand="always"),
    ),
    Row(
        "creations-plain",
        "A typed client that reads the new order's items crashes on an id.",
        ("expand.creation-expanded",),
        operated(["create_order", "create_checkout_session"], expand="never"),
    ),
    Row(
        "creations-hear-expand",
        "The same creation is answered in two forms.",
        ("expand.creation-fixed", "expand.creation-expanded"),
        operated(["create_order", "create_checkout_session"], expand="query"),
    ),
    Row(
        "cancellation-expanded",
        "A client that compares the payments of a canceled order finds none it knows.",
        ("expand.others-plain",),
        operated(_PLAIN_WRITES, expand="always"),
    ),
    Row(
        "expansion-goes-round",
        "A typed client that expects an id in the payment crashes on the order in it.",
        ("expand.order-all",),
        _parts(_around),
    ),
    Row(
        "price-stays-an-id",
        "A client that asked for all cannot tell what was bought.",
        ("expand.order-all",),
        _parts(_without_price),
    ),
    Row(
        "one-payment-expanded",
        "A client that adds up an order's captures counts the first one only.",
        ("expand.order-all",),
        _parts(_first_payment_only),
    ),
    Row(
        "expanded-in-another-order",
        "A client that matches items by place ships the wrong thing.",
        ("expand.same-object",),
        _parts(_reordered),
    ),
    Row(
        "session-order-not-expanded",
        "A client that reads the items of a session's order crashes on an id.",
        ("expand.session-all",),
        _parts(_flat_session),
    ),
    Row(
        "session-never-expanded",
        "A client has to ask again for the order of every session.",
        ("expand.session-all",),
        _parts(_session_with_ids),
    ),
    Row(
        "payment-expanded-upwards",
        "A client that looks a payment's order up by its id finds an object there.",
        ("expand.payment-all", "expand.refund-all"),
        _parts(_with_order),
    ),
    Row(
        "captured-items-stay-ids",
        "A client that asked for all cannot tell what was captured or refunded.",
        ("expand.payment-all", "expand.refund-all"),
        _parts(_lines_as_ids),
    ),
    Row(
        "expand-refused-on-coupons",
        "Two SDKs send expand with every call, and cannot read a coupon.",
        ("expand.ignored",),
        refusing(
            lambda operation, call: (
                operation.tag in _IGNORING and "expand" in call.query
            ),
            invalid("expand: there is nothing to expand"),
        ),
    ),
    Row(
        "any-expand",
        "A misspelt expand is answered as if it had not been there.",
        ("expand.unknown-value",),
        meddled(_overheard),
    ),
)
