"""Twins whose ground is not what clients stand on: statuses, bytes, paths."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from smartpay_mock.api import envelope
from smartpay_mock.api.application import Application
from smartpay_mock.app import Patch
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.editing import every_object, rendered
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    Params,
    Perform,
    answered,
    meddled,
    operated,
    ruled,
)
from smartpay_schemas import OPERATIONS, Operation

CREATIONS = [name for name in OPERATIONS if name.startswith("create_")]
DELETIONS = [row.id for row in OPERATIONS.values() if row.method == "DELETE"]


def refusing(objects: Any, error: ApiError) -> Patch:
    """Refuse the calls to which ``objects(operation, call)``."""

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        if objects(operation, call):
            return envelope.refusal(error)
        return perform(operation, params, call)

    return meddled(meddle)


def _relabelled(content_type: str) -> Patch:
    def edit(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        if not answer.body:
            return answer
        return replace(answer, content_type=content_type)

    return answered(edit)


def _reprinted(**options: Any) -> Patch:
    def edit(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        if not answer.body:
            return answer
        return replace(answer, body=json.dumps(decode(answer.body), **options).encode())

    return answered(edit)


def _amounts(change: Any) -> Patch:
    def edit(document: Document) -> None:
        for name in ("amount", "discountAmount", "minimumAmount"):
            if name in document:
                document[name] = change(document[name])

    return every_object(edit)


def _ascii(value: Any) -> Any:
    """Return a document with what is not ASCII replaced, as old encodings do."""
    if isinstance(value, str):
        return value.encode("ascii", "replace").decode("ascii")
    if isinstance(value, dict):
        return {name: _ascii(member) for name, member in value.items()}
    return [_ascii(entry) for entry in value] if isinstance(value, list) else value


def _in_ascii(document: Document) -> None:
    document.update(_ascii(dict(document)))


def _mislabelled_as_gzip(_operation: Operation, call: Call, answer: Answer) -> Answer:
    if "gzip" in call.headers.get("accept-encoding", "") and "orders" in call.path:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


def _said(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if operation.id in DELETIONS and answer.status == operation.status:
        return Answer(200, b"{}", headers=answer.headers)
    return answer


def _delete_coupon(ctx: Context, params: dict[str, str], _body: Document) -> None:
    ctx.find("coupon", params["id"])
    ctx.unit.delete("coupon", params["id"])


def _deletable(engine: Application) -> Application:
    row = replace(
        OPERATIONS["delete_webhook_endpoint"], id="delete_coupon", path="/coupons/{id}"
    )
    engine.handlers = {**engine.handlers, row.id: _delete_coupon}
    return ruled(operations={**engine.rules.operations, row.id: row})(engine)


def _rename(ctx: Context, params: dict[str, str], body: Document) -> Document:
    order = ctx.find("order", params["id"])
    order.update(reference=str(body.get("reference")))
    ctx.keep_order(order)
    return order


def _patchable(engine: Application) -> Application:
    row = replace(OPERATIONS["cancel_order"], id="patch_order", method="PATCH")
    row = replace(row, path="/orders/{id}", request="requests/payment-update")
    engine.handlers = {**engine.handlers, row.id: _rename}
    return ruled(operations={**engine.rules.operations, row.id: row})(engine)


MUTANTS = in_area(
    "service",
    Row(
        "creations-answer-201",
        "A client that looks for 200 takes a good charge for a failure, and charges "
        "again.",
        ("service.success-200", "orders.create.succeeded"),
        operated(CREATIONS, status=201),
    ),
    Row(
        "updates-answer-204",
        "A client that reads the changed object gets nothing to read.",
        ("service.success-200", "payments.update", "coupons.update.empty"),
        operated(
            [row.id for row in OPERATIONS.values() if row.method == "PATCH"],
            status=204,
            response=None,
        ),
    ),
    Row(
        "deletions-answer-200",
        "A client that takes only 204 for done deletes the token again and again.",
        ("service.delete-204", "tokens.delete", "endpoints.delete"),
        answered(_said),
    ),
    Row(
        "json-labelled-as-text",
        "A client that looks at the content type does not parse the answer.",
        ("service.json-content-type",),
        _relabelled("text/plain; charset=utf-8"),
    ),
    Row(
        "json-in-many-lines",
        "An SDK that searches the raw text does not find what it looks for.",
        ("service.compact-json",),
        _reprinted(indent=2),
    ),
    Row(
        "amounts-as-floats",
        "1500.0 is no integer to a client that compares types: a paid order is "
        "booked as unpaid.",
        ("service.integers", "data.amount-float"),
        _amounts(float),
    ),
    Row(
        "amounts-as-text",
        "A client adds up amounts that are text, and books 15001500 yen.",
        ("service.integers", "data.shape", "data.amount-float"),
        _amounts(str),
    ),
    Row(
        "text-in-ascii",
        "A parcel goes to an address of question marks.",
        ("service.utf-8", "data.metadata-echo", "orders.create.echo"),
        rendered(_in_ascii),
    ),
    Row(
        "gzip-that-is-none",
        "A client that offers gzip cannot read its list of orders.",
        ("service.gzip",),
        answered(_mislabelled_as_gzip),
    ),
    Row(
        "sdk-parameters-refused",
        "Every official SDK is locked out by the version that it sends along.",
        ("service.tracking-parameters",),
        refusing(
            lambda _operation, call: "dev-lang" in call.query,
            invalid("dev-lang: it is unknown"),
        ),
    ),
    Row(
        "sdk-headers-refused",
        "An SDK that misspells a header is locked out.",
        ("service.unknown-headers",),
        refusing(
            lambda _operation, call: "contenttype" in call.headers,
            invalid("ContentType: it is unknown"),
        ),
    ),
    Row(
        "orders-moved-to-v2",
        "A client of v1 is told that there is no such path any more.",
        ("service.path-version", "service.lower-case-prefix"),
        refusing(
            lambda operation, call: (
                operation.id == "list_orders" and call.path.startswith("/v1/")
            ),
            ApiError("request.not-found", method="GET", path="/v1/orders"),
        ),
    ),
    Row(
        "coupons-can-be-deleted",
        "A slip in a script removes a coupon that consumers still hold.",
        ("service.no-delete-coupons",),
        _deletable,
    ),
    Row(
        "orders-can-be-patched",
        "A slip in a script renames a paid order, and the books do not match.",
        ("service.no-delete-coupons",),
        _patchable,
    ),
    Row(
        "disabling-seems-to-fail",
        "The token was disabled, but the client is told that it was not.",
        ("service.success-200", "tokens.disable"),
        answered(
            lambda operation, _call, answer: (
                envelope.refusal(ApiError("server.error", reason="try again"))
                if operation.id == "disable_token" and answer.status == operation.status
                else answer
            )
        ),
    ),
    Row(
        "same-request-id",
        "A person who asks support about a request gets an answer about another one.",
        ("service.request-id",),
        answered(
            lambda _operation, _call, answer: replace(
                answer, headers={**answer.headers, "Request-Id": "req_test_same"}
            )
        ),
    ),
)
