"""The objects of one account on the third-party server."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

from tests.contracts.third_party_rules import Doc

BASE62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
TOKEN = "paytok_test_ThirdParty000000000001"

PREFIXES = {
    "checkoutSession": "checkout",
    "token": "paytok",
    "promotionCode": "promotioncode",
    "webhookEndpoint": "webhookendpoint",
    "event": "evt",
    "lineItem": "li",
}
REFERENCES = {"order", "token", "lineItems", "payments", "price", "product"}
KEPT_AS_IDS = {("payment", "order"), ("refund", "payment")}


def now_ms() -> int:
    """Return the time in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def base62(length: int) -> str:
    """Return random text that does not begin with A, the digit zero."""
    tail = (secrets.choice(BASE62) for _ in range(length - 1))
    return secrets.choice(BASE62[1:]) + "".join(tail)


class Account:
    """The objects of one secret key, oldest first."""

    def __init__(self) -> None:
        self.objects: dict[str, Doc] = {}
        self.numbers: dict[str, int] = {}
        self.answers: dict[str, tuple[str, Doc | None]] = {}
        self.add("token", {"id": TOKEN, "status": "active"})

    def add(self, kind: str, members: Doc) -> Doc:
        """Make an object; members that are ``None`` are left out."""
        doc: Doc = {
            "id": f"{PREFIXES.get(kind, kind)}_test_{base62(21)}",
            "object": kind,
            "createdAt": now_ms(),
            "updatedAt": now_ms(),
            "test": True,
            "metadata": {},
        }
        doc |= {name: value for name, value in members.items() if value is not None}
        self.objects[doc["id"]] = doc
        self.numbers[doc["id"]] = len(self.numbers) + 1
        return doc

    def change(self, doc: Doc, changes: Doc) -> None:
        """Apply changes; an empty object changes nothing."""
        doc |= {name: value for name, value in changes.items() if value != {}}
        doc["updatedAt"] = now_ms()

    def of(self, kind: str) -> Iterator[Doc]:
        """Yield the objects of one kind."""
        return (doc for doc in self.objects.values() if doc["object"] == kind)

    def total(self, ids: list[str]) -> int:
        """Return the sum of the amounts of payments or refunds."""
        return sum(self.objects[id_]["amount"] for id_ in ids)

    def show(self, doc: Doc, *, expand: bool = False) -> Doc:
        """Return an object as the API answers it, with two undocumented members."""
        links = {"self": {"href": f"urn:third-party:{doc['id']}"}}
        shown = {**doc, "livemode": False, "_links": links}
        shown.pop("signingSecret", None)  # only the creation's answer has it
        for name in REFERENCES & set(doc) if expand else ():
            if (doc["object"], name) not in KEPT_AS_IDS:
                shown[name] = self._resolved(doc[name])
        return shown

    def _resolved(self, reference: Any) -> Any:
        if isinstance(reference, list):
            return [self._resolved(id_) for id_ in reference if id_ in self.objects]
        return self.show(self.objects[reference], expand=True)
