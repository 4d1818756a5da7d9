"""What the server remembers: accounts, their objects, and how objects are shown."""

import re
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

Doc = dict[str, Any]

BASE62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
DAY_MS = 86_400_000
HOLD_MS = 7 * DAY_MS
SECRET_KEY = re.compile(r"sk_test_[0-9A-Za-z]+")

PREFIXES = {
    "checkoutSession": "checkout",
    "order": "order",
    "payment": "payment",
    "refund": "refund",
    "token": "paytok",
    "coupon": "coupon",
    "promotionCode": "promotioncode",
    "webhookEndpoint": "webhookendpoint",
    "event": "evt",
    "lineItem": "li",
    "price": "price",
    "product": "product",
}

# Which members are ids when plain and objects when expanded. A payment's order and a
# refund's payment are not here: they stay ids.
REFERENCES = {
    "checkoutSession": {"order": "order", "token": "token"},
    "order": {"lineItems": "lineItem", "payments": "payment"},
    "payment": {"lineItems": "lineItem"},
    "refund": {"lineItems": "lineItem"},
    "lineItem": {"price": "price"},
    "price": {"product": "product"},
}

BREAKS = {
    "created-201": "creations answer 201 instead of 200",
    "no-token-id": "orders made from a token lack tokenId",
    "automatic-stays-open": "an automatic order answers requires_capture, no payment",
    "delete-200": "DELETE answers 200 with a body instead of an empty 204",
    "idempotency-ignored": "a repeated Idempotency-Key executes again",
    "replay-unmarked": "a replayed answer has no Idempotency-R... header",
    "capture-unbounded": "captures may exceed what is left on the order",
    "refund-409": "a refund over the rest answers 409 instead of 403",
    "webhook-signed-wrong": "deliveries are signed with the undecoded secret",
    "webhook-never-sent": "no event is ever delivered",
    "other-accounts-visible": "objects of one key can be read with another",
    "cancel-once": "cancelling a canceled order answers 409 instead of 200",
    "deleted-token-stays": "a deleted token can still be read",
    "json-spaced": "JSON has a space after each colon",
    "payment-expanded": "a capture answers with its order as an object",
    "amount-text": "amounts are answered as text",
    "last-page-endless": "lists never offer a next page",
}


class Refusal(Exception):  # noqa: N818 - it is an answer of the API, not a fault
    """The API says no.

    Args:
        status: HTTP status.
        code: The ``errorCode`` of the answer.
        message: Text for people.
        *details: Members of the answer's ``details``; objects, as nothing is published.
    """

    def __init__(self, status: int, code: str, message: str, *details: Doc) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.details = list(details)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def base62(length: int) -> str:
    """Random text that never starts with ``A``, the digit zero of the alphabet."""
    first = secrets.choice(BASE62[1:])
    return first + "".join(secrets.choice(BASE62) for _ in range(length - 1))


@dataclass(slots=True)
class Kept:
    """The first answer to an idempotency key; ``since_ms`` is its first receipt."""

    since_ms: int
    method: str
    path: str
    answer: Doc | None


@dataclass(slots=True)
class Account:
    """Everything that belongs to one secret key, oldest object first."""

    shelves: dict[str, dict[str, Doc]] = field(
        default_factory=lambda: {kind: {} for kind in PREFIXES}
    )
    order_of: dict[str, int] = field(default_factory=dict)
    kept: dict[str, Kept] = field(default_factory=dict)

    def add(self, kind: str, members: Doc, *, ident: str | None = None) -> Doc:
        """Make an object of a kind; members that are ``None`` are left out."""
        made = now_ms()
        doc: Doc = {
            "id": ident or f"{PREFIXES[kind]}_test_{base62(21)}",
            "object": kind,
            "createdAt": made,
            "updatedAt": made,
            "test": True,
            "metadata": {},
        }
        doc |= {name: value for name, value in members.items() if value is not None}
        self.shelves[kind][doc["id"]] = doc
        self.order_of[doc["id"]] = len(self.order_of) + 1
        return doc

    def change(self, doc: Doc, changes: Doc) -> Doc:
        """Apply a PATCH: metadata is replaced, but an empty one changes nothing."""
        known = {name: value for name, value in changes.items() if value != {}}
        doc.update(known)
        doc["updatedAt"] = now_ms()
        return doc

    def show(self, doc: Doc, *, expand: bool = False) -> Doc:
        """An object as the API answers it, with members nobody announced."""
        shown = dict(doc)
        if expand:
            for name, kind in REFERENCES.get(doc["object"], {}).items():
                if name in shown:
                    shown[name] = self._resolve(kind, shown[name])
        shown.pop("signingSecret", None)  # told once, when the endpoint is made
        shown["livemode"] = False
        shown["_links"] = {"self": {"href": f"urn:second:{doc['id']}"}}
        return shown

    def _resolve(self, kind: str, reference: Any) -> Any:
        shelf = self.shelves[kind]
        if isinstance(reference, list):
            return [self.show(shelf[i], expand=True) for i in reference if i in shelf]
        return self.show(shelf[reference], expand=True)


@dataclass(slots=True)
class World:
    """All accounts of one running server, behind one lock.

    Args:
        token: Id of the active token each new account gets.
        email: The consumer who can log in.
        password: The consumer's password.
        only_keys: Secret keys that exist; empty means every well-formed one.
        breaks: Names out of ``BREAKS``.
    """

    token: str
    email: str
    password: str
    only_keys: frozenset[str] = frozenset()
    breaks: frozenset[str] = frozenset()
    lock: threading.RLock = field(default_factory=threading.RLock)
    accounts: dict[str, Account] = field(default_factory=dict)
    access_tokens: set[str] = field(default_factory=set)

    def account(self, key: str) -> Account | None:
        """The account of a secret key, made on first use; ``None`` if it is wrong."""
        if not SECRET_KEY.fullmatch(key) or (
            self.only_keys and key not in self.only_keys
        ):
            return None
        if key not in self.accounts:
            self.accounts[key] = Account()
            self.accounts[key].add("token", {"status": "active"}, ident=self.token)
        return self.accounts[key]

    def owner(self, kind: str, ident: str) -> Account | None:
        """The account that holds an object: the consumer side knows no key."""
        holders = (a for a in self.accounts.values() if ident in a.shelves[kind])
        return next(holders, None)
