"""Fault plans and gates of an account."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.application import Application, save_account
from smartpay_mock.api.holds import Hold
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.faults import Fault, check_fault, to_document


def add_fault(engine: Application, account_id: str, /, **plan: Any) -> dict[str, Any]:
    """Add a fault plan: operation, kind, when, times, after, and the kind's options.

    Raises:
        SandboxUsageError: The plan cannot be.
    """
    with engine.opened(account_id) as (unit, account):
        ids = account.ids()
        fault = check_fault(ids.new("fault"), **plan)
        account.faults.append(fault)
        account.has_changed = True
        save_account(unit, account, ids)
        return to_document(fault)


def list_faults(engine: Application, account_id: str) -> list[dict[str, Any]]:
    """Return the account's fault plans with how often each was met."""
    with engine.opened(account_id) as (_unit, account):
        return [to_document(fault) for fault in account.faults]


def unmet_faults(engine: Application, account_id: str) -> list[Fault]:
    """Return the plans that were met less often than they ask for."""
    with engine.opened(account_id) as (_unit, account):
        return [fault for fault in account.faults if fault.met < max(1, fault.times)]


def remove_fault(engine: Application, account_id: str, id_: str) -> None:
    """Remove a fault plan.

    Raises:
        NotFoundError: There is none with this id.
    """
    with engine.opened(account_id) as (unit, account):
        kept = [fault for fault in account.faults if fault.id != id_]
        if len(kept) == len(account.faults):
            raise NotFoundError.among("fault", id_, [f.id for f in account.faults])
        account.faults = kept
        unit.put("account", account.id, account.to_bytes())


def clear_faults(engine: Application, account_id: str) -> None:
    """Remove every fault plan of the account."""
    with engine.opened(account_id) as (unit, account):
        account.faults = []
        unit.put("account", account.id, account.to_bytes())


def add_hold(
    engine: Application, account_id: str, *, operation: str, at: str = "before_commit"
) -> Hold:
    """Hold calls of an operation at a point until the gate is released.

    Raises:
        SandboxUsageError: An unknown operation or moment, or a server that could not
            take the call that releases the gate.
    """
    if engine.settings.server == "granian":
        raise SandboxUsageError(
            "A process of granian answers one call at a time, so a held one would hold "
            "up the call that lets it go. Serve with --server threads for holds; a "
            "second one may share this --state."
        )
    with engine.opened(account_id) as (unit, account):
        ids = account.ids()
        id_ = ids.new("hold")
        save_account(unit, account, ids)
    return engine.holds.add(account_id, id_=id_, operation=operation, at=at)


def find_hold(engine: Application, account_id: str, id_: str) -> Hold:
    """Return a gate by its id.

    Raises:
        NotFoundError: There is none.
    """
    gates = engine.holds.of(account_id)
    for gate in gates:
        if gate.id == id_:
            return gate
    raise NotFoundError.among("hold", id_, [gate.id for gate in gates])
