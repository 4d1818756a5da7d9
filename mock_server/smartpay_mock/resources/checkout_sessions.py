"""Checkout sessions: send a consumer to pay an order, or to approve a token.

Source: docs-ja:/reference/create-checkout-session; docs:/docs/creating-a-token;
go:types.go.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from smartpay_mock.resources.context import Context, copied, created, members_of
from smartpay_mock.resources.orders import advise_on_order, open_order
from smartpay_mock.resources.tokens import open_token

Document = dict[str, Any]

CHECKOUT_PATH = "/checkout"
_REAL_API = "api.smartpay.co"
_REAL_CHECKOUT = "https://checkout.smartpay.co"


def create_checkout_session(
    ctx: Context, _params: dict[str, str], body: Document
) -> Document:
    """Create a session with its order, or with its token (``mode: token``).

    The order waits in ``requires_authorization`` and is listed at once.

    Source: docs-ja:/reference/create-checkout-session; Python and Node live suites.
    """
    session = {
        **created(ctx, "checkout_session", "checkoutSession"),
        **copied(body, "cancelUrl", "locale", "reference", "successUrl"),
        "customerInfo": _customer(body.get("customerInfo", {})),
        "metadata": body.get("metadata", {}),
    }
    if body.get("mode") == "token":
        session["token"] = open_token(ctx, body, session["id"])["id"]
    else:
        advise_on_order(ctx, body)
        session["order"] = open_order(ctx, body, session["id"])["id"]
    session["url"] = checkout_url(ctx.base_url, session["id"])
    ctx.save(session)
    return session


def checkout_url(base_url: str, session_id: str) -> str:
    """Return where the consumer goes: a page of this emulator.

    It has no query string, since three SDKs append theirs textually. Calls made to
    the real host name get the real form.

    Source: py:Reference.md, php:CheckoutSession.php (no query string).
    """
    if urlsplit(base_url).hostname == _REAL_API:
        return f"{_REAL_CHECKOUT}/{session_id}"
    return f"{base_url}{CHECKOUT_PATH}/{session_id}"


def _customer(customer: Document) -> Document:
    """Return the customer's known members, without a placeholder e-mail.

    Source: a strict SDK fails on an address that is none (go:types.go).
    """
    kept = copied(customer, *members_of("common/customer-info"))
    if "address" in kept:
        kept["address"] = copied(kept["address"], *members_of("common/address"))
    if "@" not in kept.get("emailAddress", "@") or " " in kept.get("emailAddress", ""):
        del kept["emailAddress"]
    return kept
