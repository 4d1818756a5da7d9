"""What each route of the control plane does: one short function each."""

from __future__ import annotations

from typing import Any

from smartpay_fixtures import sandbox_values_document
from smartpay_mock.api.auth import ACCOUNT_HEADER
from smartpay_mock.control import (
    clocks,
    fault_plans,
    holdings,
    journals,
    persons,
    scenarios,
    snapshots,
    webhooks,
)
from smartpay_mock.control.routes import Request
from smartpay_mock.kernel.clock import AccountClock, duration_ms
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import to_document

_MOST = 100_000  # a minute and more in milliseconds, more than any journal keeps


def change_clock(request: Request) -> Any:
    """Set, freeze, run on or advance the account's clock, in this order."""
    body = request.body

    def change(clock: AccountClock) -> AccountClock:
        if body.get("freeze") or "at" in body:
            clock = clock.frozen(body.get("at"))
        if body.get("freeze") is False:
            clock = clock.running()
        return clock.advanced(duration_ms(**body.get("advance", {})))

    return clocks.change_clock(request.engine, request.account, change)


def read_clock(request: Request) -> Any:
    """Return the account's time."""
    return clocks.read_clock(request.engine, request.account)


def reset(request: Request) -> None:
    """Forget everything of the account."""
    snapshots.reset(request.engine, request.account)


def list_tokens(request: Request) -> Any:
    """Return every token, whatever its status."""
    return persons.list_documents(request.engine, request.account, "token")


def change_token(request: Request) -> Any:
    """Set a token's status or decision."""
    return persons.change_token(
        request.engine, request.account, request.params["id"], **request.body
    )


def get_token(request: Request) -> Any:
    """Return a token, whatever its status."""
    return persons.get_document(
        request.engine, request.account, "token", request.params["id"]
    )


def list_consumers(request: Request) -> Any:
    """Return every consumer."""
    return persons.list_documents(request.engine, request.account, "consumer")


def get_consumer(request: Request) -> Any:
    """Return a consumer."""
    return persons.get_document(
        request.engine, request.account, "consumer", request.params["id"]
    )


def change_consumer(request: Request) -> Any:
    """Set whether a consumer is active, or what authorizing it decides."""
    return persons.change_consumer(
        request.engine, request.account, request.params["id"], **request.body
    )


def list_orders(request: Request) -> Any:
    """Return every order, oldest first, expanded."""
    return holdings.list_held(request.engine, request.account, "order")


def list_payments(request: Request) -> Any:
    """Return every payment, oldest first."""
    return holdings.list_held(request.engine, request.account, "payment")


def list_refunds(request: Request) -> Any:
    """Return every refund, oldest first."""
    return holdings.list_held(request.engine, request.account, "refund")


def list_requests(request: Request) -> Any:
    """Return the journal, oldest first."""
    return journals.list_requests(
        request.engine,
        request.account,
        operation=request.query.get("operation"),
        limit=_count(request, "limit", "1000"),
    )


def get_request(request: Request) -> Any:
    """Return one exchange and why it was answered as it was."""
    return journals.get_request(request.engine, request.account, request.params["id"])


def clear_requests(request: Request) -> None:
    """Forget the journal."""
    journals.clear_requests(request.engine, request.account)


def add_fault(request: Request) -> Any:
    """Add a fault plan."""
    return fault_plans.add_fault(request.engine, request.account, **request.body)


def list_faults(request: Request) -> Any:
    """Return the fault plans and how often each was met."""
    return fault_plans.list_faults(request.engine, request.account)


def remove_fault(request: Request) -> None:
    """Remove one fault plan."""
    fault_plans.remove_fault(request.engine, request.account, request.params["id"])


def clear_faults(request: Request) -> None:
    """Remove every fault plan."""
    fault_plans.clear_faults(request.engine, request.account)


def unmet_faults(request: Request) -> Any:
    """Return the plans that were met less often than they ask for."""
    unmet = fault_plans.unmet_faults(request.engine, request.account)
    return [to_document(fault) for fault in unmet]


def add_hold(request: Request) -> Any:
    """Hold calls of an operation."""
    gate = fault_plans.add_hold(request.engine, request.account, **request.body)
    return {"id": gate.id, "waiting": gate.waiting}


def get_hold(request: Request) -> Any:
    """Return how many calls a gate holds, once it holds as many as asked for."""
    gate = fault_plans.find_hold(request.engine, request.account, request.params["id"])
    if "calls" in request.query:
        timeout_ms = _count(request, "timeoutMs", "10000")
        gate.wait_for(_count(request, "calls", "1"), timeout_s=timeout_ms / 1000)
    return {"id": gate.id, "waiting": gate.waiting, "passed": gate.passed}


def release_hold(request: Request) -> None:
    """Release a gate."""
    gate = fault_plans.find_hold(request.engine, request.account, request.params["id"])
    request.engine.holds.remove(request.account, gate)


def take_snapshot(request: Request) -> Any:
    """Return everything of the account."""
    return snapshots.take_snapshot(request.engine, request.account)


def restore_snapshot(request: Request) -> None:
    """Replace everything of the account."""
    snapshots.restore_snapshot(request.engine, request.account, request.body)


def show_magic(_request: Request) -> Any:
    """Return the catalogue of values that make outcomes happen."""
    return sandbox_values_document()


def set_seed(request: Request) -> Any:
    """Make the account's ids repeatable from now on.

    How many were drawn before goes on counting: else the same seed, set twice, would
    give two objects one id.
    """
    with request.engine.opened(request.account) as (unit, account):
        account.seed = request.body["seed"]
        unit.put("account", account.id, account.to_bytes())
    return {"seed": request.body["seed"]}


def show_state(request: Request) -> Any:
    """Return how many documents of each kind the account holds."""
    with request.engine.opened(request.account) as (unit, account):
        counts = {kind: unit.count(kind) for kind in sorted(unit.kinds())}
        return {"account": decode(account.to_bytes()), "counts": counts}


def list_deliveries(request: Request) -> Any:
    """Return deliveries with their attempts, oldest first."""
    return webhooks.show_deliveries(
        request.engine,
        request.account,
        state=request.query.get("state"),
        endpoint=request.query.get("endpoint"),
    )


def get_delivery(request: Request) -> Any:
    """Return one delivery."""
    return webhooks.show_delivery(request.engine, request.account, request.params["id"])


def list_events(request: Request) -> Any:
    """Return events, oldest first."""
    return webhooks.show_events(request.engine, request.account)


def drain_webhooks(request: Request) -> Any:
    """Deliver all that is due now."""
    return webhooks.drain(
        request.engine, request.account, until=request.body.get("until")
    )


def replay_delivery(request: Request) -> Any:
    """Have one delivery attempted again."""
    shown = request.engine.deliverer.replay(request.account, request.params["id"])
    request.engine.wake(request.account)
    return shown


def replay_deliveries(request: Request) -> Any:
    """Have every delivery attempted again, or those in one state."""
    shown = request.engine.deliverer.replay_all(
        request.account, state=request.query.get("state")
    )
    request.engine.wake(request.account)
    return shown


def get_adversary(request: Request) -> Any:
    """Return how webhooks misbehave."""
    return webhooks.show_adversary(request.engine, request.account)


def set_adversary(request: Request) -> Any:
    """Let webhooks misbehave."""
    return webhooks.set_adversary(request.engine, request.account, **request.body)


def _count(request: Request, name: str, default: str) -> int:
    """Return a count from the query: a whole number up to ``_MOST``."""
    text = request.query.get(name) or default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST))):
        raise SandboxUsageError(
            f"{name}: {text[:40]!r} is no count; send a whole number below {_MOST}0."
        )
    return int(text)


def list_scenarios(_request: Request) -> Any:
    """Return the names of the scenarios there are."""
    return scenarios.list_scenarios()


def play_scenario(request: Request) -> Any:
    """Bring the account into a scenario's world."""
    headers = request.call.headers
    header = headers.get(ACCOUNT_HEADER) or headers["authorization"]
    key = header.rpartition(" ")[2]
    return scenarios.play_scenario(
        request.engine, request.account, key, request.params["id"]
    )
