"""Tokens: what a merchant charges a consumer with.

Source: docs:/reference/the-token-object, enable-token, disable-token, delete-token;
docs:/docs/token-management.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources.authorization import consumer_declines, session_declines
from smartpay_mock.resources.consumers import consumer_of
from smartpay_mock.resources.context import Context, Handler, copied, created

Document = dict[str, Any]

# Setting inactive_token -> states of a token that cannot be charged at all.
_REFUSED = {
    "rejected": {"requires_authorization", "rejected"},
    "error": {"requires_authorization", "rejected", "disabled"},
}


def find_token(ctx: Context, id_: str) -> Document:
    """Return a token that is not deleted.

    Raises:
        ApiError: ``token.not-found``, also for a deleted one.
    """
    token = ctx.find("token", id_)
    if token["status"] == "deleted":
        raise ApiError("token.not-found", id=id_)
    return token


def chargeable_token(ctx: Context, id_: str) -> Document:
    """Return the token to charge, active or disabled.

    A disabled token gives a rejected order (the guide), unless the setting
    ``inactive_token`` is ``error`` (the reference).

    Raises:
        ApiError: ``token.not-found``; ``token.invalid`` if it was never active.
    """
    token = find_token(ctx, id_)
    refused = _REFUSED[ctx.settings.inactive_token]
    ctx.explain("token", f"{id_} is {token['status']}")
    if token["status"] in refused:
        ctx.is_refused_by_setting = any(
            token["status"] not in others for others in _REFUSED.values()
        )
        raise ApiError("token.invalid", id=id_, status=token["status"])
    return token


def open_token(ctx: Context, body: Document, session_id: str) -> Document:
    """Make a token that waits for the consumer's approval; keep it.

    Source: docs:/docs/creating-a-token.
    """
    token = {
        **created(ctx, "token", "token"),
        "metadata": body.get("metadata", {}),
        **copied(body, "reference"),
        "_consumer": None,
        "_session": session_id,
    }
    transition = ctx.step("token", token, "open")
    ctx.save(token)
    ctx.publish_step(transition, token=token)
    return token


def get_token(ctx: Context, params: dict[str, str], _body: Document) -> Document:
    """Retrieve a token in any status but deleted.

    Raises:
        ApiError: ``token.not-found``.

    Source: Python and Node live suites (404 once deleted); other statuses *assumed*.
    """
    return find_token(ctx, params["id"])


def mover(action: str) -> Handler:
    """Return the handler that moves a token: ``enable``, ``disable`` or ``delete``."""

    def move(ctx: Context, params: dict[str, str], _body: Document) -> None:
        """Enable, disable or delete a token; an enabled or disabled one stays so.

        Raises:
            ApiError: ``token.not-found``, also while the token waits for its approval.

        Source: docs:/reference/enable-token, disable-token, delete-token.
        """
        _move(ctx, find_token(ctx, params["id"]), action)

    return move


def approve_token(ctx: Context, params: dict[str, str], _body: Document) -> Document:
    """Approve a token as its consumer, or have it declined.

    A consumer who is not active or is set to decline, or a session whose e-mail
    address declines, gets a rejected token; that is an answer, not an error.

    Raises:
        ApiError: ``token.not-found``; ``token.cannot-approve`` unless it waits.

    Source: SDK live suites; the answer's body, and who is declined, are *assumed*.
    """
    token = find_token(ctx, params["id"])
    consumer = _owner(ctx, token)
    action = "approve"
    if token["status"] == "requires_authorization":
        token["_consumer"] = consumer["id"]
        decision = consumer_declines(consumer) or session_declines(ctx, token)
        if decision is not None:
            ctx.explain("authorization", f"declined: {decision.reason}")
            action = "reject"
    return _move(ctx, token, action)


def _owner(ctx: Context, token: Document) -> Document:
    """Return the consumer who owns the token; of a new one that is who acts."""
    known = ctx.load("consumer", token["_consumer"]) if token["_consumer"] else None
    return known or consumer_of(ctx, ctx.actor)


def _move(ctx: Context, token: Document, action: str) -> Document:
    before = token["status"]
    transition = ctx.step("token", token, action)
    if token["status"] != before:
        ctx.save(token)
    ctx.publish_step(transition, token=token)
    return token
