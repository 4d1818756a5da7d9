"""Twins that do not do what the consumer decided."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources import Context
from smartpay_mock.twins.catalogue.service import refusing
from smartpay_mock.twins.editing import rendered
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, Wrap, handled, stepped
from smartpay_mock.twins.storing import keep
from smartpay_mock.twins.verdicts import lenient


def _in_words_only(
    _honest: Any, ctx: Context, params: dict[str, str], _body: Document
) -> Document:
    """Say that a token is approved."""
    return {**ctx.find("token", params["id"]), "status": "active"}


def _capturing(*, by_hand: bool) -> Wrap:
    """Capture by hand, or at once, whatever the order says."""

    def wrap(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
        order = ctx.find("order", params["id"])
        order["_isManual"] = by_hand
        keep(ctx, order)
        return honest(ctx, params, body)

    return wrap


def _a_day_less(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Have an authorization expire after six days."""
    order = honest(ctx, params, body)
    if "expiresAt" in order:
        order["expiresAt"] -= DAY_MS
        keep(ctx, order)
    return order


def _approving(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Take any payment method for a good one."""
    return honest(ctx, params, {**body, "paymentMethod": "pm_test_visaApproved"})


MUTANTS = in_area(
    "consumer",
    Row(
        "login-answers-another-name",
        "A test suite that logs in finds no accessToken.",
        ("consumer.login",),
        rendered(
            lambda document: document.update(token=document.pop("accessToken")),
            "consumer_login",
        ),
    ),
    Row(
        "consumer-calls-need-json",
        "Two SDKs' live suites label their bodies as text, and cannot log in.",
        ("consumer.any-content-type",),
        refusing(
            lambda operation, call: (
                operation.side != "merchant"
                and "json" not in call.headers.get("content-type", "json")
            ),
            ApiError("request.unsupported-media-type", content_type="text/plain"),
        ),
    ),
    Row(
        "authorization-captures-always",
        "The consumer authorizes, and pays for what is not in stock.",
        ("consumer.authorize.manual",),
        handled(_capturing(by_hand=False), "authorize_order"),
    ),
    Row(
        "authorization-never-captures",
        "The consumer pays, and the shop waits for the money.",
        ("consumer.authorize.automatic",),
        handled(_capturing(by_hand=True), "authorize_order"),
    ),
    Row(
        "authorization-of-six-days",
        "A shop gives up an order that it could still capture.",
        ("consumer.authorize.manual",),
        handled(_a_day_less, "authorize_order"),
    ),
    Row(
        "approval-in-words-only",
        "A consumer approved the token, and it cannot be charged.",
        ("consumer.approve",),
        handled(_in_words_only, "approve_token"),
    ),
    Row(
        "declined-method-accepted",
        "A consumer whose card was declined has bought.",
        ("consumer.authorize.hard-decline", "consumer.authorize.soft-decline"),
        handled(_approving, "authorize_order"),
    ),
    Row(
        "any-payment-plan",
        "A misspelt plan goes unnoticed until production.",
        ("consumer.authorize.plan",),
        lenient("paymentPlan"),
    ),
    Row(
        "soft-decline-is-final",
        "A consumer who mistyped a card cannot try another one.",
        ("consumer.authorize.soft-decline",),
        stepped("order", "decline_softly", "requires_authorization", to="rejected"),
    ),
    Row(
        "rejected-token-approvable",
        "A token that was turned down can be charged.",
        ("consumer.approve.refused",),
        stepped("token", "approve", "rejected", to="active"),
    ),
)
