"""Serve the Smartpay API as a third party might, to test the contract kit.

The server does what the published pages and the SDKs' test suites say. Where they are
silent it differs from the emulator: ids, messages, extra members, member order, paging
and every assumed choice. The kit must pass here, so it relies on nothing but the
contract. It imports no package of this project.

Start it in the root folder with
``python -m tests.contracts.third_party_server --port-file FILE``.
"""

from __future__ import annotations

import argparse
import base64
import hmac
import json
import logging
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import requests
from flask import Flask, Response, request
from tests.contracts.third_party_account import BASE62, Account, base62, now_ms
from tests.contracts.third_party_rules import (
    PATCHED,
    Doc,
    Refusal,
    checked,
    invalid,
    value_of,
    without_nulls,
)
from werkzeug.serving import make_server

HOLD_MS = 7 * 86_400_000
DEFAULT_PAGE, LARGEST_PAGE = 20, 50
AS_TEXT = {"amount-text": r"\w*mount", "time-text": r"\w+At"}
"""Deviation -> a pattern of members whose numbers are text."""
CONSUMER = ("third-party+test@example.com", "third-party-password")

NOT_FOUND = {
    "checkoutSession": "checkoutsession.notfound",
    "promotionCode": "promotion-code.not-found",
    "webhookEndpoint": "webhook-endpoint.notfound",
}
LISTS = {
    "checkout-sessions": "checkoutSession",
    "orders": "order",
    "payments": "payment",
    "refunds": "refund",
    "tokens": "token",
    "coupons": "coupon",
    "promotion-codes": "promotionCode",
    "webhook-endpoints": "webhookEndpoint",
}


class Server:
    """All accounts, and the settings of one run."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self.only_keys: list[str] = settings.only_keys
        self.deviations: list[str] = settings.deviations
        self.lists = set(settings.only or LISTS)
        self.accounts: dict[str, Account] = {}
        self.access_tokens: set[str] = set()
        self.lock = threading.RLock()

    def account(self, authorization: str) -> Account:
        """Return the account of an Authorization header; a new key makes one.

        Raises:
            Refusal: 401, the header holds no secret key that exists.
        """
        scheme, _, key = authorization.partition(" ")
        if not key.startswith("sk_"):
            with suppress(ValueError):
                key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        is_known = not self.only_keys or key in self.only_keys
        is_key = is_known and re.fullmatch("sk_test_[0-9A-Za-z]+", key)
        if scheme.lower() not in {"basic", "bearer"} or not is_key:
            raise Refusal(401)
        return self.accounts.setdefault(key, Account())

    def holder(self, id_: str) -> Account | None:
        """Return the account that has an object."""
        return next((a for a in self.accounts.values() if id_ in a.objects), None)

    def is_readable(self, doc: Doc) -> bool:
        """Return whether a call may read an object: not every token may be read."""
        if doc["object"] != "token" or doc["status"] in {"active", "disabled"}:
            return True
        return doc["status"] == "deleted" and "deleted-token-stays" in self.deviations

    def send(self, account: Account, type_: str, doc: Doc) -> None:
        """Deliver an event to each endpoint that subscribes to it."""
        if "webhook-never-sent" in self.deviations:
            return
        data = {"type": type_, "version": "2023-05-31", "data": account.show(doc)}
        event = {
            "id": f"evt_test_{base62(21)}",
            "object": "event",
            "createdAt": now_ms(),
            "test": True,
            "eventData": data,
        }
        body = json.dumps(event).encode()
        for endpoint in account.of("webhookEndpoint"):
            if endpoint["active"] and type_ in (
                endpoint["eventSubscriptions"] or type_
            ):
                arguments = (dict(endpoint), event["id"], body)
                threading.Thread(target=self._deliver, args=arguments).start()

    def _deliver(self, endpoint: Doc, event: str, body: bytes) -> None:
        """Deliver an event once, and only to this machine."""
        timestamp = str(now_ms())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Smartpay-Signature": self._signature(endpoint, timestamp, body),
            "Smartpay-Signature-Timestamp": timestamp,
            "Smartpay-Subscription-Id": endpoint["id"],
            "Smartpay-Event-Id": event,
        }
        if urlsplit(endpoint["url"]).hostname in {"127.0.0.1", "localhost"}:
            with suppress(requests.RequestException):
                requests.post(endpoint["url"], body, headers=headers, timeout=1)

    def _signature(self, endpoint: Doc, timestamp: str, body: bytes) -> str:
        secret, number = endpoint["signingSecret"], 0
        for character in secret:
            number = number * 62 + BASE62.index(character)
        key = number.to_bytes((number.bit_length() + 7) // 8, "big")
        if "webhook-signed-wrong" in self.deviations:
            key = secret.encode()
        return hmac.new(key, f"{timestamp}.".encode() + body, "sha256").hexdigest()


class Call:
    """One call: the caller's account, the id in the path and the body."""

    def __init__(self, server: Server, account: Account, id_: str, body: Doc) -> None:
        self.server, self.account, self.id, self.body = server, account, id_, body
        self.events: list[tuple[str, Doc]] = []

    def has(self, deviation: str) -> bool:
        """Return whether the server runs with a deviation."""
        return deviation in self.server.deviations

    def publish(self, type_: str, doc: Doc) -> None:
        """Note an event, which is sent when the call is done."""
        self.events.append((type_, doc))

    def find(self, kind: str, id_: str | None = None) -> Doc:
        """Return an object of the caller.

        Raises:
            Refusal: 404, there is none, or it may not be read.
        """
        id_ = self.id if id_ is None else id_
        account: Account | None = self.account
        if self.has("other-accounts-visible") and id_ not in self.account.objects:
            account = self.server.holder(id_)
        doc = account.objects.get(id_) if account else None
        if doc is None or doc["object"] != kind or not self.server.is_readable(doc):
            raise Refusal(404, NOT_FOUND.get(kind, f"{kind}.not-found"))
        return doc

    # -- orders ---------------------------------------------------------------------

    def create_order(self) -> Doc:
        """Authorize an order with a stored token."""
        body = checked("order", self.body)
        token = self.account.objects.get(body["token"])
        if token is None or token["status"] == "deleted":
            raise Refusal(404, "token.not-found")
        if token["status"] != "active":
            raise Refusal(400, "token.invalid")
        order = self._new_order(body)
        if not self.has("no-token-id"):
            order["tokenId"] = token["id"]
        self.publish("token.used", token)
        self._authorize(order)
        return self.account.show(order, expand=True)

    def _new_order(self, body: Doc) -> Doc:
        # No published order has customerInfo and captureMethod; this one echoes them.
        members = {name: body[name] for name in body if name not in {"items", "token"}}
        items = [self._line_item(item)["id"] for item in reversed(body["items"])]
        state = {"status": "requires_authorization", "payments": [], "discounts": []}
        return self.account.add("order", {**members, **state, "lineItems": items})

    def _line_item(self, item: Doc) -> Doc:
        members = ("amount", "currency", "quantity", "metadata")
        line = {name: item.get(name) for name in members}
        line["kind"] = item.get("kind", "product")
        if line["kind"] == "product":
            product = {
                **item,
                "description": item.get("productDescription"),
                "metadata": item.get("productMetadata"),
            }
            price = {
                **{name: item.get(name) for name in ("amount", "currency", "label")},
                "product": self.account.add("product", product)["id"],
                "description": item.get("priceDescription"),
                "metadata": item.get("priceMetadata"),
            }
            line["price"] = self.account.add("price", price)["id"]
        return self.account.add("lineItem", line)

    def _authorize(self, order: Doc) -> None:
        order |= {"expiresAt": now_ms() + HOLD_MS, "status": "requires_capture"}
        self.publish("order.authorized", order)
        is_manual = order.get("captureMethod") == "manual"
        if not is_manual and not self.has("automatic-stays-open"):
            if "payments" in self.server.lists:
                self._new_payment(order, {"amount": order["amount"]})
            order["status"] = "succeeded"

    def cancel_order(self) -> Doc:
        """Release what is not captured of an order."""
        order = self.find("order")
        if order["status"] == "canceled" and not self.has("cancel-once"):
            return self.account.show(order)
        if order["status"] != "requires_capture":
            raise Refusal(409, "order.cannot-cancel")
        status = "succeeded" if order["payments"] else "canceled"
        self.account.change(order, {"status": status})
        self.publish("order.canceled", order)
        return self.account.show(order)

    # -- payments and refunds -------------------------------------------------------

    def _new_payment(self, order: Doc, members: Doc) -> Doc:
        fixed = {"status": "processed", "currency": order["currency"], "refunds": []}
        members = {**members, **fixed, "order": order["id"]}
        payment = self.account.add("payment", members)
        order["payments"].append(payment["id"])
        self.publish("payment.created", payment)
        return payment

    def create_payment(self) -> Doc:
        """Capture all or part of an order."""
        body = checked("payment", self.body)
        order = self.find("order", body["order"])
        left = order["amount"] - self.account.total(order["payments"])
        if order["status"] != "requires_capture" and body["amount"] <= order["amount"]:
            is_unpaid = order["status"] in {"requires_authorization", "rejected"}
            # Published is the code for orders that were captured or expired.
            raise Refusal(409, "order.unpaid" if is_unpaid else "order.cannot-capture")
        if body["amount"] > left and not self.has("capture-unbounded"):
            raise Refusal(409, "payment.excessive-amount")
        payment = self._new_payment(order, body)
        keeps_rest = body.get("cancelRemainder") == "manual" and body["amount"] < left
        self.account.change(order, {} if keeps_rest else {"status": "succeeded"})
        shown = self.account.show(payment)
        if self.has("payment-expanded"):
            shown["order"] = self.account.show(order)
        return shown

    def create_refund(self) -> Doc:
        """Give back all or part of one payment."""
        body = checked("refund", self.body)
        payment = self.find("payment", body["payment"])
        if body["amount"] > payment["amount"] - self.account.total(payment["refunds"]):
            raise Refusal(409 if self.has("refund-409") else 403, "amount.insufficient")
        refund = self.account.add("refund", {**body, "status": "succeeded"})
        payment["refunds"].append(refund["id"])
        self.account.change(payment, {"status": "refunded"})
        self.publish("refund.created", refund)
        return self.account.show(refund)

    # -- tokens and checkout sessions -----------------------------------------------

    def switch_token(self, status: str) -> None:
        """Set the status of a token."""
        token = self.find("token")
        if token["status"] == status:
            raise Refusal(409, "token.unchanged")
        self.account.change(token, {"status": status})
        self.publish(f"token.{'enabled' if status == 'active' else status}", token)

    def create_checkout_session(self) -> Doc:
        """Make a session with an order to authorize or a token to approve."""
        mode = self.body.get("mode")
        body = self.body if mode else checked("order-session", self.body)
        for name in ("customerInfo", "successUrl", "cancelUrl"):
            if name not in body or mode not in {None, "token"}:
                raise invalid(name)
        names = ("cancelUrl", "successUrl", "customerInfo", "locale")
        about = {name: body.get(name) for name in ("reference", "metadata")}
        session = {**about, **{name: body.get(name) for name in names}}
        if mode:
            token = self.account.add(
                "token", {**about, "status": "requires_authorization"}
            )
            self.publish("token.created", token)
            session["token"] = token["id"]
        elif all(item.get("kind") in {"tax", "discount"} for item in body["items"]):
            raise invalid("items")
        else:
            session["order"] = self._new_order(body)["id"]
        doc = self.account.add("checkoutSession", session)
        doc["url"] = f"https://checkout.smartpay.co/{doc['id']}.{base62(64)}"
        return self.account.show(doc, expand=True)

    # -- coupons, promotion codes, webhook endpoints --------------------------------

    def create_coupon(self) -> Doc:
        """Make a coupon."""
        body = checked("coupon", self.body)
        needed: tuple[str, ...] = ("discountPercentage",)
        if body["discountType"] == "amount":
            needed = ("discountAmount", "currency")
        for name in needed:
            if name not in body:
                raise invalid(name)
        coupon = self.account.add("coupon", {**body, "active": True})
        self.publish("coupon.created", coupon)
        return self.account.show(coupon)

    def create_promotion_code(self) -> Doc:
        """Make a promotion code; its code is unique whatever its case."""
        body = checked("promotion-code", self.body)
        self.find("coupon", body["coupon"])
        codes = {doc["code"].casefold() for doc in self.account.of("promotionCode")}
        if body["code"].casefold() in codes:
            raise Refusal(409, "promotion-code.exists")
        flags = {"firstTimeTransaction": False, "onePerCustomer": False}
        code = self.account.add("promotionCode", {"active": True, **flags, **body})
        self.publish("promotion_code.created", code)
        return self.account.show(code)

    def create_webhook_endpoint(self) -> Doc:
        """Make an endpoint; without subscriptions it gets every event."""
        body = checked("webhook-endpoint", self.body)
        secret = {"signingSecret": base62(40)}
        defaults = {"active": True, "eventSubscriptions": []}
        endpoint = self.account.add("webhookEndpoint", {**defaults, **body, **secret})
        return {**self.account.show(endpoint), **secret}

    def delete_webhook_endpoint(self) -> None:
        """Delete an endpoint."""
        del self.account.objects[self.find("webhookEndpoint")["id"]]

    # -- reading and changing -------------------------------------------------------

    def read(self, kind: str) -> Doc:
        """Return one object, or a page of a list."""
        expand = request.args.get("expand") == "all"
        if self.id:
            return self.account.show(self.find(kind), expand=expand)
        token, size = request.args.get("pageToken", ""), DEFAULT_PAGE
        if request.args.get("maxResults", "").isdecimal():
            size = min(max(int(request.args["maxResults"]), 1), LARGEST_PAGE)
        found = re.fullmatch(r"from/(\d+)=", token)
        start, numbers = int(found[1]) if found else 0, self.account.numbers
        docs = [
            doc
            for doc in self.account.of(kind)
            if numbers[doc["id"]] > start and self.server.is_readable(doc)
        ]
        data = [self.account.show(doc, expand=expand) for doc in docs[:size]]
        page: Doc = {"object": "collection", "maxResults": size, "data": data}
        page["results"] = len(data)
        if token:
            page["pageToken"] = token
        if len(docs) > size and not self.has("last-page-endless"):
            page["nextPageToken"] = f"from/{numbers[docs[size - 1]['id']]}="
        return page

    def update(self, kind: str) -> Doc:
        """Apply a PATCH; unknown members are ignored."""
        doc = self.find(kind)
        names = PATCHED[kind] & set(self.body)
        changes = {name: value_of(kind, name, self.body[name]) for name in names}
        self.account.change(doc, changes)
        if kind in {"coupon", "promotionCode"}:
            event = "coupon" if kind == "coupon" else "promotion_code"
            self.publish(f"{event}.updated", doc)
        return self.account.show(doc)

    # -- the consumer's calls -------------------------------------------------------

    def authorize_order(self) -> Doc:
        """Authorize an order as the consumer."""
        order = self.find("order")
        if order["status"] != "requires_authorization":
            raise Refusal(409, "order.ended")
        is_approved = self.body.get("paymentMethod") == "pm_test_visaApproved"
        if is_approved:
            self._authorize(order)
        else:
            self.account.change(order, {"status": "rejected"})
            self.publish("order.rejected", order)
        return {"accepted": is_approved}

    def approve_token(self) -> None:
        """Approve a token as the consumer."""
        token = self.account.objects[self.id]
        if token["status"] == "requires_authorization":
            self.account.change(token, {"status": "active"})
            self.publish("token.approved", token)


Handler = Callable[[Call], Doc | None]


def routes(lists: set[str]) -> Iterator[tuple[str, str, Handler]]:
    """Yield the merchant's calls below some paths: method, path and handler."""
    for method, path, handler in every_route():
        if path.split("/")[1] in lists:
            yield method, path, handler


def every_route() -> Iterator[tuple[str, str, Handler]]:
    """Yield the merchant's calls: method, path and handler."""
    for segment, kind in LISTS.items():
        one = f"/{segment}/<id_>"
        yield "GET", f"/{segment}", partial(Call.read, kind=kind)
        yield "GET", one, partial(Call.read, kind=kind)
        if kind in PATCHED:
            yield "PATCH", one, partial(Call.update, kind=kind)
        if kind != "token":
            create = f"create_{segment[:-1].replace('-', '_')}"
            yield "POST", f"/{segment}", getattr(Call, create)
    yield "PUT", "/orders/<id_>/cancellation", Call.cancel_order
    yield "DELETE", "/webhook-endpoints/<id_>", Call.delete_webhook_endpoint
    for method, path, status in (
        ("PUT", "/tokens/<id_>/enable", "active"),
        ("PUT", "/tokens/<id_>/disable", "disabled"),
        ("DELETE", "/tokens/<id_>", "deleted"),
    ):
        yield method, path, partial(Call.switch_token, status=status)


def create_app(server: Server) -> Flask:
    """Return the server's Flask app."""
    app = Flask("third_party")

    @app.before_request
    def read_body() -> None:
        request.get_data()

    def add(method: str, path: str, answer: Callable[..., Response]) -> None:
        def view(id_: str = "") -> Response:
            with server.lock:
                try:
                    return answer(server, id_)
                except Refusal as refusal:
                    return _refused(server, refusal)

        app.add_url_rule(path, f"{method} {path}", view, methods=[method])

    for method, path, handler in routes(server.lists):
        add(method, f"/v1{path}", partial(_merchant, handler=handler))
    authorize = partial(_consumer, handler=Call.authorize_order, status=202)
    approve = partial(_consumer, handler=Call.approve_token, status=204)
    add("POST", "/orders/<id_>/authorizations", authorize)
    add("PUT", "/tokens/<id_>/approve", approve)
    add("POST", "/consumers/auth/login", _login)
    return app


def _merchant(server: Server, id_: str, handler: Handler) -> Response:
    body = _body() if request.method in {"POST", "PATCH"} else {}
    account = server.account(request.headers.get("Authorization", ""))
    key, path = (
        request.headers.get("Idempotency-Key"),
        f"{request.method} {request.path}",
    )
    if (
        request.method in {"GET", "DELETE"}
        or "idempotency-ignored" in server.deviations
    ):
        key = None
    if key and key in account.answers:
        first_path, doc = account.answers[key]
        if first_path != path:
            raise Refusal(400, "idempotency.other-operation")
        answer = _json(server, 200, doc, sort=False)
        if "replay-unmarked" not in server.deviations:
            answer.headers["idempotency-replay"] = "yes"
        return answer
    doc = _run(Call(server, account, id_, body), handler)
    if key:
        account.answers[key] = (path, doc)
    return _answered(server, doc)


def _run(call: Call, handler: Handler) -> Doc | None:
    doc = handler(call)
    for type_, about in call.events:
        call.server.send(call.account, type_, about)
    return json.loads(json.dumps(doc))  # type: ignore[no-any-return]  # a copy of it


def _answered(server: Server, doc: Doc | None) -> Response:
    if request.method == "DELETE":
        if "delete-200" in server.deviations:
            return _json(server, 200, {"deleted": True})
        return Response(status=204)
    is_odd = request.method == "POST" and "created-201" in server.deviations
    return _json(server, 201 if is_odd else 200, doc)


def _consumer(server: Server, id_: str, handler: Handler, status: int) -> Response:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    is_known = scheme.lower() == "bearer" and token in server.access_tokens
    account = server.holder(id_) if is_known else None
    if account is None:
        raise Refusal(403, "consumer.not-yours")
    body = _body() if request.method == "POST" else {}
    return _json(server, status, _run(Call(server, account, id_, body), handler))


def _login(server: Server, _id: str) -> Response:
    body = _body()
    if (body.get("emailAddress"), body.get("password")) != CONSUMER:
        raise Refusal(403, "consumer.wrong-password")
    token = base62(48)
    server.access_tokens.add(token)
    return _json(server, 201, {"accessToken": token, "kind": "bearer"})


def _body() -> Doc:
    """Return the body, whatever its content type is.

    Raises:
        Refusal: It is not JSON, or not an object.
    """
    try:
        body = without_nulls(json.loads(request.get_data() or b"{}"))
    except (ValueError, RecursionError):
        raise Refusal(400, "request.malformed") from None
    if not isinstance(body, dict):
        raise invalid("the body")
    return body


def _json(
    server: Server, status: int, doc: Doc | None, *, sort: bool = True
) -> Response:
    if doc is None:
        return Response(status=status, content_type="text/plain")
    separators = (", ", ": ") if "json-spaced" in server.deviations else (",", ":")
    text = json.dumps(doc, separators=separators, sort_keys=sort)
    for members in (AS_TEXT[name] for name in AS_TEXT if name in server.deviations):
        text = re.sub(rf'("{members}": ?)(\d+)', r'\1"\2"', text)
    label = "text/plain" if "labelled-text" in server.deviations else "application/json"
    return Response(text, status, content_type=f"{label}; charset=utf-8")


def _refused(server: Server, refusal: Refusal) -> Response:
    doc: Doc = {"statusCode": refusal.status}
    if refusal.status != 401:
        doc |= {"errorCode": refusal.code, "message": refusal.message}
        if "no-details" not in server.deviations:
            doc |= {"details": [{"trace": base62(12)}]}
    return _json(server, refusal.status, doc)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--only-key", action="append", default=[], dest="only_keys")
    parser.add_argument("--only", action="append", choices=LISTS)
    parser.add_argument("--deviation", action="append", default=[], dest="deviations")
    arguments = parser.parse_args()
    server, stop = Server(arguments), threading.Event()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    http_server = make_server("127.0.0.1", 0, create_app(server), threaded=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    threading.Thread(target=http_server.serve_forever, daemon=True).start()
    unfinished = arguments.port_file.with_suffix(".part")
    unfinished.write_text(str(http_server.port), encoding="ascii")
    unfinished.replace(arguments.port_file)
    stop.wait()


if __name__ == "__main__":
    main()
