"""The rules of the API: one file per resource, one handler per operation.

Rules: no Flask, no SQL, no HTTP. A handler gets a ``Context``, the path's parameters
and the validated body, and returns the stored document to answer with.

Every resource file has the same anatomy: docstring with sources, constants, public
operations, private helpers.
"""

from __future__ import annotations

from typing import NamedTuple

from smartpay_mock.resources import (
    checkout_sessions,
    consumers,
    coupons,
    orders,
    payments,
    promotion_codes,
    refunds,
    tokens,
    webhook_endpoints,
)
from smartpay_mock.resources.context import Context, Handler, retriever, updater


class Listing(NamedTuple):
    """How a list operation is served.

    Attributes:
        kind: The kind of document listed.
        index_key: Lists only documents stored with this key; ``None`` lists all.
    """

    kind: str
    index_key: str | None = None


HANDLERS: dict[str, Handler] = {
    "create_order": orders.create_order,
    "get_order": retriever("order"),
    "cancel_order": orders.cancel_order,
    "create_payment": payments.create_payment,
    "get_payment": retriever("payment"),
    "update_payment": updater("payment", "description", "reference"),
    "create_refund": refunds.create_refund,
    "get_refund": retriever("refund"),
    "update_refund": updater("refund", "description", "reference"),
    "get_token": tokens.get_token,
    "enable_token": tokens.mover("enable"),
    "disable_token": tokens.mover("disable"),
    "delete_token": tokens.mover("delete"),
    "create_checkout_session": checkout_sessions.create_checkout_session,
    "get_checkout_session": retriever("checkout_session"),
    "create_coupon": coupons.create_coupon,
    "get_coupon": retriever("coupon"),
    "update_coupon": updater("coupon", "active", "name", event="coupon.updated"),
    "create_promotion_code": promotion_codes.create_promotion_code,
    "get_promotion_code": retriever("promotion_code"),
    "update_promotion_code": updater(
        "promotion_code", "active", event="promotion_code.updated"
    ),
    "create_webhook_endpoint": webhook_endpoints.create_webhook_endpoint,
    "get_webhook_endpoint": retriever("webhook_endpoint"),
    "update_webhook_endpoint": updater(
        "webhook_endpoint", "active", "description", "eventSubscriptions", "url"
    ),
    "delete_webhook_endpoint": webhook_endpoints.delete_webhook_endpoint,
    "consumer_login": consumers.consumer_login,
    "authorize_order": orders.authorize_order,
    "approve_token": tokens.approve_token,
}

LISTINGS: dict[str, Listing] = {
    "list_orders": Listing("order"),
    "list_payments": Listing("payment"),
    "list_refunds": Listing("refund"),
    "list_tokens": Listing("token", index_key="listed"),
    "list_checkout_sessions": Listing("checkout_session"),
    "list_coupons": Listing("coupon"),
    "list_promotion_codes": Listing("promotion_code"),
    "list_webhook_endpoints": Listing("webhook_endpoint"),
}

__all__ = ["HANDLERS", "LISTINGS", "Context", "Handler", "Listing"]
