"""An account's fault plans and holds."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.holds import Hold
from smartpay_mock.control.routes import COUNT, Request, Routes, json_object
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.faults import (
    ALL_KINDS,
    MATCHING,
    OPTIONS,
    WHENS,
    check_fault,
    check_server,
    to_document,
)
from smartpay_schemas import OPERATIONS

routes = Routes()

_COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000_000}
_FAULT = {
    "type": "object",
    "properties": {
        "operation": {"type": "string"},
        "kind": {"enum": sorted(ALL_KINDS)},
        "when": {"enum": list(WHENS)},
        "times": _COUNT,
        "after": _COUNT,
        "matching": {
            "type": "object",
            "maxProperties": 20,
            "description": f"Values by {', '.join(MATCHING)} or JSON pointer.",
        },
        **OPTIONS,
    },
    "required": ["operation", "kind"],
    "description": "The members after matching are options of the kind.",
}
_HOLD = json_object(
    "operation", operation={"enum": ["*", *OPERATIONS]}, at={"enum": list(WHENS)}
)


@routes.add("GET", "/faults")
def list_faults(request: Request) -> Any:
    """List fault plans and how often each was met."""
    with request.opened() as ctx:
        return [to_document(fault) for fault in ctx.account.faults]


@routes.add("POST", "/faults", body=_FAULT)
def add_fault(request: Request) -> Any:
    """Add a fault plan."""
    with request.opened() as ctx:
        fault = check_fault(ctx.ids.new("fault"), **request.body)
        check_server(fault, breaks_connections=request.call.breaks_connections)
        ctx.account.change(faults=[*ctx.account.faults, fault])
        return to_document(fault)


@routes.add("GET", "/faults/unmet")
def list_unmet_faults(request: Request) -> Any:
    """List fault plans that were met less often than planned."""
    with request.opened() as ctx:
        return [
            to_document(fault)
            for fault in ctx.account.faults
            if fault.met < max(1, fault.times)
        ]


@routes.add("DELETE", "/faults")
def remove_faults(request: Request) -> None:
    """Remove every fault plan."""
    with request.opened() as ctx:
        ctx.account.change(faults=[])


@routes.add("DELETE", "/faults/{id}")
def remove_fault(request: Request) -> None:
    """Remove a fault plan."""
    with request.opened() as ctx:
        known = [fault.id for fault in ctx.account.faults]
        if request.id not in known:
            raise NotFoundError.among("fault", request.id, known)
        kept = [fault for fault in ctx.account.faults if fault.id != request.id]
        ctx.account.change(faults=kept)


@routes.add("POST", "/holds", body=_HOLD)
def add_hold(request: Request) -> Any:
    """Hold the calls of an operation."""
    if request.application.settings.workers > 1:
        raise SandboxUsageError(
            "A hold stops only calls of the process that has it, and calls reach any "
            "of the --workers. Serve with --workers 1 to use holds; a second server "
            "may share this --state."
        )
    with request.opened() as ctx:
        id_ = ctx.ids.new("hold")
    at = request.body.get("at", "before_commit")
    hold = Hold(id_, request.body["operation"], at)
    request.application.holds.add(request.account, hold)
    return {"id": hold.id, "waiting": hold.waiting}


@routes.add("GET", "/holds/{id}", query={"calls": COUNT, "timeoutMs": COUNT})
def show_hold(request: Request) -> Any:
    """Show how many calls a hold has stopped; with `calls`, wait for that many."""
    hold = _find_hold(request)
    if "calls" in request.query:
        timeout_s = request.query.get("timeoutMs", 10_000) / 1000
        hold.wait_for(request.query["calls"], timeout_s=timeout_s)
    return {"id": hold.id, "waiting": hold.waiting, "passed": hold.passed}


@routes.add("DELETE", "/holds/{id}")
def release_hold(request: Request) -> None:
    """Release the held calls and remove the hold."""
    request.application.holds.remove(request.account, _find_hold(request))


def _find_hold(request: Request) -> Hold:
    holds = request.application.holds.of(request.account)
    for hold in holds:
        if hold.id == request.id:
            return hold
    raise NotFoundError.among("hold", request.id, [hold.id for hold in holds])
