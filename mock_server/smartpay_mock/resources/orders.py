"""Orders: charge a consumer, authorize, cancel, expire.

Source: the guide; docs:/reference/create-order, cancel-order;
docs:/docs/manual-capture.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.json import decode
from smartpay_mock.resources.authorization import (
    decide_authorization,
    decide_token_charge,
)
from smartpay_mock.resources.consumers import consumer_of
from smartpay_mock.resources.context import Context, copied, copy_to, members_of
from smartpay_mock.resources.discounts import apply_code
from smartpay_mock.resources.line_items import line_item
from smartpay_mock.resources.payments import capture, is_to_fail, left_to_capture
from smartpay_mock.resources.tokens import chargeable_token
from smartpay_mock.storage.base import Unit

Document = dict[str, Any]

# What a web page shows in place of an e-mail address.
_PLACEHOLDER = "[email"
# What an item of each kind adds to the total.
_SIGNS = {"product": 1, "tax": 1, "discount": -1}
_EXPIRED_AT_ONCE = 100


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
    ctx.save(order)
    return order


def decline(ctx: Context, order: Document, *, is_final: bool = True) -> None:
    """Decline an order: rejected if that is final, else it goes on waiting.

    Raises:
        ApiError: ``order.cannot-authorize`` unless it is new or waits.

    Source: docs:/reference/the-event-object.
    """
    transition = ctx.step("order", order, "decline" if is_final else "decline_softly")
    ctx.save(order)
    ctx.publish_step(transition, order=order)


def new_order(ctx: Context, body: Document) -> Document:
    """Return an order for a request's payload, without a status, not kept yet."""
    order = {
        "id": ctx.ids.new("order"),
        "object": "order",
        "amount": int(body["amount"]),
        "createdAt": ctx.now,
        "currency": body["currency"].upper(),
    }
    copy_to(order, body, "description", "reference")
    order["discounts"] = []
    order["lineItems"] = [line_item(ctx, item) for item in body["items"]]
    order["metadata"] = body.get("metadata", {})
    order["payments"] = []
    order["shippingInfo"] = _shipping(body["shippingInfo"])
    order["test"] = True
    order["updatedAt"] = ctx.now
    order["_isManual"] = body.get("captureMethod") == "manual"
    order["_authorized"] = order["_captured"] = 0
    return order


def authorize(ctx: Context, order: Document, **subjects: Document) -> None:
    """Authorize an order and capture it at once unless its capture is manual.

    ``expiresAt`` is seven days from now. If the capture fails, the order can still be
    captured. That is *assumed*.

    Args:
        ctx: The call.
        order: New, or in ``requires_authorization``.
        **subjects: Further objects that events of this step are about.

    Raises:
        ApiError: ``order.cannot-authorize`` in any other status.
    """
    fails = not order["_isManual"] and is_to_fail(ctx, "captures")
    is_open = order["_isManual"] or fails
    transition = ctx.step("order", order, "reserve" if is_open else "charge")
    order["expiresAt"] = ctx.now + ctx.rules.capture_window_ms
    order["_authorized"] = order["amount"] - order.get("discountAmount", 0)
    if is_open:
        ctx.unit.put("timer", order["id"], b"{}", due=order["expiresAt"])
    if not order["_isManual"]:
        body = {"amount": order["_authorized"], **copied(order, "reference")}
        subjects["payment"] = capture(ctx, order, body, fails=fails)
    ctx.save(order)
    ctx.publish_step(transition, order=order, **subjects)
    if fails:
        ctx.publish([("payment.created", subjects["payment"])])


def authorize_order(ctx: Context, params: dict[str, str], body: Document) -> Document:
    """Authorize an order as the consumer, or have it declined.

    A hard decline ends the order; after a soft one the consumer may try again.

    Raises:
        ApiError: ``order.not-found``; ``order.cannot-authorize`` unless it waits;
            ``promotion-code.not-applicable``.

    Source: SDK live suites; docs:/reference/the-event-object (soft and hard).
    """
    order = ctx.find("order", params["id"])
    if order["status"] != "requires_authorization":
        raise ApiError("order.cannot-authorize", id=order["id"], status=order["status"])
    consumer = consumer_of(ctx, ctx.actor)
    decision = decide_authorization(ctx, order, consumer, body)
    if not decision.is_approved:
        decline(ctx, order, is_final=decision.is_final)
        return order
    code = body.get("promotionCode")
    if code:
        apply_code(ctx, order, code, consumer)
    order["_consumer"] = consumer["id"]
    authorize(ctx, order)
    return order


def cancel_order(ctx: Context, params: dict[str, str], _body: Document) -> Document:
    """Cancel an authorized order, or release the part that is not captured.

    Nothing captured: ``canceled``. Something captured: the rest is released and the
    order has ``succeeded``. A canceled order answers the same again.

    Raises:
        ApiError: ``order.not-found``; ``order.cannot-cancel`` in any other status.

    Source: docs:/reference/cancel-order, docs:/docs/cancel-an-order; PHP live suite.
    """
    order = ctx.find("order", params["id"])
    _close_order(ctx, order, "release" if order["_captured"] else "cancel")
    return order


def is_up_to_date(unit: Unit, now: int) -> bool:
    """Return whether nothing of the account is due by ``now``."""
    due = unit.next_due("timer")
    return due is None or due > now


def expire_due(ctx: Context, *, until: int) -> None:
    """Expire every authorization that is due, each at its own time.

    Args:
        ctx: Its time is set to that of each expiry in turn.
        until: The account's time, in milliseconds since the epoch.
    """
    unit = ctx.unit
    while not is_up_to_date(unit, until):
        for row in unit.due("timer", until=until, limit=_EXPIRED_AT_ONCE):
            body = unit.get("order", row.id)
            unit.delete("timer", row.id)
            if body is not None and row.due is not None:
                ctx.now = row.due
                _expire_order(ctx, decode(body))


def _expire_order(ctx: Context, order: Document) -> None:
    """End an authorization whose seven days are over.

    Source: docs:/docs/manual-capture; with something captured *assumed*.
    """
    _close_order(ctx, order, "expire_captured" if order["_captured"] else "expire")


def _close_order(ctx: Context, order: Document, action: str) -> None:
    """End an order's authorization by ``action``; what is left of it is released."""
    before = order["status"]
    transition = ctx.step("order", order, action)
    if order["status"] == before:
        return
    released = left_to_capture(order)
    order["_authorized"] = order["_captured"]
    ctx.explain("capture", f"{released} of {order['currency']} released")
    ctx.unit.delete("timer", order["id"])
    ctx.save(order)
    ctx.publish_step(transition, order=order)


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


def advise_on_order(ctx: Context, body: Document) -> None:
    """Note amounts that do not add up, zero quantities and a placeholder e-mail."""
    _advise_on_amounts(ctx, body)
    for index, item in enumerate(body["items"]):
        if item.get("quantity") == 0:
            ctx.advise(
                "quantity-zero",
                f"/items/{index}/quantity",
                f"items[{index}].quantity is 0, so the item adds nothing to the "
                "total; send 1 or more",
            )
    address = body["customerInfo"].get("emailAddress", "")
    if address.startswith(_PLACEHOLDER):
        ctx.advise(
            "placeholder-email",
            "/customerInfo/emailAddress",
            "customerInfo.emailAddress is what a web page shows in place of a hidden "
            "address; send the customer's",
        )


def _advise_on_amounts(ctx: Context, body: Document) -> None:
    amount = int(body["amount"])
    total = items_total(body["items"], body["shippingInfo"], body["currency"])
    if total != amount:
        ctx.advise(
            "amounts-differ",
            "/amount",
            f"amount is {amount}, items and fee add up to {total}",
        )


def items_total(items: list[Document], shipping: Document, currency: str) -> int:
    """Return what the items and the shipping fee add up to.

    Products count their quantity (1 when absent), taxes add, discounts subtract; the
    fee counts if its currency is the order's or absent.

    Source: the amounts of all five SDKs' live suites add up this way.
    """
    total = 0
    for item in items:
        kind = item.get("kind", "product")
        count = item.get("quantity", 1) if kind == "product" else 1
        total += _SIGNS[kind] * int(item["amount"]) * int(count)
    if shipping.get("feeCurrency", currency).upper() == currency.upper():
        total += int(shipping.get("feeAmount", 0))
    return total
