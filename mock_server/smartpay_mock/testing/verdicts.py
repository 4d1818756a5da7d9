"""What fails a test that its own assertions let pass."""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Callable, Collection, Iterable

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.advice import advice_in
from smartpay_mock.testing.display import side_by_side
from smartpay_mock.testing.explaining import WIDTH, overview
from smartpay_mock.testing.faults import Fault
from smartpay_mock.testing.journal import RecordedRequest
from smartpay_mock.testing.oracle import Violation
from smartpay_mock.testing.smartpay import Smartpay

DEFAULT = ("unmatched-fault",)


def judge(smartpay: Smartpay, fail_on: Collection[str]) -> list[str]:
    """Return why the test is to fail, one text per reason; empty when it may pass.

    Errors in the emulator's threads and in handlers of webhooks always count.

    Args:
        smartpay: What the test used.
        fail_on: Which of ``KINDS`` count too.
    """
    reasons = thread_errors(smartpay)
    for kind, find in KINDS.items():
        if kind in fail_on:
            reasons += find(smartpay)
    return reasons


def thread_errors(smartpay: Smartpay) -> list[str]:
    """Return what went wrong in threads since the last time, one text per error."""
    return [_thread_failed(error) for error in smartpay.failures()]


def waiting(fault: Fault) -> str:
    """Return a fault that was met less often than planned, and how often it was."""
    times = f"{fault.met} of {fault.times} times" if fault.times else "by no request"
    return f"{fault.describe()}\n  met {times}"


def check_kinds(names: Iterable[str], *, origin: str) -> frozenset[str]:
    """Return the verdicts named, ``none`` being nothing.

    Raises:
        SandboxUsageError: A name is no verdict.
    """
    chosen = frozenset(names) - {"none"}
    unknown = sorted(chosen - KINDS.keys())
    if unknown:
        raise SandboxUsageError(
            f"{origin}: {', '.join(unknown)} is unknown; use none, or some of "
            f"{', '.join(KINDS)}."
        )
    return chosen


def describe_violation(violation: Violation) -> str:
    """Return a violation with its requests side by side, within 80 columns."""
    lines = textwrap.wrap(f"{violation.kind}: {violation.message}.", WIDTH)
    if violation.orders:
        lines.append(side_by_side(_rows(violation)))
    if violation.kind == "double-charge":
        lines += textwrap.wrap(_remedy(violation), WIDTH)
    return "\n".join(lines)


def _rows(violation: Violation) -> list[tuple[str, list[str]]]:
    orders, requests = violation.orders, violation.requests
    start = min(order["createdAt"] for order in orders)
    asked: dict[str, Callable[[RecordedRequest], str]] = {
        "request": lambda request: f"{request.method} {request.path}",
        "id": lambda request: request.id,
        "key": lambda request: request.idempotency_key or "none",
        "answer": lambda request: str(request.status),
        "fault": lambda request: "; ".join(request.faults) or "none",
    }
    rows = [
        (label, ["?" if item is None else show(item) for item in requests])
        for label, show in asked.items()
    ]
    rows += [
        ("at", [f"+{order['createdAt'] - start:,} ms" for order in orders]),
        ("order", [order["id"] for order in orders]),
        ("status", [order["status"] for order in orders]),
        ("amount", [f"{o['amount']:,} {o['currency']}" for o in orders]),
        ("cart", [str(order.get("reference", "none")) for order in orders]),
    ]
    return rows


def _remedy(violation: Violation) -> str:
    keys = [request and request.idempotency_key for request in violation.requests]
    if None in keys:
        return (
            "Send an Idempotency-Key with each charge, and the same one when you try "
            "again."
        )
    return "When a charge is tried again, send the Idempotency-Key of the first try."


def _unmatched_faults(smartpay: Smartpay) -> list[str]:
    unmet = smartpay.faults.unmet()
    if not unmet:
        return []
    requests = smartpay.requests
    return [_never_met(fault, requests) for fault in unmet]


def _never_met(fault: Fault, requests: list[RecordedRequest]) -> str:
    came = sum(fault.operation in {"*", item.operation} for item in requests)
    passed = f", of which the first {fault.after} pass" if fault.after else ""
    lines = [
        f"unmatched-fault: {waiting(fault)}; requests of that operation: "
        f"{came}{passed}.",
        *textwrap.indent(overview(requests), "  ").splitlines(),
    ]
    return "\n".join(lines)


def _double_charges(smartpay: Smartpay) -> list[str]:
    return [describe_violation(violation) for violation in smartpay.violations()]


def _advice(smartpay: Smartpay) -> list[str]:
    return [
        textwrap.fill(f"advice: {message}", WIDTH, break_on_hyphens=False)
        for message in advice_in(smartpay.requests)
    ]


def _thread_failed(error: BaseException) -> str:
    shown = "".join(traceback.format_exception(error)).rstrip()
    return f"error in a thread of the emulator or of a receiver:\n{shown}"


# verdict -> finds its reasons
KINDS: dict[str, Callable[[Smartpay], list[str]]] = {
    "double-charge": _double_charges,
    "unmatched-fault": _unmatched_faults,
    "advice": _advice,
}
