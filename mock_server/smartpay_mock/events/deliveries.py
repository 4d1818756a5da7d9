"""Delivery documents: one per event and webhook endpoint that gets it.

The body stands beside the document, as the bytes that are sent, so every attempt
sends the same ones. Members that begin with ``_`` are the deliverer's own.
"""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.storage.base import Row, Unit

KIND = "delivery"

PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"
BLOCKED = "blocked"
DROPPED = "dropped"

# state -> what it means
STATES = {
    PENDING: "will be attempted at nextAttemptAt",
    DELIVERED: "the receiver answered 200",
    FAILED: "every attempt of the schedule was made, none was answered with 200",
    BLOCKED: "nothing was sent, because of where it would have gone; see reason",
    DROPPED: "nothing more is sent: the endpoint was deleted or is not active",
}

_EVERY = 1_000_000_000


def new_delivery(
    *, delivery_id: str, event: dict[str, Any], endpoint: dict[str, Any], now: int
) -> dict[str, Any]:
    """Return the document of a delivery that is due now.

    Args:
        delivery_id: Its id.
        event: The event as it is sent.
        endpoint: The webhook endpoint that gets it.
        now: Milliseconds since the epoch.
    """
    return {
        "id": delivery_id,
        "event": event["id"],
        "type": event["eventData"]["type"],
        "endpoint": endpoint["id"],
        "url": endpoint["url"],
        "createdAt": now,
        "state": PENDING,
        "reason": None,
        "nextAttemptAt": now,
        "attempts": [],
        "_tries": 0,
        "_run": 0,
        "_signedAt": None,
    }


def save_delivery(unit: Unit, document: dict[str, Any], body: bytes) -> None:
    """Keep a delivery with its body, and have it found when it is due."""
    unit.put(
        KIND,
        document["id"],
        encode(document),
        index_key=document["endpoint"],
        due=document["nextAttemptAt"],
        attachment=body,
    )


def view_delivery(row: Row) -> dict[str, Any]:
    """Return a delivery as the control plane shows it, with its body as text."""
    shown = {
        name: value
        for name, value in decode(row.body).items()
        if not name.startswith("_")
    }
    shown["body"] = (row.attachment or b"").decode("utf-8")
    return shown


def find_delivery(unit: Unit, delivery_id: str) -> Row:
    """Return the stored delivery.

    Raises:
        NotFoundError: The account has no delivery of this id.
    """
    row = unit.row(KIND, delivery_id)
    if row is None:
        raise NotFoundError(
            f"This account has no webhook delivery {delivery_id!r}; "
            "list its deliveries to see their ids."
        )
    return row


def list_deliveries(
    unit: Unit,
    *,
    state: str | None = None,
    endpoint: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[Row]:
    """Return deliveries, newest first.

    Args:
        unit: A unit of the account.
        state: Only those in this state, a key of ``STATES``.
        endpoint: Only those to this webhook endpoint.
        limit: How many at most.
        before: Only those older than the row with this ``seq``.

    Raises:
        NotFoundError: There is no such state.
    """
    if state is not None and state not in STATES:
        raise NotFoundError.among("state of a delivery", state, list(STATES))
    found: list[Row] = []
    while len(found) < limit:
        rows = unit.page(KIND, limit=limit, before=before, index_key=endpoint)
        found += [row for row in rows if state in (None, decode(row.body)["state"])]
        if len(rows) < limit:
            break
        before = rows[-1].seq
    return found[:limit]


def replay_delivery(unit: Unit, delivery_id: str, *, now: int) -> dict[str, Any]:
    """Have a delivery attempted again from the start of the schedule, due now.

    Its earlier attempts stay on record. Whatever its state was, it is pending.

    Raises:
        NotFoundError: The account has no delivery of this id.
    """
    row = find_delivery(unit, delivery_id)
    document = decode(row.body)
    document.update(state=PENDING, reason=None, nextAttemptAt=now)
    document.update(_tries=0, _run=document["_run"] + 1, _signedAt=None)
    save_delivery(unit, document, row.attachment or b"")
    return view_delivery(find_delivery(unit, delivery_id))


def replay_deliveries(
    unit: Unit, *, now: int, state: str | None = None
) -> list[dict[str, Any]]:
    """Have every delivery attempted again, or those in one state; oldest first.

    Raises:
        NotFoundError: There is no such state.
        SandboxUsageError: The account has no such delivery, so nothing would happen.
    """
    rows = list_deliveries(unit, state=state, limit=_EVERY)
    if not rows:
        which = f"{state} webhook delivery" if state else "webhook delivery"
        raise SandboxUsageError(
            f"This account has no {which} to replay; create a webhook endpoint, and "
            "then something that it is told about."
        )
    return [replay_delivery(unit, row.id, now=now) for row in reversed(rows)]
