"""Twins whose refusals cannot be understood, or that do not refuse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from smartpay_mock.api import envelope
from smartpay_mock.app import Patch
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.ids import PREFIXES
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import NOT_FOUND as NOT_FOUND_CODES
from smartpay_mock.twins.editing import changed, code_of, given, refused, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    Params,
    Perform,
    answered,
    handled,
    meddled,
    with_body,
)
from smartpay_schemas import ERRORS, OPERATIONS, Operation

RETRIEVALS = [
    name for name in OPERATIONS if name.startswith("get_") and name != "get_token"
]
_ABSENT = 404
NOT_FOUND = [code for code, row in ERRORS.items() if row.status == _ABSENT]
"""Codes of refusals with 404."""


def with_status(status: int, *codes: str) -> Patch:
    """Answer refusals of these codes with another status, also in the body."""

    def edit(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        if code_of(answer) not in codes:
            return answer
        document = {**decode(answer.body), "statusCode": status}
        return replace(answer, status=status, body=encode(document))

    return answered(edit)


def _failing(*codes: str) -> Patch:
    def edit(_operation: Operation, _call: Call, answer: Answer) -> Answer:
        if code_of(answer) not in codes:
            return answer
        return envelope.refusal(ApiError("server.error", reason="JSONDecodeError"))

    return answered(edit)


def _as_html(_operation: Operation, _call: Call, answer: Answer) -> Answer:
    code = code_of(answer)
    if code is None:
        return answer
    page = f"<!doctype html><title>{code}</title>".encode()
    return replace(answer, body=page, content_type="text/html")


def _empty_for_missing(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if operation.method == "GET" and code_of(answer) in NOT_FOUND:
        return Answer(200, b"{}", headers=answer.headers)
    return answer


def _unretrievable(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Not find what was made a moment ago."""
    honest(ctx, params, body)
    kind = next(kind for kind in NOT_FOUND_CODES if _is(kind, params["id"]))
    raise ApiError(NOT_FOUND_CODES[kind], id=params["id"])


def _is(kind: str, id_: str) -> bool:
    return id_.startswith(f"{PREFIXES[kind]}_")


def _kept_in_spite(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    """Refuse a body with bad metadata, but carry it out without them."""
    answer = perform(operation, params, call)
    if code_of(answer) == "request.invalid":
        body = {
            name: value
            for name, value in decode(call.body).items()
            if name != "metadata"
        }
        perform(operation, params, with_body(call, encode(body)))
    return answer


def _objects(details: list[Any]) -> list[Any]:
    return [{"problem": entry} for entry in details]


MUTANTS = in_area(
    "errors",
    Row(
        "errors-without-code",
        "A client cannot tell why it was refused, and retries what cannot succeed.",
        ("errors.shape", "errors.names-the-object"),
        refused(without("errorCode")),
    ),
    Row(
        "errors-without-details",
        "An SDK that walks the details crashes on a refusal.",
        ("errors.shape",),
        refused(given(details=None)),
    ),
    Row(
        "errors-as-pages",
        "A client that parses JSON crashes on a page meant for people.",
        ("errors.shape", "errors.request-malformed"),
        answered(_as_html),
    ),
    Row(
        "status-code-as-text",
        "A client that compares numbers does not know a 404 when it reads one.",
        ("errors.status-code",),
        refused(changed("statusCode", str)),
    ),
    Row(
        "status-code-of-another",
        "What the body says of the refusal is not what the status says.",
        ("errors.status-code",),
        refused(given(statusCode=500)),
    ),
    Row(
        "unknown-id-is-empty",
        "A client reads an empty object where none exists, and ships.",
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
        answered(_empty_for_missing),
    ),
    Row(
        "made-but-not-found",
        "A shop that made a refund cannot look at it again, and makes another.",
        (
            "orders.get",
            "payments.get",
            "refunds.get",
            "sessions.get",
            "coupons.get",
            "promotions.get",
            "endpoints.get",
        ),
        handled(_unretrievable, *RETRIEVALS),
    ),
    Row(
        "unknown-id-is-400",
        "A client takes a deleted object for a mistake of its own.",
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
    Row(
        "one-code-for-all-missing",
        "A client cannot tell whether the order is gone, or its payment.",
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
        refused(given(errorCode="resource.not-found"), *NOT_FOUND),
    ),
    Row(
        "invalid-is-422",
        "A client that knows 400 takes a wrong payload for an outage, and retries.",
        (
            "errors.request-invalid",
            "orders.create.mandatory-members",
            "data.amount-negative",
            "data.currency",
        ),
        with_status(422, "request.invalid"),
    ),
    Row(
        "broken-json-is-500",
        "A client that retries every 5xx sends the same broken body for hours.",
        ("errors.request-malformed", "errors.malformed-kinds"),
        _failing("request.malformed"),
    ),
    Row(
        "malformed-called-invalid",
        "A person searches the payload for a wrong member; it was cut off on the way.",
        ("errors.request-malformed",),
        refused(given(errorCode="request.invalid"), "request.malformed"),
    ),
    Row(
        "first-problem-only",
        "A person mends a payload ten times, once for each of its problems.",
        ("errors.every-problem",),
        refused(changed("details", lambda details: details[:1])),
    ),
    Row(
        "details-as-objects",
        "A log shows [object Object] for each problem.",
        ("errors.details-text",),
        refused(changed("details", _objects)),
    ),
    Row(
        "refused-but-made",
        "A refused order exists and is charged all the same.",
        ("errors.changes-nothing",),
        meddled(_kept_in_spite),
    ),
)
