"""Twins that forget what a consumer allowed, or took back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources import Context, Listing
from smartpay_mock.resources.tokens import keep_token
from smartpay_mock.twins.editing import changed, code_of, objects, rendered
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    answered,
    handled,
    listed,
    stepped,
    together,
    unstepped,
)
from smartpay_schemas import Operation

CHANGES = {"enable_token", "disable_token", "delete_token"}


def _nothing_done(
    _honest: Any, ctx: Context, params: dict[str, str], _body: Document
) -> None:
    ctx.find("token", params["id"])


def _wiping(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> None:
    """Wipe what a merchant noted about a token."""
    honest(ctx, params, body)
    token = ctx.find("token", params["id"])
    token.pop("reference", None)
    keep_token(ctx, {**token, "metadata": {}})


def _labelled(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if operation.id in CHANGES and answer.status == operation.status:
        return replace(answer, content_type="application/json")
    return answer


def _all_well(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if operation.id in CHANGES and code_of(answer) == "token.not-found":
        return Answer(operation.status, content_type=None, headers=answer.headers)
    return answer


def _active_only(document: Document) -> None:
    tokens = document["data"]
    document["data"] = [token for token in tokens if token["status"] == "active"]
    document["results"] = len(document["data"])


def _enabled(status: str) -> str:
    return "enabled" if status == "active" else status


MUTANTS = in_area(
    "tokens",
    Row(
        "disabling-does-nothing",
        "A consumer took the permission back, and pays on.",
        ("tokens.disable",),
        handled(_nothing_done, "disable_token"),
    ),
    Row(
        "enabling-does-nothing",
        "A consumer gave the permission again, and cannot pay.",
        ("tokens.enable",),
        handled(_nothing_done, "enable_token"),
    ),
    Row(
        "empty-answer-called-json",
        "Two SDKs parse what calls itself JSON, and crash on nothing.",
        ("tokens.empty-answer",),
        answered(_labelled),
    ),
    Row(
        "merchant-approves",
        "A shop enables a token that its consumer never approved, and charges.",
        ("tokens.before-approval",),
        together(
            stepped("token", "enable", "requires_authorization", to="active"),
            stepped("token", "disable", "requires_authorization", to="disabled"),
        ),
    ),
    Row(
        "unknown-token-changed",
        "A typing error in an id is told as done.",
        (
            "tokens.change.not-found",
            "tokens.before-approval",
            "tokens.delete.final",
        ),
        answered(_all_well),
    ),
    Row(
        "deleted-means-disabled",
        "A consumer who deleted a token finds it in use again.",
        (
            "tokens.delete",
            "tokens.delete.final",
            "tokens.list.no-deleted",
            "orders.create.token-deleted",
        ),
        together(
            stepped("token", "delete", "active", to="disabled"),
            stepped("token", "delete", "disabled", to="disabled"),
        ),
    ),
    Row(
        "disabled-cannot-be-deleted",
        "A consumer who asks to be forgotten is not.",
        ("tokens.delete.disabled",),
        unstepped("token", "delete", "disabled"),
    ),
    Row(
        "disabled-not-listed",
        "A shop cannot enable a token that it cannot find.",
        ("tokens.list",),
        rendered(_active_only, "list_tokens"),
    ),
    Row(
        "all-tokens-listed",
        "A shop offers tokens that cannot be charged.",
        ("tokens.list.no-deleted", "tokens.list.no-unapproved"),
        listed(list_tokens=Listing("token")),
    ),
    Row(
        "token-status-of-another-kind",
        "A client that looks for active finds no token that it may charge.",
        ("tokens.status", "tokens.get.active"),
        objects("token", changed("status", _enabled)),
    ),
    Row(
        "disabling-wipes",
        "A shop cannot tell any more whose token it disabled.",
        ("tokens.no-other-change",),
        handled(_wiping, "disable_token", "enable_token"),
    ),
    Row(
        "enabling-twice-refused",
        "A retried call is taken for a failure.",
        ("tokens.repeat",),
        together(
            unstepped("token", "enable", "active"),
            unstepped("token", "disable", "disabled"),
        ),
    ),
)
