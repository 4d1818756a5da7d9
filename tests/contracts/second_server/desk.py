"""From a call to an answer: credentials, routes, idempotency, lists, errors."""

import base64
import binascii
import copy
import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from . import rules
from .checks import without_nulls
from .hooks import Hooks, encoded
from .rules import Desk, Operation
from .state import Account, Doc, Kept, Refusal, World, base62, now_ms

IDEMPOTENCY_WINDOW_MS = 6 * 3_600_000
DEFAULT_PAGE, LARGEST_PAGE = 20, 50
AMOUNTS = {"amount", "discountAmount", "minimumAmount", "feeAmount"}
# The published page is cut off after "Idempotency-R": nobody outside knows the rest.
REPLAY_HEADER = ("idempotency-replay", "yes")
JSON = "application/json; charset=utf-8"

SEGMENTS = {
    "checkout-sessions": "checkoutSession",
    "orders": "order",
    "payments": "payment",
    "refunds": "refund",
    "tokens": "token",
    "coupons": "coupon",
    "promotion-codes": "promotionCode",
    "webhook-endpoints": "webhookEndpoint",
}
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "checkout-sessions"): rules.create_session,
    ("POST", "orders"): rules.create_order,
    ("PUT", "orders/*/cancellation"): rules.cancel_order,
    ("POST", "payments"): rules.create_payment,
    ("PATCH", "payments/*"): rules.patcher("payment", "notes"),
    ("POST", "refunds"): rules.create_refund,
    ("PATCH", "refunds/*"): rules.patcher("refund", "notes"),
    ("PUT", "tokens/*/enable"): rules.token_switch("active", "token.enabled"),
    ("PUT", "tokens/*/disable"): rules.token_switch("disabled", "token.disabled"),
    ("DELETE", "tokens/*"): rules.token_switch("deleted", "token.deleted"),
    ("POST", "coupons"): rules.create_coupon,
    ("PATCH", "coupons/*"): rules.patcher("coupon", "coupon-change", "coupon.updated"),
    ("POST", "promotion-codes"): rules.create_promotion_code,
    ("PATCH", "promotion-codes/*"): rules.patcher(
        "promotionCode", "promotion-code-change", "promotion_code.updated"
    ),
    ("POST", "webhook-endpoints"): rules.create_webhook_endpoint,
    ("PATCH", "webhook-endpoints/*"): rules.patcher(
        "webhookEndpoint", "webhook-change"
    ),
    ("DELETE", "webhook-endpoints/*"): rules.delete_webhook_endpoint,
}
CONSUMER_OPERATIONS: dict[tuple[str, str], tuple[str, Operation, int]] = {
    ("POST", "orders/*/authorizations"): ("order", rules.authorize_order, 202),
    ("PUT", "tokens/*/approve"): ("token", rules.approve_token, 204),
}
ROUTE = re.compile(r"/(?P<segment>[a-z-]+)(?:/(?P<id>[^/]+)(?:/(?P<verb>[a-z]+))?)?")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read to its end. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; no content type when there is no body."""

    status: int
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Nowhere(Exception):  # noqa: N818 - it is an answer of the API, not a fault
    """No operation has this method and path."""


@dataclass(slots=True)
class Counter:
    """Where calls arrive.

    Args:
        world: What is remembered.
        hooks: Where events go.
    """

    world: World
    hooks: Hooks

    def answer(self, call: Call) -> Answer:
        """Answer one call; calls are served one at a time.

        A second call with the same idempotency key thereby waits for the first.
        """
        with self.world.lock:
            try:
                if call.path.startswith("/v1/"):
                    return self._merchant(replace(call, path=call.path[3:]))
                return self._consumer(call)
            except Nowhere:
                return Answer(404, b"nothing here\n", {"content-type": "text/plain"})
            except Refusal as refusal:
                return self._refused(refusal)

    def _refused(self, refusal: Refusal) -> Answer:
        if refusal.status == 401:
            return self._document(401, {"statusCode": 401})
        return self._document(
            refusal.status,
            {
                "statusCode": refusal.status,
                "errorCode": refusal.code,
                "message": refusal.message,
                "details": refusal.details,
                "trace": base62(12),
            },
        )

    def _document(
        self, status: int, doc: Doc | None, *, reverse: bool = True
    ) -> Answer:
        if doc is None:
            return Answer(status)
        if "amount-text" in self.world.breaks:
            doc = _with_text_amounts(doc)
        spaced = "json-spaced" in self.world.breaks
        return Answer(
            status, encoded(doc, spaced=spaced, reverse=reverse), {"content-type": JSON}
        )

    # --- merchant ---------------------------------------------------------------

    def _merchant(self, call: Call) -> Answer:
        body = _parsed(call.raw) if call.method in {"POST", "PATCH"} else {}
        account = self._authenticated(call)
        for order in rules.let_go(account):
            self.hooks.emit(account, "order.canceled", order)
        key = call.headers.get("idempotency-key")
        if not key or call.method not in {"POST", "PUT", "PATCH"}:
            return self._executed(call, account, body)[0]
        first = account.kept.get(key)
        is_fresh = first and now_ms() - first.since_ms < IDEMPOTENCY_WINDOW_MS
        if first and is_fresh and "idempotency-ignored" not in self.world.breaks:
            return self._replayed(first, call)
        since = now_ms()
        answer, doc = self._executed(call, account, body)
        account.kept[key] = Kept(since, call.method, call.path, doc)
        return answer

    def _replayed(self, first: Kept, call: Call) -> Answer:
        if (first.method, first.path) != (call.method, call.path):
            reason = f"This key belongs to {first.method} {first.path}."
            raise Refusal(400, "idempotency.other-operation", reason)
        answer = self._document(200, first.answer, reverse=False)
        if "replay-unmarked" not in self.world.breaks:
            answer.headers.update([REPLAY_HEADER])
        return answer

    def _authenticated(self, call: Call) -> Account:
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"basic", "bearer"}:
            raise Refusal(401, "", "")
        account = self.world.account(value.strip()) or self.world.account(
            _decoded(value)
        )
        if account is None:
            raise Refusal(401, "", "")
        return account

    def _executed(
        self, call: Call, account: Account, body: Doc
    ) -> tuple[Answer, Doc | None]:
        segment, ident, route = _route(call)
        desk = Desk(self.world, self.hooks, account, ident, body)
        if call.method == "GET" and route in {segment, f"{segment}/*"}:
            doc = self._read(desk, SEGMENTS[segment], call.query)
            return self._document(200, doc), doc
        if (call.method, route) not in OPERATIONS:
            raise Nowhere
        kept = copy.deepcopy(desk.perform(OPERATIONS[call.method, route]))
        if call.method == "DELETE":
            return self._deleted(), None
        is_odd = call.method == "POST" and "created-201" in self.world.breaks
        return self._document(201 if is_odd else 200, kept), kept

    def _deleted(self) -> Answer:
        if "delete-200" in self.world.breaks:
            return self._document(200, {"deleted": True})
        return Answer(204)

    def _read(self, desk: Desk, kind: str, query: dict[str, str]) -> Doc:
        expand = query.get("expand") == "all"
        if desk.ident:
            return desk.show(desk.find(kind), expand=expand)
        return self._page(desk, kind, query, expand=expand)

    def _page(
        self, desk: Desk, kind: str, query: dict[str, str], *, expand: bool
    ) -> Doc:
        token, number = query.get("pageToken", ""), query.get("maxResults", "")
        size = int(number) if number.isdecimal() and number.isascii() else DEFAULT_PAGE
        size = min(max(size, 1), LARGEST_PAGE)
        found = re.fullmatch(r"from/(\d+)=", token)
        start = int(found[1]) if found else 0
        place = desk.account.order_of
        docs = [
            doc
            for doc in desk.account.shelves[kind].values()
            if place[doc["id"]] > start and rules.is_readable(doc)
        ]
        page: Doc = {
            "object": "collection",
            "maxResults": size,
            "data": [desk.show(doc, expand=expand) for doc in docs[:size]],
            "livemode": False,
        }
        page["results"] = len(page["data"])
        if token:
            page["pageToken"] = token
        if len(docs) > size and "last-page-endless" not in self.world.breaks:
            page["nextPageToken"] = f"from/{place[docs[size - 1]['id']]}="
        return page

    # --- consumer ---------------------------------------------------------------

    def _consumer(self, call: Call) -> Answer:
        if (call.method, call.path) == ("POST", "/consumers/auth/login"):
            return self._logged_in(_parsed(call.raw))
        _, ident, route = _route(call)
        if (call.method, route) not in CONSUMER_OPERATIONS:
            raise Nowhere
        kind, operation, status = CONSUMER_OPERATIONS[call.method, route]
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        is_known = scheme.lower() == "bearer" and value in self.world.access_tokens
        account = self.world.owner(kind, ident) if is_known else None
        if account is None:
            raise Refusal(403, "consumer.not-yours", "Not one of yours.")
        body = _parsed(call.raw) if call.method == "POST" else {}
        desk = Desk(self.world, self.hooks, account, ident, body)
        return self._document(status, desk.perform(operation))

    def _logged_in(self, body: Doc) -> Answer:
        wanted = {"emailAddress": self.world.email, "password": self.world.password}
        if any(body.get(name) != value for name, value in wanted.items()):
            raise Refusal(403, "consumer.wrong-password", "That is not the password.")
        access_token = base62(48)
        self.world.access_tokens.add(access_token)
        return self._document(201, {"accessToken": access_token, "kind": "bearer"})


def _route(call: Call) -> tuple[str, str, str]:
    """Segment, id and the path with ``*`` in place of the id."""
    found = ROUTE.fullmatch(call.path)
    if found is None or found["segment"] not in SEGMENTS:
        raise Nowhere
    segment, ident, verb = found["segment"], found["id"] or "", found["verb"]
    tail = ("/*" if ident else "") + (f"/{verb}" if verb else "")
    return segment, ident, segment + tail


def _decoded(value: str) -> str:
    """The key in ``base64(key:)``; nothing if it is not that."""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(name)


def _parsed(raw: bytes) -> Doc:
    """The body, whatever its content type says.

    Raises:
        Refusal: ``request.malformed`` if it is not JSON, ``request.invalid`` if it is
            not an object.
    """
    try:
        body = without_nulls(json.loads(raw or b"{}", parse_constant=_not_a_number))
    except (ValueError, RecursionError):
        raise Refusal(400, "request.malformed", "That is no JSON.") from None
    if not isinstance(body, dict):
        raise Refusal(400, "request.invalid", "Send an object.", {"where": "/"})
    return body


def _with_text_amounts(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_text_amounts(entry) for entry in value]
    if isinstance(value, dict):
        return {
            name: str(member) if name in AMOUNTS else _with_text_amounts(member)
            for name, member in value.items()
        }
    return value
