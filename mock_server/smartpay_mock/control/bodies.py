"""JSON Schemas of what the control plane takes."""

from __future__ import annotations

from typing import Any

from smartpay_mock.control.persons import DECISIONS
from smartpay_mock.events.adversary import OPTIONS
from smartpay_mock.kernel.faults import KINDS, WHENS
from smartpay_schemas import LIFECYCLES


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


_WHOLE = {"type": "integer", "minimum": 0}
_AMOUNT_OF_TIME = {"type": "number", "minimum": 0}

CLOCK = _object(
    freeze={"type": "boolean", "description": "Stand still (true) or run on (false)."},
    at={**_WHOLE, "description": "Where to freeze, milliseconds since the epoch."},
    advance=_object(
        days=_AMOUNT_OF_TIME,
        hours=_AMOUNT_OF_TIME,
        minutes=_AMOUNT_OF_TIME,
        seconds=_AMOUNT_OF_TIME,
        milliseconds=_AMOUNT_OF_TIME,
    ),
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
SNAPSHOT = {"type": "object", "description": "As GET /__admin/snapshots gave it."}
SEED = {**_object(seed={"type": "integer"}), "required": ["seed"]}
DRAIN = _object(until={**_WHOLE, "description": "Milliseconds since the epoch."})
ADVERSARY = {
    "type": "object",
    "description": "; ".join(
        f"{name}: {row.expected}" for name, row in OPTIONS.items()
    ),
}
