"""JSON Schemas of what the control plane takes."""

from __future__ import annotations

from typing import Any

from smartpay_mock.control.persons import DECISIONS
from smartpay_mock.events.faults import OPTIONS
from smartpay_mock.kernel.clock import LAST_MS
from smartpay_mock.kernel.faults import KINDS, WHENS
from smartpay_schemas import LIFECYCLES


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


_WHOLE = {"type": "integer", "minimum": 0, "maximum": 1_000_000_000}
_MOMENT = {"type": "integer", "minimum": 0, "maximum": LAST_MS}
_AMOUNT_OF_TIME = {"type": "number", "minimum": 0, "maximum": LAST_MS}

CLOCK = _object(
    freeze={"type": "boolean", "description": "Stand still (true) or run on (false)."},
    at={
        **_MOMENT,
        "description": "What it shows, milliseconds since the epoch; it stands still "
        "there unless freeze is false.",
    },
    advance={
        **_object(
            days=_AMOUNT_OF_TIME,
            hours=_AMOUNT_OF_TIME,
            minutes=_AMOUNT_OF_TIME,
            seconds=_AMOUNT_OF_TIME,
            milliseconds=_AMOUNT_OF_TIME,
        ),
        "x-expected": 'an object such as {"days": 7}',
    },
)
TOKEN = _object(
    status={"enum": list(LIFECYCLES["token"].states)},
    decision={"enum": list(DECISIONS)},
)
CONSUMER = _object(active={"type": "boolean"}, decision={"enum": list(DECISIONS)})
FAULT = {
    "type": "object",
    "properties": {
        "operation": {"type": "string"},
        "kind": {"enum": sorted(KINDS)},
        "when": {"enum": list(WHENS)},
        "times": _WHOLE,
        "after": _WHOLE,
    },
    "required": ["operation", "kind"],
    "description": "Further members are the options of the kind.",
}
HOLD = {
    **_object(operation={"type": "string"}, at={"enum": list(WHENS)}),
    "required": ["operation"],
}
_ROW = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "minLength": 1},
        "seq": {"type": "integer", "minimum": 1, "maximum": (1 << 40) - 1},
        "id": {"type": "string", "minLength": 1},
        "owner": {"type": ["string", "null"]},
        "due": {"anyOf": [_MOMENT, {"type": "null"}]},
        "body": {"type": ["object", "array"]},
        "attachment": {"type": "string"},
    },
    "required": ["kind", "seq", "id", "owner", "due", "body"],
    "additionalProperties": False,
}
_LONG = {"type": "integer", "minimum": -(1 << 63), "maximum": (1 << 63) - 1}
ACCOUNT = {
    "type": "object",
    "properties": {
        "createdAt": _MOMENT,
        "offsetMs": _LONG,
        "frozenAtMs": {"anyOf": [_MOMENT, {"type": "null"}]},
        "seed": {"anyOf": [_LONG, {"type": "null"}]},
        "drawn": {"type": "integer", "minimum": 0, "maximum": LAST_MS},
        "faults": {
            "type": "array",
            "items": {"type": "object", "required": ["id", "seen", "met"]},
        },
    },
    "required": ["createdAt", "offsetMs", "frozenAtMs", "seed", "drawn", "faults"],
}
SNAPSHOT = {
    "type": "object",
    "properties": {
        "version": {"type": "integer"},
        "documents": {"type": "array", "items": _ROW},
    },
    "required": ["version", "documents"],
    "description": "As GET /__admin/snapshots gave it.",
}
DRAIN = _object(until={**_MOMENT, "description": "Milliseconds since the epoch."})
SEED = {**_object(seed=_LONG), "required": ["seed"]}
ADVERSARY = {
    "type": "object",
    "description": "; ".join(
        f"{name}: {row.expected}" for name, row in OPTIONS.items()
    ),
}
