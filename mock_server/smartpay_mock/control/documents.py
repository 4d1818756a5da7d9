"""Checks of stored documents, for snapshots: schemas, columns and references.

``KINDS`` has an entry for each kind that the emulator stores.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from smartpay_mock.events.faults import DOCUMENT_ID, SCHEMA
from smartpay_mock.events.faults import KIND as FAULTS_KIND
from smartpay_mock.events.outbox import PENDING, STATES
from smartpay_mock.kernel.clock import LAST_MS
from smartpay_mock.resources.context import INDEX_KEYS, index_key_of
from smartpay_mock.resources.views import plain
from smartpay_mock.storage.base import Row
from smartpay_schemas import EVENTS, problems

Document = dict[str, Any]
Ids = Mapping[str, Collection[str]]
"""Kind of document -> the ids of a snapshot."""

LAST_DUE = 2 * LAST_MS
"""What starts by the end of the year 9999 falls due before this time."""
_NATURAL = {"type": "integer", "minimum": 0, "maximum": LAST_DUE}
_TIME_OR_NULL = {**_NATURAL, "type": ["integer", "null"]}
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_FLAG = {"type": "boolean"}
_STATUS = {"type": "integer", "minimum": 100, "maximum": 599}
_OBJECT = {"type": "object"}
_TRIPLE = {"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3}
_PAIR = {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2}


def _schema(*optional: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of an object with these members and others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


@dataclass(frozen=True, slots=True)
class Kind:
    """What a stored document of one kind must be.

    Attributes:
        schema: Of the document with its private members.
        resource: Name of the schema of its public members, or empty.
        parts: Embedded parts, as member and schema.
        due: Returns when a document is due; ``None`` if only the column says so.
        references: Members with ids of other documents, and their kind.
        has_attachment: Whether an attachment is required; otherwise it has none.
    """

    schema: Mapping[str, Any] = field(default_factory=dict)
    resource: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    due: Callable[[Document], int | None] | None = lambda _: None
    references: Mapping[str, str] = field(default_factory=dict)
    has_attachment: bool = False


_CONSUMER = _schema(
    id=_TEXT,
    object={"const": "consumer"},
    emailAddress=_TEXT,
    active=_FLAG,
    decision=_TEXT,
    createdAt=_NATURAL,
    updatedAt=_NATURAL,
)
_DELIVERY = _schema(
    id=_TEXT,
    event=_TEXT,
    type={"enum": list(EVENTS)},
    endpoint=_TEXT,
    url=_TEXT,
    createdAt=_NATURAL,
    state={"enum": list(STATES)},
    reason=_TEXT_OR_NULL,
    nextAttemptAt=_TIME_OR_NULL,
    attempts={"type": "array", "items": _OBJECT},
    _tries=_NATURAL,
    _run=_NATURAL,
    _signedAt=_TIME_OR_NULL,
)
_REQUEST = _schema(
    "result",  # earlier versions wrote none
    result=_TEXT,
    id=_TEXT,
    at=_NATURAL,
    operation=_TEXT,
    method=_TEXT,
    path=_TEXT,
    query={**_OBJECT, "additionalProperties": _TEXT},
    headers={**_OBJECT, "additionalProperties": _TEXT},
    bodyBytes=_NATURAL,
    status=_STATUS,
    replayed=_FLAG,
    trace={"type": "array", "items": _PAIR},
    advice={"type": "array", "items": _OBJECT},
    faults={"type": "array", "items": _TEXT},
)
_KEPT_ANSWER = _schema(fingerprint=_TEXT, status=_STATUS, contentType=_TEXT_OR_NULL)
_NOTES = _schema(createdAt=_NATURAL, notes={"type": "array", "items": _TRIPLE})
_CONSUMER_OF = {"_consumer": "consumer", "_session": "checkout_session"}

KINDS: dict[str, Kind] = {
    "access": Kind(_schema(emailAddress=_TEXT), due=None),
    "account": Kind(),  # Account.from_bytes reads it
    FAULTS_KIND: Kind(SCHEMA),
    "checkout_session": Kind(
        resource="resources/checkout-session",
        references={"order": "order", "token": "token"},
    ),
    "consumer": Kind(_CONSUMER),
    "coupon": Kind(resource="resources/coupon"),
    "delivery": Kind(
        _DELIVERY,
        due=lambda it: it["nextAttemptAt"],
        has_attachment=True,
    ),
    "event": Kind(),
    "idempotency": Kind(_KEPT_ANSWER, due=None, has_attachment=True),
    "line_item": Kind(resource="resources/line-item"),
    "order": Kind(
        _schema(
            *("_consumer", "_session", "tokenId"),
            _isManual=_FLAG,
            _authorized=_NATURAL,
            _captured=_NATURAL,
            _consumer=_TEXT,
            _session=_TEXT,
            tokenId=_TEXT,
        ),
        "resources/order",
        parts={
            "lineItems": "resources/line-item",
            "discounts": "resources/discount",
        },
        references={**_CONSUMER_OF, "tokenId": "token", "payments": "payment"},
    ),
    "payment": Kind(
        _schema(_refunded=_NATURAL, refunds={"type": "array", "items": _TEXT}),
        "resources/payment",
        references={"order": "order", "refunds": "refund", "lineItems": "line_item"},
    ),
    "promotion_code": Kind(
        resource="resources/promotion-code",
        references={"coupon": "coupon"},
    ),
    "redemption": Kind(_OBJECT),
    "refund": Kind(
        resource="resources/refund",
        references={"payment": "payment", "lineItems": "line_item"},
    ),
    "request": Kind(_REQUEST, has_attachment=True),
    "timer": Kind(_OBJECT, due=None),
    "token": Kind(
        _schema(
            *("_consumer", "_session", "_decision"),
            _consumer=_TEXT,
            _session=_TEXT,
            _decision=_TEXT,
        ),
        "resources/token",
        references=_CONSUMER_OF,
    ),
    "webhook_endpoint": Kind(resource="resources/webhook-endpoint"),
}


def problem_of(kind: str, row: Row, body: Any, ids: Ids) -> str:
    """Return what is wrong with a stored document, or an empty string.

    Args:
        kind: A key of ``KINDS``.
        row: The document with its columns.
        body: The JSON value of ``row.body``.
        ids: The ids of all documents, by kind.
    """
    if not isinstance(body, dict):
        return "its body is no object"
    return next(_problems(kind, row, body, ids), "")


def _problems(kind: str, row: Row, body: Document, ids: Ids) -> Iterator[str]:
    """Yield problems; each check relies on those before it."""
    rules = KINDS[kind]
    yield from _shape_problems(kind, rules, body)
    own_id = DOCUMENT_ID if kind == FAULTS_KIND else body.get("id", row.id)
    if kind != "account" and row.id != own_id:
        yield f"its id is not {own_id!r}, as in its body"
    if (row.attachment is not None) != rules.has_attachment:
        yield f"it has {'no' if rules.has_attachment else 'an'} attachment"
    yield from _column_problems(kind, row, body)
    for member, to in rules.references.items():
        named = body.get(member, [])
        for id_ in named if isinstance(named, list) else [named]:
            if id_ not in ids.get(to, ()):
                yield f"{member} names the {to} {id_[:40]!r}, which is not in it"
    if kind == "timer" and row.id not in ids.get("order", ()):
        yield "its order is not in it"


def _shape_problems(kind: str, rules: Kind, body: Document) -> Iterator[str]:
    schemas: list[tuple[Any, Any]] = [(dict(rules.schema), body)]
    for member, schema in rules.parts.items():
        parts: Any = body.get(member)
        if isinstance(parts, list):
            schemas += [(schema, part) for part in parts]
    if kind == "event":
        is_complete = "eventData" in body
        schemas.append(("resources/event" if is_complete else _NOTES, body))
    for schema, value in schemas:
        yield from (item.message for item in problems(schema, value))
    if rules.resource:
        yield from (item.message for item in problems(rules.resource, plain(body)))


def _column_problems(kind: str, row: Row, body: Document) -> Iterator[str]:
    rules = KINDS[kind]
    key = body["endpoint"] if kind == "delivery" else index_key_of(kind, body)
    # Snapshots of an earlier version have owners of more kinds, which have no effect.
    if kind in {"delivery", *INDEX_KEYS} and row.index_key != key:
        yield f"its owner {row.index_key!r} is not {key!r}"
    if rules.due is None and row.due is None:
        yield "it has no due"
    if rules.due is not None and row.due != rules.due(body):
        yield f"its due {row.due} is not {rules.due(body)}"
    if kind == "delivery" and (body["state"] == PENDING) != (row.due is not None):
        yield "only a pending delivery is due"
