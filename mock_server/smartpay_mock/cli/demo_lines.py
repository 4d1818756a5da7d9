"""The lines of ``demo``: what is sent, and what is promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from smartpay_fixtures import SAMPLES, sandbox_values


@dataclass(frozen=True, slots=True)
class Line:
    """One call of the demo.

    Attributes:
        what: What is sent, in words.
        changes: Members of the guide's payload that are replaced; ``None`` removes.
        key: Idempotency key; empty sends none.
        status: The HTTP status promised.
        order_status: The order status promised, or the error code.
        check: Further promises; returns what is broken, or nothing.
    """

    what: str
    status: int
    order_status: str
    changes: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    check: Callable[[Seen, list[Seen]], str] = lambda _seen, _before: ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back for a line.

    Attributes:
        status: The HTTP status.
        headers: Of the answer, names in lower case.
        text: The body as it came.
        body: The body's JSON value.
        why: What decided, as the emulator explains it; of a refusal, each problem.
        advice: What of the payload was odd.
    """

    status: int
    headers: dict[str, str]
    text: str
    body: dict[str, Any]
    why: list[str]
    advice: list[str]

    @property
    def order_status(self) -> str:
        """The order's status, or the error code."""
        return str(self.body.get("status") or self.body.get("errorCode") or "")


def guide_payload(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of the guide's curl command, with ``changes`` made to it."""
    payload = {**SAMPLES["guide/curl"].payload, **changes}
    return {name: value for name, value in payload.items() if value is not None}


def _is_replay(seen: Seen, before: list[Seen]) -> str:
    if seen.headers.get("idempotency-replayed") != "true":
        return "the answer is not marked as replayed"
    return "" if seen.text == before[-1].text else "the answer is not the first one"


def _names_every_problem(seen: Seen, _before: list[Seen]) -> str:
    details = " ".join(map(str, seen.body.get("details", [])))
    missing = [name for name in _BROKEN if name not in details]
    return f"no word about {', '.join(missing)}" if missing else ""


_TOKENS = {name: token.id for name, token in sandbox_values().tokens.items()}
_BROKEN: dict[str, Any] = {
    "amount": -5,
    "currency": "USD",
    "items": [],
    "shippingInfo": None,
}

LINES = (
    Line("the guide's curl", 200, "succeeded"),
    Line("manual capture", 200, "requires_capture", {"captureMethod": "manual"}),
    Line("a token that declines", 200, "rejected", {"token": _TOKENS["declined"]}),
    Line("a disabled token", 200, "rejected", {"token": _TOKENS["disabled"]}),
    Line(
        "an inactive consumer",
        200,
        "rejected",
        {"token": _TOKENS["consumer_inactive"]},
    ),
    Line("idempotency key demo-1", 200, "succeeded", key="demo-1"),
    Line("demo-1, same body", 200, "succeeded", key="demo-1", check=_is_replay),
    Line(
        "demo-1, another body",
        409,
        "idempotency.key-reused",
        {"amount": 1600},
        key="demo-1",
    ),
    Line(
        "a broken payload",
        400,
        "request.invalid",
        _BROKEN,
        check=_names_every_problem,
    ),
)
