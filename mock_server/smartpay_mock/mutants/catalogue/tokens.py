"""Mutants that mishandle what a consumer approved."""

from __future__ import annotations

from typing import Any

from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import (
    Document,
    change_transition,
    combine,
    wrap_handlers,
)
from smartpay_mock.mutants.responses import edit_successes
from smartpay_mock.resources import Context

GET = "get_checkout_session"


def _never_update(document: Document) -> None:
    """Show order and token as not yet authorized."""
    for part in (document.get("order"), document.get("token")):
        if isinstance(part, dict):
            part["status"] = "requires_authorization"


def _do_nothing(
    _original: Any, ctx: Context, params: dict[str, str], _body: Document
) -> None:
    ctx.find("token", params["id"])


MUTANTS = (
    Mutant(
        "disabling-does-nothing",
        "A consumer withdraws permission and is charged anyway.",
        ("tokens.disable",),
        wrap_handlers(_do_nothing, "disable_token"),
    ),
    Mutant(
        "deleted-means-disabled",
        "A token that the consumer deleted comes back into use.",
        (
            "tokens.delete",
            "tokens.delete.final",
            "tokens.list.no-deleted",
            "orders.create.token-deleted",
        ),
        combine(
            change_transition("token", "delete", "active", to="disabled"),
            change_transition("token", "delete", "disabled", to="disabled"),
        ),
    ),
    Mutant(
        "token-active-at-once",
        "You charge a consumer who never approved the token.",
        (
            "sessions.create.token",
            "tokens.list.no-unapproved",
            "tokens.before-approval",
            "orders.create.token-invalid",
        ),
        change_transition("token", "open", "new", to="active"),
    ),
    Mutant(
        "session-never-updates",
        "A shop that polls the session never learns that it was paid.",
        ("sessions.follows-order",),
        edit_successes(_never_update, GET),
    ),
)
