"""Twins that charge twice, or give one caller the answer of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from smartpay_mock.api.idempotency import HEADER, REPLAYED
from smartpay_mock.kernel.clock import DAY_MS, HOUR_MS
from smartpay_mock.kernel.codec import decode, encode, encode_sorted
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources import Context
from smartpay_mock.twins.catalogue.service import refusing
from smartpay_mock.twins.keys import (
    AnyBody,
    AnyPath,
    Shared,
    Sliding,
    StatusOnly,
    Successes,
    Tamed,
    Unmarked,
    forgetting_when_lost,
    racing,
    remembering_failures,
)
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    answered,
    handled,
    keyed,
    operated,
    ruled,
)
from smartpay_schemas import OPERATIONS, Operation

_FOREVER_MS = 10 * 365 * DAY_MS
_UUID_LENGTH = 36


def _by_method(*methods: str) -> list[str]:
    return [row.id for row in OPERATIONS.values() if row.method in methods]


def _merging(
    honest: Callable[..., Any], ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Take the same body for the same order."""
    name = encode_sorted(body).hex()
    known = ctx.unit.get("merged", name)
    if known is not None:
        return ctx.find("order", decode(known))
    order = honest(ctx, params, body)
    ctx.unit.put("merged", name, encode(order["id"]))
    return order


def _is_no_uuid(_operation: Operation, call: Call) -> bool:
    return len(call.headers.get(HEADER, "-" * _UUID_LENGTH)) != _UUID_LENGTH


def _marked(_operation: Operation, _call: Call, answer: Answer) -> Answer:
    return replace(answer, headers={REPLAYED: "false", **answer.headers})


MUTANTS = in_area(
    "idempotency",
    Row(
        "keys-ignored",
        "The consumer pays twice when the answer is lost.",
        (
            "idempotency.replay-post",
            "idempotency.replay-put",
            "idempotency.replay-patch",
            "idempotency.recognisable",
            "idempotency.concurrent",
            "idempotency.key-shapes",
            "idempotency.window-from-first",
        ),
        operated(OPERATIONS, idempotent=False),
    ),
    Row(
        "keys-ignored-on-put",
        "A repeated cancellation is refused where it should be confirmed.",
        ("idempotency.replay-put",),
        operated(_by_method("PUT"), idempotent=False),
    ),
    Row(
        "keys-ignored-on-patch",
        "A repeated update overwrites what somebody changed meanwhile.",
        ("idempotency.replay-patch",),
        operated(_by_method("PATCH"), idempotent=False),
    ),
    Row(
        "keys-ignored-on-refunds",
        "The merchant gives the money back twice when the answer is lost.",
        ("idempotency.replay-post", "idempotency.recognisable"),
        operated(["create_refund"], idempotent=False),
    ),
    Row(
        "keys-race",
        "Two workers that take the same job charge the consumer twice.",
        ("idempotency.concurrent", "idempotency.concurrent-waits"),
        racing(),
    ),
    Row(
        "keys-kept-for-ever",
        "A key that is used again next year gets last year's order.",
        ("idempotency.window", "idempotency.window-from-first"),
        ruled(idempotency_window_ms=_FOREVER_MS),
    ),
    Row(
        "keys-kept-five-hours",
        "A job that retries after five and a half hours charges again.",
        ("idempotency.window",),
        ruled(idempotency_window_ms=5 * HOUR_MS),
    ),
    Row(
        "keys-kept-from-last-use",
        "A key that is polled with never becomes free again.",
        ("idempotency.window-from-first",),
        keyed(Sliding),
    ),
    Row(
        "replays-not-marked",
        "A client counts a replay as another sale.",
        ("idempotency.recognisable", "idempotency.replay-header"),
        keyed(Unmarked),
    ),
    Row(
        "first-answers-marked",
        "A client takes a first answer for a replay, and does not ship.",
        ("idempotency.recognisable",),
        answered(_marked),
    ),
    Row(
        "replays-without-body",
        "The retry is told that all is well, but not the id of the order.",
        (
            "idempotency.replay-post",
            "idempotency.replay-patch",
            "idempotency.same-bytes",
        ),
        keyed(StatusOnly),
    ),
    Row(
        "replayed-for-another-body",
        "A second, different order gets the first one's answer, and is never made.",
        ("idempotency.key-reused",),
        keyed(AnyBody),
    ),
    Row(
        "replayed-across-paths",
        "A capture with the order's key is answered with the order, and never made.",
        ("idempotency.scope-path",),
        keyed(AnyPath),
    ),
    Row(
        "replayed-across-accounts",
        "One merchant gets the answer that another one was given.",
        ("idempotency.scope-account",),
        keyed(Shared),
    ),
    Row(
        "refusals-forgotten",
        "A retry of a refused call goes through, to a client that gave up on it.",
        ("idempotency.refusals-stored",),
        keyed(Successes),
    ),
    Row(
        "outages-remembered",
        "After one hiccup every retry fails for six hours.",
        ("idempotency.server-errors-not-stored",),
        remembering_failures(),
    ),
    Row(
        "second-charge-after-a-lost-answer",
        "The order was made, its answer got lost, and the retry makes another one.",
        ("idempotency.lost-answer",),
        forgetting_when_lost(),
    ),
    Row(
        "any-text-is-a-key",
        "Two keys that differ after 255 characters are the same key.",
        ("idempotency.key-bounds",),
        keyed(Tamed),
    ),
    Row(
        "key-demanded",
        "A client that sends no key cannot charge.",
        ("idempotency.optional", "orders.create.every-request-charges"),
        refusing(
            lambda operation, call: (
                operation.id == "create_order" and HEADER not in call.headers
            ),
            ApiError("idempotency.key-invalid"),
        ),
    ),
    Row(
        "only-uuids-are-keys",
        "Clients of four SDKs cannot make their calls safe.",
        ("idempotency.key-shapes",),
        refusing(_is_no_uuid, ApiError("idempotency.key-invalid")),
    ),
    Row(
        "same-body-is-same-order",
        "Two consumers who buy the same thing are charged once.",
        ("orders.create.every-request-charges", "idempotency.one-order-per-key"),
        handled(_merging, "create_order"),
    ),
    Row(
        "gets-replayed",
        "A client polls an order and sees for hours what it was at first.",
        ("idempotency.get-ignored",),
        operated(_by_method("GET"), idempotent=True),
    ),
    Row(
        "key-on-a-delete-refused",
        "An SDK that sends a key with every call cannot delete.",
        ("idempotency.delete-ignored",),
        refusing(
            lambda operation, call: (
                operation.method == "DELETE" and HEADER in call.headers
            ),
            ApiError("idempotency.key-invalid"),
        ),
    ),
)
