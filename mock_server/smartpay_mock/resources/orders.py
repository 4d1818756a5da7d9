"""Orders: charge a consumer, look at what became of it, cancel.

Source: the guide; docs:/reference/create-order, cancel-order;
docs:/docs/manual-capture.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources.advice import advise_on_order
from smartpay_mock.resources.authorization import decide_token_charge
from smartpay_mock.resources.base import Context, copied, copy_to, members_of
from smartpay_mock.resources.line_items import line_item
from smartpay_mock.resources.payments import capture
from smartpay_mock.resources.pricing import left_to_capture
from smartpay_mock.resources.tokens import chargeable_token

Document = dict[str, Any]


def create_order(ctx: Context, _params: dict[str, str], body: Document) -> Document:
    """Charge the consumer behind a token.

    Approved, the order is ``succeeded`` with one payment for the full amount, or with
    ``captureMethod: manual`` ``requires_capture`` for seven days. Declined, it is
    ``rejected``; that is an answer, not an error.

    Raises:
        ApiError: ``token.not-found``; ``token.invalid`` if it was never active.

    Source: the guide; docs:/reference/create-order.
    """
    token = chargeable_token(ctx, body["token"])
    advise_on_order(ctx, body)
    order = new_order(ctx, body)
    order["tokenId"] = token["id"]
    if decide_token_charge(ctx, token, body).is_approved:
        order["_consumer"] = token.get("_consumer")
        authorize(ctx, order, token=token)
    else:
        decline(ctx, order)
    return order


def open_order(ctx: Context, body: Document, session_id: str) -> Document:
    """Make an order that waits for its consumer's authorization; keep it.

    Source: Python and Node live suites (it is listed before any authorization).
    """
    order = new_order(ctx, body)
    order["_session"] = session_id
    ctx.step("order", order, "open")
    ctx.keep_order(order)
    return order


def decline(ctx: Context, order: Document, *, is_final: bool = True) -> None:
    """Decline an order: rejected if that is final, else it goes on waiting.

    Raises:
        ApiError: ``order.cannot-authorize`` unless it is new or waits.

    Source: docs:/reference/the-event-object.
    """
    transition = ctx.step("order", order, "decline" if is_final else "decline_softly")
    ctx.keep_order(order)
    ctx.announce(transition, order=order)


def new_order(ctx: Context, body: Document) -> Document:
    """Return an order for a request's payload, without a status, not kept yet."""
    order = {
        "id": ctx.ids.new("order"),
        "object": "order",
        "amount": int(body["amount"]),
        "createdAt": ctx.now,
        "currency": body["currency"].upper(),
    }
    copy_to(order, body, "description")
    order["discounts"] = []
    order["lineItems"] = [line_item(ctx, item) for item in body["items"]]
    order["metadata"] = body.get("metadata", {})
    order["payments"] = []
    copy_to(order, body, "reference")
    order["shippingInfo"] = _shipping(body["shippingInfo"])
    order["test"] = True
    order["updatedAt"] = ctx.now
    order["_isManual"] = body.get("captureMethod") == "manual"
    order["_authorized"] = order["_captured"] = 0
    return order


def authorize(ctx: Context, order: Document, **subjects: Document) -> None:
    """Authorize an order and capture it at once unless its capture is manual.

    ``expiresAt`` is seven days from now.

    Args:
        ctx: The call.
        order: New, or in ``requires_authorization``.
        **subjects: Further objects that events of this step are about.

    Raises:
        ApiError: ``order.cannot-authorize`` in any other status.
    """
    transition = ctx.step("order", order, "reserve" if order["_isManual"] else "charge")
    order["expiresAt"] = ctx.now + ctx.rules.capture_window_ms
    order["_authorized"] = order["amount"] - order.get("discountAmount", 0)
    if order["_isManual"]:
        ctx.unit.put("timer", order["id"], b"{}", due=order["expiresAt"])
    else:
        subjects["payment"] = capture(
            ctx, order, {"amount": order["_authorized"], **copied(order, "reference")}
        )
    ctx.keep_order(order)
    ctx.announce(transition, order=order, **subjects)


def get_order(ctx: Context, params: dict[str, str], _body: Document) -> Document:
    """Retrieve an order.

    Raises:
        ApiError: ``order.not-found``.

    Source: SDK go:api.go.
    """
    return ctx.find("order", params["id"])


def cancel_order(ctx: Context, params: dict[str, str], _body: Document) -> Document:
    """Cancel an authorized order, or release what of it is not captured.

    Nothing captured: ``canceled``. Something captured: the rest is released and the
    order has ``succeeded``. A canceled order answers the same again.

    Raises:
        ApiError: ``order.not-found``; ``order.cannot-cancel`` in any other status.

    Source: docs:/reference/cancel-order, docs:/docs/cancel-an-order; PHP live suite.
    """
    order = ctx.find("order", params["id"])
    close_order(ctx, order, "release" if order["_captured"] else "cancel")
    return order


def expire_order(ctx: Context, order: Document) -> None:
    """End an authorization whose seven days are over.

    Source: docs:/docs/manual-capture; with something captured *assumed*.
    """
    close_order(ctx, order, "expire_captured" if order["_captured"] else "expire")


def close_order(ctx: Context, order: Document, action: str) -> None:
    """End an order's authorization by ``action``; what is left of it is released."""
    before = order["status"]
    transition = ctx.step("order", order, action)
    if order["status"] == before:
        return
    released = left_to_capture(order)
    order["_authorized"] = order["_captured"]
    ctx.explain("capture", f"{released} of {order['currency']} released")
    ctx.unit.delete("timer", order["id"])
    ctx.keep_order(order)
    ctx.announce(transition, order=order)


def _shipping(shipping: Document) -> Document:
    # An SDK puts addressType here too; what is unknown is not kept.
    address = copied(shipping["address"], *members_of("common/address"))
    if "country" in address:
        address["country"] = address["country"].upper()
    kept: Document = {"address": address}
    copy_to(kept, shipping, "addressType", "carrierName", "reference")
    if "feeAmount" in shipping:
        kept["feeAmount"] = int(shipping["feeAmount"])
    if "feeCurrency" in shipping:
        kept["feeCurrency"] = shipping["feeCurrency"].upper()
    return kept
