"""What the merchant's and the consumer's calls do, one function per operation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .checks import checked, invalid, known
from .hooks import Hooks
from .state import HOLD_MS, Account, Doc, Refusal, World, base62, now_ms

UNKNOWN = {
    "checkoutSession": "checkoutsession.notfound",
    "order": "order.not-found",
    "payment": "payment.not-found",
    "refund": "refund.not-found",
    "token": "token.not-found",
    "coupon": "coupon.not-found",
    "promotionCode": "promotion-code.not-found",
    "webhookEndpoint": "webhook-endpoint.notfound",
}
# The last two are on no published order: members nobody asked for.
ORDER_MEMBERS = (
    *("amount", "currency", "shippingInfo", "reference", "description", "metadata"),
    *("customerInfo", "captureMethod"),
)
READABLE_TOKENS = {"active", "disabled"}
APPROVED_METHOD = "pm_test_visaApproved"
# Published for orders that were captured or expired; silent about these.
CAPTURE_CODES = dict.fromkeys(("requires_authorization", "rejected"), "order.unpaid")
PRODUCT_MEMBERS = ("name", "brand", "categories", "gtin", "images", "reference", "url")


@dataclass(slots=True)
class Desk:
    """One call's view of the world: who calls, about what, with which body."""

    world: World
    hooks: Hooks
    account: Account
    ident: str = ""
    body: Doc = field(default_factory=dict)
    events: list[tuple[str, Doc]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether the server was started with this deviation."""
        return name in self.world.breaks

    def find(self, kind: str, ident: str | None = None) -> Doc:
        """An object of the caller.

        Raises:
            Refusal: 404 with the kind's own code: no such object, or not readable.
        """
        ident = self.ident if ident is None else ident
        doc = self.account.shelves[kind].get(ident)
        if doc is None and self.has("other-accounts-visible"):
            owner = self.world.owner(kind, ident)
            doc = owner.shelves[kind][ident] if owner else None
        if doc is None or not is_readable(doc, self.world.breaks):
            raise Refusal(404, UNKNOWN[kind], f"Nothing known by the id {ident}.")
        return doc

    def emit(self, event_type: str, doc: Doc) -> None:
        """Note what to tell the webhook endpoints when the call is done."""
        self.events.append((event_type, doc))

    def perform(self, operation: "Operation") -> Doc | None:
        """Carry an operation out, then send its events with the objects as left."""
        answer = operation(self)
        for event_type, doc in self.events:
            self.hooks.emit(self.account, event_type, doc)
        return answer

    def show(self, doc: Doc, *, expand: bool = False) -> Doc:
        """The object as answered."""
        return self.account.show(doc, expand=expand)


Operation = Callable[[Desk], Doc | None]


def is_readable(doc: Doc, breaks: frozenset[str] = frozenset()) -> bool:
    """Only active and disabled tokens can be seen; all else always."""
    if doc["object"] != "token" or doc["status"] in READABLE_TOKENS:
        return True
    return doc["status"] == "deleted" and "deleted-token-stays" in breaks


def captured(account: Account, order: Doc) -> int:
    """What was captured of an order, in its smallest currency unit."""
    payments = account.shelves["payment"]
    return sum(payments[ident]["amount"] for ident in order["payments"])


def let_go(account: Account) -> list[Doc]:
    """Release what was held for seven days; the orders that became canceled."""
    ended = [
        order
        for order in account.shelves["order"].values()
        if order["status"] == "requires_capture" and order["expiresAt"] <= now_ms()
    ]
    return [order for order in ended if _release(account, order) == "canceled"]


def _release(account: Account, order: Doc) -> str:
    status = "succeeded" if captured(account, order) else "canceled"
    account.change(order, {"status": status})
    return status


# --- orders ---------------------------------------------------------------------


def create_order(desk: Desk) -> Doc:
    """POST /orders: authorize now, with a stored token."""
    body = checked("order", desk.body)
    token = desk.account.shelves["token"].get(body["token"])
    if token is None or token["status"] == "deleted":
        raise Refusal(404, "token.not-found", "We have no such token for you.")
    if token["status"] != "active":
        raise Refusal(400, "token.invalid", "That token cannot pay at the moment.")
    order = _new_order(desk, body)
    if not desk.has("no-token-id"):
        order["tokenId"] = token["id"]
    desk.emit("token.used", token)
    _approve(desk, order)
    return desk.show(order, expand=True)


def _new_order(desk: Desk, body: Doc) -> Doc:
    return desk.account.add(
        "order",
        {name: body.get(name) for name in ORDER_MEMBERS}
        | {
            "status": "requires_authorization",
            "lineItems": [
                _line_item(desk.account, item)["id"] for item in body["items"][::-1]
            ],
            "payments": [],
            "discounts": [],
        },
    )


def _line_item(account: Account, item: Doc) -> Doc:
    kind, price = item.get("kind"), None
    kind = kind if kind in {"tax", "discount"} else "product"
    money = {"amount": item["amount"], "currency": item["currency"]}
    if kind == "product":
        product = account.add(
            "product",
            {name: item.get(name) for name in PRODUCT_MEMBERS}
            | {
                "active": True,
                "description": item.get("productDescription", item.get("description")),
                "metadata": item.get("productMetadata"),
            },
        )
        price = account.add(
            "price",
            money
            | {
                "active": True,
                "product": product["id"],
                "label": item.get("label"),
                "description": item.get("priceDescription"),
                "metadata": item.get("priceMetadata"),
            },
        )["id"]
    line = {name: item.get(name) for name in ("metadata", "quantity")}
    return account.add("lineItem", {"kind": kind, "price": price, **money, **line})


def _approve(desk: Desk, order: Doc) -> None:
    expires = now_ms() + HOLD_MS
    order |= {"expiresAt": expires, "status": "requires_capture"}
    desk.emit("order.authorized", order)
    is_manual = order.get("captureMethod") == "manual"
    if not is_manual and not desk.has("automatic-stays-open"):
        _new_payment(desk, order, {"amount": order["amount"]})
        order["status"] = "succeeded"


def cancel_order(desk: Desk) -> Doc:
    """PUT /orders/{id}/cancellation: release what is not captured."""
    order = desk.find("order")
    if order["status"] == "canceled" and not desk.has("cancel-once"):
        return desk.show(order)
    if order["status"] != "requires_capture":
        reason = f"It is too late, or too early: {order['status']}."
        raise Refusal(409, "order.cannot-cancel", reason)
    _release(desk.account, order)
    desk.emit("order.canceled", order)
    return desk.show(order)


# --- payments and refunds -------------------------------------------------------


def _new_payment(desk: Desk, order: Doc, members: Doc) -> Doc:
    payment = desk.account.add(
        "payment",
        {
            "currency": order["currency"],
            "order": order["id"],
            "status": "processed",
            "refunds": [],
        }
        | members,
    )
    order["payments"].append(payment["id"])
    desk.emit("payment.created", payment)
    return payment


def create_payment(desk: Desk) -> Doc:
    """POST /payments: capture all or part of what an order holds."""
    body = known("payment", desk.body)
    order = desk.find("order", body.pop("order"))
    rest_way = body.pop("cancelRemainder", "automatic")
    _may_capture(desk, order, body["amount"])
    payment = _new_payment(desk, order, body)
    is_used_up = captured(desk.account, order) >= order["amount"]
    is_done = is_used_up or rest_way == "automatic"
    desk.account.change(order, {"status": "succeeded"} if is_done else {})
    shown = desk.show(payment)
    if desk.has("payment-expanded"):
        shown["order"] = desk.show(order)
    return shown


def _may_capture(desk: Desk, order: Doc, amount: int) -> None:
    excess = Refusal(
        409, "payment.excessive-amount", f"{amount} is beyond the order's means."
    )
    is_bounded = not desk.has("capture-unbounded")
    if is_bounded and amount > order["amount"]:
        raise excess
    if order["status"] != "requires_capture":
        code = CAPTURE_CODES.get(order["status"], "order.cannot-capture")
        raise Refusal(409, code, f"There is nothing to take: {order['status']}.")
    if is_bounded and amount > order["amount"] - captured(desk.account, order):
        raise excess


def create_refund(desk: Desk) -> Doc:
    """POST /refunds: give back all or part of one payment."""
    body = known("refund", desk.body)
    payment = desk.find("payment", body["payment"])
    refunds = desk.account.shelves["refund"]
    given = sum(refunds[ident]["amount"] for ident in payment["refunds"])
    if body["amount"] > payment["amount"] - given:
        status = 409 if desk.has("refund-409") else 403
        raise Refusal(status, "amount.insufficient", "There is not that much left.")
    refund = desk.account.add("refund", {"status": "succeeded"} | body)
    payment["refunds"].append(refund["id"])
    desk.account.change(payment, {"status": "refunded"})
    desk.emit("refund.created", refund)
    return desk.show(refund)


def patcher(kind: str, shape: str, event_type: str | None = None) -> Operation:
    """The PATCH of a kind of object."""

    def update(desk: Desk) -> Doc:
        doc = desk.find(kind)
        desk.account.change(doc, known(shape, desk.body))
        if event_type:
            desk.emit(event_type, doc)
        return desk.show(doc)

    return update


# --- tokens and checkout sessions -----------------------------------------------


def token_switch(status: str, event_type: str) -> Operation:
    """The call that sets a token's status and answers nothing."""

    def switch(desk: Desk) -> None:
        token = desk.find("token")
        if token["status"] == status:
            raise Refusal(409, "token.unchanged", f"It is {status} already.")
        desk.account.change(token, {"status": status})
        desk.emit(event_type, token)

    return switch


def create_session(desk: Desk) -> Doc:
    """POST /checkout-sessions: an order to authorize, or a token to approve."""
    mode = desk.body.get("mode")
    if mode not in {None, "token"}:
        raise invalid("/mode", "only token is known")
    body = checked("token-session" if mode else "order-session", desk.body)
    wanted = ("cancelUrl", "successUrl", "customerInfo", "locale", "reference")
    common = {name: body[name] for name in (*wanted, "metadata") if name in body}
    if mode:
        about = {"metadata": body.get("metadata"), "reference": body.get("reference")}
        token = desk.account.add("token", {"status": "requires_authorization"} | about)
        desk.emit("token.created", token)
        common["token"] = token["id"]
    else:
        if all(item.get("kind") in {"tax", "discount"} for item in body["items"]):
            raise invalid("/items", "there is no product among them")
        common["order"] = _new_order(desk, body)["id"]
    session = desk.account.add("checkoutSession", common)
    seal = f"{base62(6)}.{base62(64)}"
    session["url"] = f"https://checkout.smartpay.co/{session['id']}.{seal}"
    return desk.show(session, expand=True)


# --- coupons, promotion codes, webhook endpoints --------------------------------


def create_coupon(desk: Desk) -> Doc:
    """POST /coupons."""
    body = known("coupon", desk.body)
    kind = body["discountType"]
    needed = {"amount": ("discountAmount", "currency")}.get(
        kind, ("discountPercentage",)
    )
    for name in needed:
        if name not in body:
            raise invalid(f"/{name}", f"a discount by {kind} needs it")
    defaults = {"active": True, "redemptionCount": 0, "sponsored": False}
    coupon = desk.account.add("coupon", defaults | body)
    desk.emit("coupon.created", coupon)
    return desk.show(coupon)


def create_promotion_code(desk: Desk) -> Doc:
    """POST /promotion-codes: codes are unique whatever their case."""
    body = known("promotion-code", desk.body)
    desk.find("coupon", body.pop("coupon"))
    code = body["code"]
    taken = desk.account.shelves["promotionCode"].values()
    if any(other["code"].casefold() == code.casefold() for other in taken):
        raise Refusal(409, "promotion-code.exists", f"{code} has been given out.")
    defaults: dict[str, Any] = {"active": True, "redemptionCount": 0}
    defaults |= {"firstTimeTransaction": False, "onePerCustomer": False}
    doc = desk.account.add("promotionCode", defaults | body)
    desk.emit("promotion_code.created", doc)
    return desk.show(doc)


def create_webhook_endpoint(desk: Desk) -> Doc:
    """POST /webhook-endpoints: no subscriptions named means every event."""
    secret = {"signingSecret": base62(40)}
    defaults = {"active": True, "eventSubscriptions": []}
    body = known("webhook", desk.body)
    endpoint = desk.account.add("webhookEndpoint", defaults | body | secret)
    return desk.show(endpoint) | secret


def delete_webhook_endpoint(desk: Desk) -> None:
    """DELETE /webhook-endpoints/{id}."""
    del desk.account.shelves["webhookEndpoint"][desk.find("webhookEndpoint")["id"]]


# --- the consumer's side --------------------------------------------------------


def authorize_order(desk: Desk) -> Doc:
    """POST /orders/{id}/authorizations, by the consumer."""
    order = desk.find("order")
    if order["status"] != "requires_authorization":
        raise Refusal(409, "order.settled", "This order was decided before.")
    if desk.body.get("paymentMethod") == APPROVED_METHOD:
        _approve(desk, order)
        return {"accepted": True}
    desk.account.change(order, {"status": "rejected"})
    desk.emit("order.rejected", order)
    return {"accepted": False}


def approve_token(desk: Desk) -> None:
    """PUT /tokens/{id}/approve, by the consumer."""
    token = desk.account.shelves["token"][desk.ident]
    if token["status"] == "requires_authorization":
        desk.account.change(token, {"status": "active"})
        desk.emit("token.approved", token)
