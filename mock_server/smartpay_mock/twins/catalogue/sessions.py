"""Twins that send a consumer to the wrong checkout, or forget what it is for."""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources import Context
from smartpay_mock.twins.editing import changed, given, objects, rendered, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.samples import SAMPLE
from smartpay_mock.twins.seams import Document, handled, stepped
from smartpay_mock.twins.storing import keep
from smartpay_mock.twins.verdicts import lenient, strict
from smartpay_schemas import Operation

CREATE = "create_checkout_session"
GET = "get_checkout_session"


def _without_waiting(document: Document) -> None:
    """Hide orders that wait for their consumer."""
    orders = document["data"]
    document["data"] = [
        order for order in orders if order["status"] != "requires_authorization"
    ]
    document["results"] = len(document["data"])


def _expiring(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Let the order of a session expire before anybody authorized it."""
    session = honest(ctx, params, body)
    if "order" in session:
        order = ctx.find("order", session["order"])
        order["expiresAt"] = ctx.now + ctx.rules.capture_window_ms
        keep(ctx, order)
    return session


def _with_order(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Make an order for a session that is about a token."""
    session = honest(ctx, params, body)
    if "token" in session:
        session["order"] = honest(ctx, params, dict(SAMPLE))["order"]
        keep(ctx, session)
    return session


def _as_it_was(document: Document) -> None:
    """Show order and token as they were when the session was made."""
    for part in (document.get("order"), document.get("token")):
        if isinstance(part, dict):
            part["status"] = "requires_authorization"


def _is_for_token(operation: Operation, body: Document) -> bool:
    return operation.id == CREATE and body.get("mode") == "token"


MUTANTS = in_area(
    "checkout-sessions",
    Row(
        "session-order-hidden",
        "A shop does not see the order that its consumer is about to pay.",
        ("sessions.create.order",),
        rendered(_without_waiting, "list_orders"),
    ),
    Row(
        "session-order-authorized-at-once",
        "The shop captures before the consumer has agreed to anything.",
        ("sessions.create.order", "sessions.create.order-members"),
        stepped("order", "open", "new", to="requires_capture"),
    ),
    Row(
        "session-order-expires",
        "A shop takes an order for authorized that nobody has looked at.",
        ("sessions.create.order-members", "orders.create.expires-at"),
        handled(_expiring, CREATE),
    ),
    Row(
        "session-url-with-query",
        "SDKs that append a question mark send the consumer nowhere.",
        ("sessions.create.url",),
        objects("checkoutSession", changed("url", lambda url: f"{url}?from=shop")),
    ),
    Row(
        "session-url-missing",
        "A shop cannot send its consumer to pay.",
        ("sessions.create.url", "data.shape"),
        objects("checkoutSession", without("url")),
    ),
    Row(
        "session-url-of-nobody",
        "Every consumer is sent to the same page.",
        ("sessions.create.url-names-it",),
        objects("checkoutSession", given(url="https://example.com/checkout")),
    ),
    Row(
        "session-customer-lost",
        "A consumer types again what the shop knew already.",
        ("sessions.create.customer",),
        objects("checkoutSession", given(customerInfo={})),
    ),
    Row(
        "session-keeps-its-reference",
        "A shop does not find the order to its cart.",
        ("sessions.create.passes-on",),
        objects("order", without("reference")),
    ),
    Row(
        "session-urls-swapped",
        "A consumer who paid is told that the purchase was canceled.",
        ("sessions.create.echo",),
        objects(
            "checkoutSession",
            lambda session: session.update(
                successUrl=session["cancelUrl"], cancelUrl=session["successUrl"]
            ),
        ),
    ),
    Row(
        "session-in-english",
        "A Japanese consumer is shown an English page.",
        ("sessions.create.echo",),
        objects("checkoutSession", given(locale="en")),
    ),
    Row(
        "session-without-goods",
        "A consumer pays a tax on nothing.",
        ("sessions.create.a-product",),
        lenient("no entry of the kind"),
    ),
    Row(
        "token-session-needs-amount",
        "A shop that wants a token has to invent a price.",
        ("sessions.create.token",),
        strict(
            "amount: it is missing",
            lambda operation, body: (
                _is_for_token(operation, body) and "amount" not in body
            ),
        ),
    ),
    Row(
        "token-session-needs-no-urls",
        "A consumer who approved a token is sent nowhere.",
        ("sessions.create.token-mandatory",),
        lenient(
            "successUrl",
            "cancelUrl",
            successUrl="https://example.com",
            cancelUrl="https://example.com",
        ),
    ),
    Row(
        "token-session-makes-an-order",
        "A consumer who allowed future charges is charged now.",
        ("sessions.create.token",),
        handled(_with_order, CREATE),
    ),
    Row(
        "token-active-at-once",
        "A shop charges a consumer who never approved.",
        (
            "sessions.create.token",
            "tokens.list.no-unapproved",
            "tokens.before-approval",
            "orders.create.token-invalid",
        ),
        stepped("token", "open", "new", to="active"),
    ),
    Row(
        "session-needs-a-reference",
        "A shop without numbers of its own cannot sell.",
        ("sessions.create.minimal",),
        strict(
            "reference: it is missing",
            lambda operation, body: operation.id == CREATE and "reference" not in body,
        ),
    ),
    Row(
        "session-url-changes",
        "A consumer who comes back to the shop is sent to a page that is none.",
        ("sessions.get", "sessions.list"),
        rendered(changed("url", lambda url: f"{url}0"), GET),
    ),
    Row(
        "session-shows-what-was",
        "A shop that polls the session never learns that it was paid.",
        ("sessions.follows-order",),
        rendered(_as_it_was, GET),
    ),
)
