"""An account's webhooks: deliveries, draining, replaying, misbehaving."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.events.faults import (
    parse_faults,
    read_faults,
    save_faults,
)
from smartpay_mock.events.outbox import (
    KEPT,
    find_delivery,
    list_deliveries,
    read_events,
    summarize_event,
    view_delivery,
)
from smartpay_mock.events.outbox import KIND as EVENT_KIND


def show_deliveries(
    engine: Application,
    account_id: str,
    *,
    state: str | None = None,
    endpoint: str | None = None,
) -> list[dict[str, Any]]:
    """Return the account's deliveries with their attempts, oldest first.

    Raises:
        NotFoundError: There is no such state.
    """
    with engine.opened(account_id) as (unit, _account):
        rows = list_deliveries(unit, state=state, endpoint=endpoint, limit=10_000)
        return [view_delivery(row) for row in reversed(rows)]


def show_delivery(engine: Application, account_id: str, id_: str) -> dict[str, Any]:
    """Return one delivery with its attempts.

    Raises:
        NotFoundError: There is none.
    """
    with engine.opened(account_id) as (unit, _account):
        return view_delivery(find_delivery(unit, id_))


def show_events(engine: Application, account_id: str) -> list[dict[str, Any]]:
    """Return the account's events, oldest first: id, type, createdAt, objectId."""
    with engine.opened(account_id) as (unit, _account):
        rows = unit.page(EVENT_KIND, limit=KEPT)
    return [
        summarize_event(event)
        for row in reversed(rows)
        for event in read_events(row.body)
    ]


def drain(
    engine: Application, account_id: str, *, until: int | None = None
) -> list[dict[str, Any]]:
    """Deliver all that is due now, without sleeping, and return what came of it.

    Args:
        engine: The emulator.
        account_id: Whose webhooks.
        until: Also what falls due until then, in milliseconds since the epoch.
    """
    with engine.opened(account_id):
        pass  # what time alone changes happens first
    return engine.deliverer.drain(account_id, until=until)


def set_adversary(
    engine: Application, account_id: str, /, **options: Any
) -> dict[str, Any]:
    """Let the account's webhooks misbehave; no options let them behave again.

    Raises:
        NotFoundError: An option is unknown.
        SandboxUsageError: The value of an option cannot be used.
    """
    adversary = parse_faults(options)
    with engine.opened(account_id) as (unit, _account):
        save_faults(unit, adversary)
    return asdict(adversary)


def show_adversary(engine: Application, account_id: str) -> dict[str, Any]:
    """Return how the account's webhooks misbehave."""
    with engine.opened(account_id) as (unit, _account):
        return asdict(read_faults(unit))
