"""Mutants whose statuses, errors, lists or values mislead a client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smartpay_mock.api.application import Params, Perform
from smartpay_mock.api.pagination import Page
from smartpay_mock.app import Patch
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import (
    Document,
    Read,
    before_handlers,
    change_operations,
    edit_answers,
    middleware,
    with_body,
    wrap_handlers,
    wrap_pages,
)
from smartpay_mock.mutants.responses import (
    change_member,
    code_of,
    edit_every_object,
    edit_refusals,
    edit_successes,
    remove,
    set_members,
)
from smartpay_mock.resources import Context
from smartpay_schemas import ERRORS, OPERATIONS, Operation

UNAUTHORIZED = 401
UPDATES = [row.id for row in OPERATIONS.values() if row.method == "PATCH"]
_ABSENT = 404
NOT_FOUND = [code for code, row in ERRORS.items() if row.status == _ABSENT]
LISTS = [row.id for row in OPERATIONS.values() if row.collection]
Query = Mapping[str, str]
QUERIED = [row.id for row in OPERATIONS.values() if row.expand == "query"]
CREATIONS = [name for name in OPERATIONS if name.startswith("create_")]


def _forbidden(_operation: Operation, _call: Call, answer: Answer) -> Answer:
    return replace(answer, status=403) if answer.status == UNAUTHORIZED else answer


def _in_seconds(document: Document) -> None:
    for name in ("createdAt", "updatedAt", "expiresAt"):
        change_member(name, lambda moment: moment // 1_000)(document)


def _replace_metadata(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Replace all metadata by those of the update."""
    document = original(ctx, params, body)
    if "metadata" in body:
        document["metadata"] = body["metadata"]
        ctx.save(document)
    return document


def with_status(status: int, *codes: str) -> Patch:
    """Answer with another status, in the body too."""

    def edit(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        if code_of(answer) not in codes:
            return answer
        document = {**decode(answer.body), "statusCode": status}
        return replace(answer, status=status, body=encode(document))

    return edit_answers(edit)


def _as_html(_operation: Operation, _call: Call, answer: Answer) -> Answer:
    code = code_of(answer)
    if code is None:
        return answer
    page = f"<!doctype html><title>{code}</title>".encode()
    return replace(answer, body=page, content_type="text/html")


def _empty_if_missing(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if operation.method == "GET" and code_of(answer) in NOT_FOUND:
        return Answer(200, b"{}", headers=answer.headers)
    return answer


def _make_anyway(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    """Refuse bad metadata, but make the object without them."""
    answer = perform(operation, params, call)
    if code_of(answer) == "request.invalid":
        body = {
            name: value
            for name, value in decode(call.body).items()
            if name != "metadata"
        }
        perform(operation, params, with_body(call, encode(body)))
    return answer


def _single(read: Read, query: Query) -> Page:
    """End every list after its first page."""
    return replace(read(query), next_token=None)


def _backwards(read: Read, query: Query) -> Page:
    page = read(query)
    return replace(page, bodies=page.bodies[::-1])


def _newest_missing(document: Document) -> None:
    document["data"] = document["data"][1:]
    document["results"] = len(document["data"])


def _amounts_as_text(document: Document) -> None:
    for name in ("amount", "discountAmount", "minimumAmount"):
        change_member(name, str)(document)


MUTANTS = (
    Mutant(
        "creations-return-201",
        "A client that expects 200 treats a successful charge as a failure and "
        "charges again.",
        ("service.success-200", "orders.create.succeeded"),
        change_operations(CREATIONS, status=201),
    ),
    Mutant(
        "amounts-as-text",
        "A client that adds up amounts concatenates text and books 15001500 yen.",
        ("service.integers", "data.shape", "data.amount-float"),
        edit_every_object(_amounts_as_text),
    ),
    Mutant(
        "unauthorized-is-403",
        "A client that asks for a new key on 401 never does, and all sales stop.",
        ("auth.missing-key", "auth.wrong-key"),
        edit_answers(_forbidden),
    ),
    Mutant(
        "errors-without-code",
        "A client cannot tell why a call failed and retries what cannot succeed.",
        ("errors.shape", "errors.names-the-object"),
        edit_refusals(remove("errorCode")),
    ),
    Mutant(
        "errors-as-html",
        "A client that parses every response as JSON crashes on an error.",
        ("errors.shape", "errors.request-malformed"),
        edit_answers(_as_html),
    ),
    Mutant(
        "one-code-for-all-missing",
        "A client cannot tell whether the order is missing or its payment.",
        (
            "errors.names-the-object",
            "orders.get.not-found",
            "orders.cancel.not-found",
            "payments.get.not-found",
            "payments.create.not-found",
            "refunds.get.not-found",
            "refunds.create.not-found",
            "tokens.get.not-found",
            "tokens.change.not-found",
            "orders.create.token-not-found",
            "coupons.get.not-found",
            "promotions.get.not-found",
            "promotions.create.coupon-not-found",
            "endpoints.not-found",
            "endpoints.delete.gone",
            "sessions.get.not-found",
            "consumer.authorize.not-found",
            "consumer.approve.not-found",
        ),
        edit_refusals(set_members(errorCode="resource.not-found"), *NOT_FOUND),
    ),
    Mutant(
        "unknown-id-is-empty",
        "A client reads an empty object for an order that does not exist, and ships.",
        (
            "errors.not-found",
            "orders.get.not-found",
            "payments.get.not-found",
            "refunds.get.not-found",
            "tokens.get.not-found",
            "sessions.get.status",
            "coupons.get.not-found",
            "promotions.get.not-found",
            "endpoints.not-found",
        ),
        edit_answers(_empty_if_missing),
    ),
    Mutant(
        "unknown-id-is-400",
        "A client treats a deleted object as a bug in its own request.",
        (
            "errors.not-found",
            "orders.cancel.not-found",
            "payments.create.not-found",
            "refunds.create.not-found",
            "tokens.change.not-found",
            "orders.create.token-not-found",
            "promotions.create.coupon-not-found",
            "sessions.get.status",
        ),
        with_status(400, *NOT_FOUND),
    ),
    Mutant(
        "invalid-is-422",
        "A client that knows only 400 treats an invalid payload as an outage and "
        "retries.",
        (
            "errors.request-invalid",
            "orders.create.mandatory-members",
            "data.amount-negative",
            "data.currency",
        ),
        with_status(422, "request.invalid"),
    ),
    Mutant(
        "refused-but-made",
        "An order that was refused is charged anyway.",
        ("errors.changes-nothing",),
        middleware(_make_anyway),
    ),
    Mutant(
        "list-ends-after-a-page",
        "A shop with more than one page of orders never sees the older ones.",
        ("pagination.limit", "pagination.walk", "pagination.token-echo"),
        wrap_pages(_single),
    ),
    Mutant(
        "oldest-first",
        "A client that looks for its new order on the first page does not find it, "
        "and charges again.",
        ("pagination.newest-first",),
        wrap_pages(_backwards),
    ),
    Mutant(
        "newest-not-listed",
        "A reconciliation job does not see the newest order and reports it as unpaid.",
        (
            "orders.list",
            "payments.list",
            "refunds.list",
            "sessions.list",
            "coupons.list",
            "promotions.list",
            "endpoints.list",
            "sessions.create.order",
        ),
        edit_successes(_newest_missing, *LISTS),
    ),
    Mutant(
        "expand-ignored",
        "A client that asks for line items gets ids and ships an empty box.",
        ("expand.order-all", "expand.session-all", "expand.order-list"),
        change_operations(QUERIED, expand="never"),
    ),
    Mutant(
        "metadata-dropped",
        "A shop that stores its own order number in metadata cannot match payments "
        "to orders.",
        ("data.metadata-echo",),
        before_handlers(lambda _, body: {**body, "metadata": {}}, *CREATIONS),
    ),
    Mutant(
        "metadata-replaced",
        "An update of one metadata pair erases all others, such as your order number.",
        ("data.metadata-merge", "data.metadata-empty"),
        wrap_handlers(_replace_metadata, *UPDATES),
    ),
    Mutant(
        "times-in-seconds",
        "A client computes that every order expired in January 1970 and cancels it.",
        ("data.milliseconds", "orders.create.expires-at"),
        edit_every_object(_in_seconds),
    ),
)
