"""Mutants that answer stale or altered values, or stop where a bound is not reached."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.mutants.bodies import proof
from tests.mutants.patches import change_calls

from smartpay_mock.api.application import Application
from smartpay_mock.app import Patch
from smartpay_mock.kernel.clock import HOUR_MS
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.mutants.patches import (
    Do,
    Document,
    after_handlers,
    edit_answers,
    with_body,
    wrap_handlers,
)
from smartpay_mock.mutants.responses import (
    REFUSED,
    change_member,
    edit_every_object,
    with_document,
)
from smartpay_mock.resources import Context
from smartpay_mock.resources.promotion_codes import find_by_code
from smartpay_schemas import Operation

NESTED = re.compile(rb"\[{60,}\]{60,}")


def stale(*operations: str, expanded: bool = False) -> Patch:
    """Answer each object as it was when it was first read."""
    first: dict[str, Document] = {}

    def old(document: Document) -> Document:
        return first.setdefault(document["id"], document)

    def edit(document: Document) -> None:
        if "data" in document:
            document["data"] = [old(entry) for entry in document["data"]]
        else:
            document.update(old(dict(document)))

    def apply(operation: Operation, call: Call, answer: Answer) -> Answer:
        is_meant = ("expand" in call.query) is expanded
        if operation.id not in operations or not is_meant or answer.status >= REFUSED:
            return answer
        return with_document(answer, edit)

    return edit_answers(apply)


def _values(change: Callable[[Any], Any]) -> Patch:
    """Change every value of metadata."""
    return edit_every_object(
        change_member(
            "metadata", lambda pairs: {k: change(v) for k, v in pairs.items()}
        )
    )


def _number_as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _flag_as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def only_when_asked(app: Application) -> Application:
    """Let the worker deliver nothing."""

    def is_due(account: str) -> bool:
        del account
        return False

    app.deliverer.is_due = is_due  # type: ignore[method-assign]  # a mutant
    return app


def _with_pauses(change: Callable[[list[int]], list[int]]) -> Patch:
    """Change the pauses between the attempts of a delivery."""

    def patch(app: Application) -> Application:
        attempts = app.deliverer.attempts
        pauses = change(list(attempts.retry_after_ms))
        app.deliverer.attempts = replace(attempts, retry_after_ms=tuple(pauses))
        return app

    return patch


def _nested(is_refused: bool) -> Patch:
    """Refuse every deep body, or read those that are too deep."""
    body = b"[" if is_refused else b"0"
    return change_calls(lambda call: with_body(call, NESTED.sub(body, call.body)))


def _decoded(call: Call) -> Call:
    """Read a body whatever its Content-Encoding is."""
    headers = {k: v for k, v in call.headers.items() if k != "content-encoding"}
    return replace(call, headers=headers)


def _ends_anyway(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """End the order of a capture that failed."""
    payment = original(ctx, params, body)
    if payment["status"] == "failed":
        ctx.save({**ctx.find("order", payment["order"]), "status": "succeeded"})
    return payment


def _counts_anyway(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Count a refund that failed."""
    refund = original(ctx, params, body)
    if refund["status"] == "failed":
        payment = ctx.find("payment", refund["payment"])
        ctx.save({**payment, "_refunded": payment["amount"]})
    return refund


def _never_used(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Refuse a code for one use per customer at its first use."""
    code = find_by_code(ctx, body.get("promotionCode", ""))
    if code and code["onePerCustomer"]:
        raise ApiError("promotion-code.not-applicable", code="", reason="used")
    return original(ctx, params, body)


def _instead_of_rejected(status: str) -> Do:
    """Give a rejected document another status."""

    def do(ctx: Context, document: Document) -> Document:
        if document["status"] == "rejected":
            document = {**document, "status": status}
            ctx.save(document)
        return document

    return do


def _without_session(
    original: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Forget the address that the checkout session was made with."""
    for kind in ("order", "token"):
        found = ctx.load(kind, params["id"])
        if found:
            ctx.save({**found, "_session": ""})
    return original(ctx, params, body)


MUTANTS = (
    *(
        proof(f"stale-{name.replace('_', '-')}", stale(name), "data.current")
        for name in ("list_orders", "list_payments", "list_refunds", "list_coupons")
    ),
    *(
        proof(
            f"stale-expanded-{name.replace('_', '-')}",
            stale(name, expanded=True),
            "data.current",
        )
        for name in ("get_order", "list_orders", "get_payment", "get_checkout_session")
    ),
    proof("stale-payments", stale("get_payment"), "data.current"),
    proof("stale-endpoints", stale("get_webhook_endpoint"), "data.current"),
    *(
        proof(
            f"{member.lower()}-in-lower-case",
            edit_every_object(change_member(member, _lower)),
            "data.text-echo",
        )
        for member in ("reference", "description", "name", "code", "url", "successUrl")
    ),
    proof("metadata-in-lower-case", _values(_lower), "data.metadata-echo"),
    proof("metadata-numbers-as-text", _values(_number_as_text), "data.metadata-values"),
    proof("metadata-flags-as-text", _values(_flag_as_text), "data.metadata-values"),
    proof(
        "last-pause-longer",
        _with_pauses(lambda pauses: [*pauses[:-1], pauses[-1] + HOUR_MS]),
        "events.retry-schedule",
    ),
    proof(
        "nine-attempts",
        _with_pauses(lambda pauses: pauses[:-1]),
        "events.retry-schedule",
    ),
    proof(
        "eleven-attempts",
        _with_pauses(lambda pauses: [*pauses, HOUR_MS]),
        "events.retry-schedule",
    ),
    proof("nesting-without-bound", _nested(is_refused=False), "errors.nesting"),
    proof("nesting-bound-lower", _nested(is_refused=True), "errors.nesting"),
    proof("encoded-bodies-read", change_calls(_decoded), "errors.content-encoding"),
    proof(
        "failed-capture-ends-the-order",
        wrap_handlers(_ends_anyway, "create_payment"),
        "payments.create.failed",
    ),
    proof(
        "failed-refund-counts",
        wrap_handlers(_counts_anyway, "create_refund"),
        "refunds.create.failed",
    ),
    proof(
        "code-refused-at-first-use",
        wrap_handlers(_never_used, "authorize_order"),
        "discounts.per-customer",
    ),
    proof(
        "declined-consumer-approves",
        after_handlers(_instead_of_rejected("active"), "approve_token"),
        "consumer.approve.declined",
    ),
    proof(
        "declined-consumer-may-try-again",
        after_handlers(
            _instead_of_rejected("requires_authorization"), "authorize_order"
        ),
        "consumer.authorize.declined",
        "consumer.authorize.hard-decline",
    ),
    proof(
        "address-of-session-declines-nothing",
        wrap_handlers(_without_session, "authorize_order", "approve_token"),
        "consumer.authorize.declined",
        "consumer.approve.declined",
    ),
)
