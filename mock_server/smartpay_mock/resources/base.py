"""What every handler gets: the unit of work, the time, ids, tables, and a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from smartpay_mock.events.outbox import record_all
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.lifecycle import step
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources.checks import invalid
from smartpay_mock.resources.views import plain
from smartpay_mock.storage.base import Unit
from smartpay_schemas import Transition, schema

Document = dict[str, Any]
Handler = Callable[["Context", dict[str, str], Document], Document | None]

MOST_PAIRS = 20
"""Pairs that metadata may have; the schema says so of a body, this of a merge."""

NOT_FOUND = {
    "order": "order.not-found",
    "payment": "payment.not-found",
    "refund": "refund.not-found",
    "token": "token.not-found",
    "checkout_session": "checkout-session.not-found",
    "coupon": "coupon.not-found",
    "promotion_code": "promotion-code.not-found",
    "webhook_endpoint": "webhook-endpoint.notfound",
}


@dataclass(slots=True)
class Context:
    """One call as the rules see it.

    Attributes:
        unit: Everything written goes through it, and is kept or dropped as one.
        now: The account's time, in milliseconds since the epoch.
        ids: Source of new ids.
        rules: Tables and windows.
        settings: How this emulator behaves.
        base_url: For links in answers; scheme and authority, no slash at the end.
        actor: E-mail address of the consumer who acts; empty for a merchant.
        trace: Why the answer is as it is: each rule that decided something, and what
            it found.
        advice: Oddities that were tolerated.
        has_post: Whether a webhook endpoint gets an event of this call.
        saved: What this call has saved, by id.
    """

    unit: Unit
    now: int
    ids: Ids
    rules: Rules
    settings: Settings
    base_url: str = ""
    actor: str = ""
    trace: list[tuple[str, str]] = field(default_factory=list)
    advice: list[dict[str, str]] = field(default_factory=list)
    has_post: bool = False
    saved: dict[str, Document] = field(default_factory=dict)

    def explain(self, rule: str, found: str) -> None:
        """Note that ``rule`` decided something, and what it found."""
        self.trace.append((rule, found))

    def advise(self, code: str, pointer: str, message: str) -> None:
        """Note an oddity of the request that is tolerated."""
        self.advice.append({"code": code, "pointer": pointer, "message": message})

    def load(self, kind: str, id_: str) -> Document | None:
        """Return the stored document, or ``None``."""
        body = self.unit.get(kind, id_)
        return None if body is None else decode(body)

    def find(self, kind: str, id_: str) -> Document:
        """Return the stored document.

        Raises:
            ApiError: There is none; the code is the kind's own not-found.
        """
        document = self.load(kind, id_)
        if document is None:
            raise ApiError(NOT_FOUND[kind], id=id_)
        return document

    def glance(self, kind: str, id_: str) -> Document:
        """Return the stored document to look at; nobody may change it.

        Raises:
            ApiError: As for ``find``.
        """
        return self.saved.get(id_) or self.find(kind, id_)

    def save(self, kind: str, document: Document, *, owner: str | None = None) -> None:
        """Keep ``document``, changed now."""
        document["updatedAt"] = self.now
        self.saved[document["id"]] = document
        self.unit.put(kind, document["id"], encode(document), index_key=owner)

    def step(self, resource: str, document: Document, action: str) -> Transition:
        """Move ``document`` through its lifecycle.

        Raises:
            ApiError: The lifecycle refuses ``action`` in the document's status.
        """
        before = document.get("status", "new")
        try:
            transition = step(self.rules.lifecycles, resource, document, action)
        except ApiError:
            self.explain("lifecycle", f"{resource} {before} has no {action}")
            raise
        self.explain(
            "lifecycle", f"{resource} {before} -{action}-> {transition.to_state}"
        )
        return transition

    def keep_order(self, order: Document) -> None:
        """Keep an order; once it was authorized, its consumer's id finds it."""
        self.save("order", order, owner=order.get("_consumer"))

    def announce(self, transition: Transition, **subjects: Document) -> None:
        """Write the transition's events; ``subjects`` are the objects concerned."""
        self.tell(
            [(type_, subjects[type_.partition(".")[0]]) for type_ in transition.events]
        )

    def emit(self, event_type: str, document: Document) -> None:
        """Write one event about ``document`` to the outbox, in this unit."""
        self._record([(event_type, document)])

    def tell(self, events: list[tuple[str, Document]]) -> None:
        """Write the events of one change: type and object concerned of each."""
        self._record(events)

    def _record(self, events: list[tuple[str, Document]]) -> None:
        is_post = record_all(
            self.unit, events, now=self.now, new_id=self.ids.new, render=plain
        )
        self.has_post = self.has_post or is_post


def created(ctx: Context, kind: str, object_: str) -> Document:
    """Return the head of a new document: id, object, times."""
    return {
        "id": ctx.ids.new(kind),
        "object": object_,
        "createdAt": ctx.now,
        "updatedAt": ctx.now,
        "test": True,
    }


def copied(source: Document, *members: str) -> Document:
    """Return those of ``members`` that ``source`` has."""
    return {member: source[member] for member in members if member in source}


def copy_to(document: Document, source: Document, *members: str) -> None:
    """Add those of ``members`` that ``source`` has to ``document``.

    The way for what every charge makes: no dictionary is made to be copied.
    """
    for member in members:
        if member in source:
            document[member] = source[member]


@cache
def members_of(name: str) -> tuple[str, ...]:
    """Return the members that a schema knows, such as ``common/address``."""
    return tuple(schema(name)["properties"])


def patched(document: Document, body: Document, *members: str) -> bool:
    """Change a document in place; return whether anything of it is different now.

    Args:
        document: As stored.
        body: What it does not name stays.
        members: What may be changed, besides metadata.

    Raises:
        ApiError: ``request.invalid`` for more metadata than an object may have.
    """
    before = encode(document)
    document.update(copied(body, *members))
    _merge_metadata(document, body)
    return encode(document) != before


def _merge_metadata(document: Document, body: Document) -> None:
    """Merge the body's metadata into the document's, in place.

    ``{}`` changes nothing. Source: *assumed*; the Ruby SDK sends ``{}`` on every
    PATCH, so replacing would wipe data.

    Raises:
        ApiError: ``request.invalid`` for more pairs than an object may have.
    """
    merged = {**document.get("metadata", {}), **body.get("metadata", {})}
    if len(merged) > MOST_PAIRS:
        raise invalid(
            f"metadata: {len(merged)} pairs after the merge are more than the "
            f"{MOST_PAIRS} an object may have; send fewer new names"
        )
    document["metadata"] = merged
