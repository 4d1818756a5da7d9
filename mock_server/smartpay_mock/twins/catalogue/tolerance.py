"""Twins that refuse what real clients send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.api.validation import Validate
from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.catalogue.service import refusing
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, handled, judged
from smartpay_mock.twins.verdicts import strict
from smartpay_schemas import OPERATIONS, Operation

UPDATES = [row.id for row in OPERATIONS.values() if row.method == "PATCH"]
_POSTAL_CODE = 7


def _as_sent(
    refuses: Callable[[Operation, Any], bool], problem: str
) -> Callable[..., Document]:
    """Return a judge that looks at the body as it was sent, nulls and all."""

    def judge(
        honest: Validate, operation: Operation, document: Any, ctx: Context
    ) -> Document:
        if operation.request and refuses(operation, document):
            raise invalid(problem)
        return honest(operation, document, ctx)

    return judge


def _has_null(_operation: Operation, document: Any) -> bool:
    return b"null" in encode(document)


def _erasing(
    honest: Validate, operation: Operation, document: Any, ctx: Context
) -> Document:
    """Take a null in an update for the wish to erase."""
    body = honest(operation, document, ctx)
    if operation.method != "PATCH":
        return body
    erased = [name for name, value in document.items() if value is None]
    return {**body, **dict.fromkeys(erased, None)}


_ERASED: dict[str, Any] = {
    "active": False,
    "eventSubscriptions": [],
    "url": "https://example.com/erased",
}


def _carried_out(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Hand the erased members on as what stands for nothing."""
    metadata = body.get("metadata") or {}
    told = {
        name: _ERASED.get(name, "erased") if value is None else value
        for name, value in body.items()
        if name != "metadata"
    }
    return honest(ctx, params, {**told, "metadata": metadata})


def _erases(engine: Application) -> Application:
    return handled(_carried_out, *UPDATES)(judged(_erasing)(engine))


def _strictly(engine: Application) -> Application:
    engine.settings = replace(engine.settings, strict=True)
    return engine


def _shipping(body: Document) -> Document:
    found: Document = body.get("shippingInfo", {})
    return found


def _address(body: Document) -> Document:
    found: Document = _shipping(body).get("address", {})
    return found


def _items(body: Document) -> list[Document]:
    found: list[Document] = body.get("items", [])
    return found


def _has_postal_code(_operation: Operation, body: Document) -> bool:
    digits = str(_address(body).get("postalCode", "105-6415")).replace("-", "")
    return len(digits) != _POSTAL_CODE or not digits.isdigit()


def _is_out_of_order(_operation: Operation, body: Document) -> bool:
    kinds = [item.get("kind", "product") for item in _items(body)]
    return bool(kinds) and kinds[0] != "product"


MUTANTS = in_area(
    "tolerance",
    Row(
        "nulls-refused",
        "Three SDKs send null for what was not set, and can do nothing.",
        (
            "tolerance.nulls",
            "tolerance.item-kind-null",
            "payments.update.nulls",
            "refunds.update.nulls",
            "coupons.update.nulls",
            "endpoints.update.nulls",
            "endpoints.create",
            "promotions.create.active-null",
            "data.metadata-empty",
        ),
        judged(_as_sent(_has_null, "null is no value")),
    ),
    Row(
        "nulls-erase",
        "An update of the name by an SDK that sends null for the rest erases the rest.",
        (
            "payments.update.nulls",
            "refunds.update.nulls",
            "coupons.update.nulls",
            "endpoints.update.nulls",
        ),
        _erases,
    ),
    Row(
        "unknown-members-refused",
        "A plugin that sends a member too much cannot charge.",
        (
            "tolerance.unknown-members",
            "tolerance.address-type-inside",
            "tolerance.misspelt-automatic",
        ),
        _strictly,
    ),
    Row(
        "put-without-body-refused",
        "An SDK that sends nothing with a PUT cannot cancel.",
        ("tolerance.put-bodies",),
        refusing(
            lambda operation, call: operation.method == "PUT" and not call.body,
            ApiError("request.malformed", reason="the body is empty"),
        ),
    ),
    Row(
        "put-with-list-refused",
        "An SDK that sends [] with a PUT cannot cancel.",
        ("tolerance.put-bodies",),
        refusing(
            lambda operation, call: operation.method == "PUT" and call.body == b"[]",
            ApiError("request.malformed", reason="it is not a JSON object"),
        ),
    ),
    Row(
        "delete-with-body-refused",
        "An SDK that sends {} with a DELETE cannot delete.",
        ("tolerance.delete-bodies",),
        refusing(
            lambda operation, call: operation.method == "DELETE" and bool(call.body),
            ApiError("request.malformed", reason="there must be no body"),
        ),
    ),
    Row(
        "key-in-the-query-refused",
        "An SDK that puts the key into the query cannot cancel.",
        ("tolerance.idempotency-in-query",),
        refusing(
            lambda _operation, call: "idempotencyKey" in call.query,
            invalid("idempotencyKey: it is unknown"),
        ),
    ),
    Row(
        "empty-lines-refused",
        "A consumer whose address has no first line cannot buy.",
        ("tolerance.empty-address",),
        strict(
            "shippingInfo.address.line1: it is empty",
            lambda _operation, body: _address(body).get("line1") == "",
        ),
    ),
    Row(
        "postal-codes-checked",
        "A consumer abroad cannot buy.",
        ("tolerance.postal-code",),
        strict("shippingInfo.address.postalCode: it has 7 digits", _has_postal_code),
    ),
    Row(
        "stray-address-type-refused",
        "An SDK that puts addressType into the address cannot charge.",
        ("tolerance.address-type-inside",),
        strict(
            "shippingInfo.address.addressType: it is unknown",
            lambda _operation, body: "addressType" in _address(body),
        ),
    ),
    Row(
        "fee-currency-alone-refused",
        "A shop that ships for free cannot charge.",
        ("tolerance.fee-currency-alone",),
        strict(
            "shippingInfo.feeAmount: it is missing",
            lambda _operation, body: (
                "feeCurrency" in _shipping(body) and "feeAmount" not in _shipping(body)
            ),
        ),
    ),
    Row(
        "item-kind-demanded",
        "Two SDKs never send the kind of an item, and cannot charge.",
        ("tolerance.item-kind-null",),
        strict(
            "items: kind is missing",
            lambda _operation, body: any("kind" not in item for item in _items(body)),
        ),
    ),
    Row(
        "products-first",
        "A basket whose discount comes first cannot be bought.",
        ("tolerance.item-order",),
        strict("items[0].kind: begin with a product", _is_out_of_order),
    ),
    Row(
        "tax-needs-a-quantity",
        "A basket with a tax cannot be bought.",
        ("tolerance.item-order", "orders.create.adjustments"),
        strict(
            "items: quantity is missing",
            lambda _operation, body: any(
                item.get("kind") == "tax" and "quantity" not in item
                for item in _items(body)
            ),
        ),
    ),
    Row(
        "customer-must-be-known",
        "A shop that sends no personal data cannot charge.",
        ("tolerance.customer-info-empty",),
        strict(
            "customerInfo: it is empty",
            lambda _operation, body: body.get("customerInfo") == {},
        ),
    ),
    Row(
        "quantity-from-one",
        "The guide's own sample is refused.",
        ("tolerance.quantity-zero",),
        strict(
            "items: a quantity is at least 1",
            lambda _operation, body: any(
                item.get("quantity") == 0 for item in _items(body)
            ),
        ),
    ),
    Row(
        "unknown-members-stored",
        "What a client made up is in the order, and clients come to rely on it.",
        ("tolerance.unknown-not-echoed",),
        handled(
            lambda honest, ctx, params, body: {
                **(honest(ctx, params, body) or {}),
                **{name: body[name] for name in ("extra",) if name in body},
            },
            "create_order",
        ),
    ),
)
