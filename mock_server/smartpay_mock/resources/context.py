"""The context that every handler gets, and helpers that build documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from smartpay_mock.events.outbox import record
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources.views import in_event
from smartpay_mock.storage.base import Unit
from smartpay_schemas import ERRORS, Transition, schema

Document = dict[str, Any]
Handler = Callable[["Context", dict[str, str], Document], Document | None]

NEW = "new"
"""The status, in ``lifecycles.json``, of a document without one."""

MOST_PAIRS = 20
"""Pairs that metadata may have; the schema says so of a body, this of a merge."""

NOT_FOUND = {
    code.partition(".")[0].replace("-", "_"): code
    for code in ERRORS
    if code.endswith((".not-found", ".notfound"))
}
"""Kind of document -> the code that says that there is none."""

LISTED = {"active", "disabled"}
"""Lists show tokens in these states only (docs:/docs/token-management)."""

INDEX_KEYS: dict[str, Callable[[Document], str | None]] = {
    "consumer": lambda it: it["emailAddress"].casefold(),
    "order": lambda it: it.get("_consumer"),
    "promotion_code": lambda it: it["code"].casefold(),
    "token": lambda it: "listed" if it["status"] in LISTED else None,
}
"""Kind of document -> the key that finds a document, besides its id."""


@dataclass(slots=True)
class Context:
    """What a handler needs of one call.

    Attributes:
        unit: Writes go through it and are committed or rolled back together.
        account: The account's state; saved when the unit ends, if it has changed.
        now: The account's time, in milliseconds since the epoch.
        ids: Source of new ids.
        rules: Tables and windows.
        settings: Options of the emulator.
        base_url: For links in answers; scheme and authority, no slash at the end.
        actor: E-mail address of the consumer who acts; empty for a merchant.
        trace: The rules that decided something, and what each found.
        advice: Oddities that were tolerated.
        has_deliveries: Whether a webhook endpoint gets an event of this call.
        is_refused_by_setting: Whether another setting would accept the call.
        saved: The documents that this call has saved, by id.
        outcome: The planned outcome of the charge; empty if the test values decide.
        is_outcome_used: Whether the planned outcome has decided.
    """

    unit: Unit
    account: Account
    now: int
    ids: Ids
    rules: Rules
    settings: Settings
    base_url: str = ""
    actor: str = ""
    trace: list[tuple[str, str]] = field(default_factory=list)
    advice: list[dict[str, str]] = field(default_factory=list)
    has_deliveries: bool = False
    is_refused_by_setting: bool = False
    saved: dict[str, Document] = field(default_factory=dict)
    outcome: str = ""
    is_outcome_used: bool = False

    def save_account(self) -> None:
        """Save the account if it was changed or ids were drawn from its seed."""
        account = self.account
        if account.has_changed or self.ids.drawn != account.drawn:
            account.drawn = self.ids.drawn
            self.unit.put("account", account.id, account.to_bytes())

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

    def get_readonly(self, kind: str, id_: str) -> Document:
        """Return the stored document, which the caller must not change.

        Raises:
            ApiError: As for ``find``.
        """
        return self.saved.get(id_) or self.find(kind, id_)

    def save(self, document: Document) -> None:
        """Save ``document`` and set its time of change."""
        kind, id_ = kind_of(document["object"]), document["id"]
        document["updatedAt"] = self.now
        self.saved[id_] = document
        self.unit.put(
            kind, id_, encode(document), index_key=index_key_of(kind, document)
        )

    def step(self, resource: str, document: Document, action: str) -> Transition:
        """Move ``document`` through its lifecycle and return the transition taken.

        Args:
            resource: ``order``, ``token``, ``payment`` or ``refund``.
            document: Its ``status`` is changed in place; without one it is new.
            action: An action of the resource's table in ``lifecycles.json``.

        Raises:
            ApiError: The table has no row for this status and action; the code is the
                lifecycle's refusal of that action.
        """
        lifecycle = self.rules.lifecycles[resource]
        status = document.get("status", NEW)
        transition = lifecycle.find(status, action)
        if transition is None:
            self.explain("lifecycle", f"{resource} {status} has no {action}")
            code = lifecycle.refusals[action]
            if code is None:
                raise LookupError(f"{resource}: no {action} in the status {status}")
            raise ApiError(code, id=document["id"], status=status)
        document["status"] = after = transition.to_state
        self.explain("lifecycle", f"{resource} {status} -{action}-> {after}")
        return transition

    def publish_step(self, transition: Transition, **subjects: Document) -> None:
        """Publish the events of a transition; ``subjects`` are the objects by name."""
        self.publish(
            [(type_, subjects[type_.partition(".")[0]]) for type_ in transition.events]
        )

    def publish(self, events: list[tuple[str, Document]]) -> None:
        """Write events to the outbox, in this unit.

        Args:
            events: Type and object of each event of one change.
        """
        has_deliveries = record(
            self.unit, events, now=self.now, new_id=self.ids.new, render=in_event
        )
        self.has_deliveries = self.has_deliveries or has_deliveries


@cache
def kind_of(object_: str) -> str:
    """Return the kind of a document by its member ``object``: ``promotion_code``."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", object_)


def index_key_of(kind: str, document: Document) -> str | None:
    """Return the key of ``INDEX_KEYS`` that finds a document, if there is one."""
    key = INDEX_KEYS.get(kind)
    return None if key is None else key(document)


def invalid(*problems: str) -> ApiError:
    """Return the refusal that lists ``problems``."""
    summary = problems[0] if len(problems) == 1 else f"{len(problems)} problems"
    return ApiError("request.invalid", details=list(problems), summary=summary)


def all_of(*reads: Callable[[], Any]) -> list[Any]:
    """Return what each of ``reads`` returns.

    Raises:
        ApiError: ``request.invalid`` with what all of them found wrong.
    """
    values, found = [], []
    for read in reads:
        try:
            values.append(read())
        except ApiError as error:
            if not error.details:  # it refuses for another reason
                raise
            found += error.details
    if found:
        raise invalid(*map(str, found))
    return values


def retriever(kind: str) -> Handler:
    """Return the handler that retrieves a document of ``kind``."""

    def retrieve(ctx: Context, params: dict[str, str], _body: Document) -> Document:
        """Retrieve a document by its id.

        Raises:
            ApiError: The kind's not-found code.

        Source: ``operations.json``, row by row.
        """
        return ctx.find(kind, params["id"])

    return retrieve


def updater(kind: str, *members: str, event: str = "") -> Handler:
    """Return the handler that changes a document of ``kind``.

    Args:
        kind: Which documents.
        members: What may be changed, besides metadata.
        event: Type of the event of a change; empty for none.
    """

    def update(ctx: Context, params: dict[str, str], body: Document) -> Document:
        """Change a document; what the body does not name stays.

        Raises:
            ApiError: The kind's not-found code.

        Source: docs-ja:/reference/update-coupon, update-payment, update-refund,
        update-webhook-endpoint; SDK go:api.go; Node live suite (``{}`` changes
        nothing). That metadata merges is *assumed*.
        """
        document = ctx.find(kind, params["id"])
        if patched(document, body, *members):
            ctx.save(document)
            ctx.publish([(event, document)] if event else [])
        return document

    return update


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

    Faster than ``copied``, for documents that every charge creates.
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
