"""Checks after a test that passed: unmatched faults, double charges, advice."""

from __future__ import annotations

import textwrap
import traceback
import warnings
from collections.abc import Callable, Collection, Iterable
from typing import Any

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import REFUSED
from smartpay_mock.testing.faults import Fault
from smartpay_mock.testing.invariants import Violation
from smartpay_mock.testing.journal import RecordedRequest, overview
from smartpay_mock.testing.smartpay import Smartpay
from smartpay_mock.testing.text import fill, side_by_side

_CHARGING = {"create_order", "authorize_order"}
_TWICE = 2


class SmartpayAdviceWarning(UserWarning):
    """The emulator tolerated a request that has a problem."""


def run_checks(smartpay: Smartpay, fail_on: Collection[str]) -> list[str]:
    """Return the reasons to fail a test, one text per reason.

    Errors in the emulator's threads and in webhook handlers always count.

    Args:
        smartpay: The account of the test.
        fail_on: The names in ``CHECKS`` that count too.
    """
    reasons = thread_errors(smartpay)
    for name, check in CHECKS.items():
        if name in fail_on:
            reasons += check(smartpay)
    return reasons


def thread_errors(smartpay: Smartpay) -> list[str]:
    """Return the errors in threads since the last call, one text per error."""
    return [
        "error in a thread of the emulator or of a receiver:\n"
        + "".join(traceback.format_exception(error)).rstrip()
        for error in smartpay.failures()
    ]


def check_names(names: Iterable[str], *, origin: str) -> frozenset[str]:
    """Return the checks named; ``none`` names no check.

    Raises:
        SandboxUsageError: There is no such check.
    """
    chosen = frozenset(names) - {"none"}
    unknown = sorted(chosen - CHECKS.keys())
    if unknown:
        raise SandboxUsageError(
            f"{origin}: unknown check {', '.join(unknown)}. Use none, or some of "
            f"{', '.join(CHECKS)}."
        )
    return chosen


def advice_in(requests: Iterable[RecordedRequest]) -> list[str]:
    """Return the advice on accepted requests, each once, with its operation."""
    found = {
        f"{request.operation}: {advice.message}": None
        for request in requests
        if request.status < REFUSED
        for advice in request.advice
    }
    return list(found)


class AdviceWarnings:
    """The warnings about advice on the requests of one test.

    They are issued before the response is sent, so that ``pytest.warns`` in the test
    sees them. Those that could not be issued then follow after the test: if warnings
    are errors, or if the emulator runs in another process.

    Args:
        item: The test.
        account: Its account.
    """

    def __init__(self, item: pytest.Item, account: Smartpay) -> None:
        self._item = item
        self._account = account
        self._issued: set[str] = set()
        # Python keeps here which warnings were issued since the filters changed.
        self._registry: dict[Any, Any] = {}

    def warn_of(self, request_id: str) -> None:
        """Warn of the advice on one request."""
        requests = [one for one in self._account.requests if one.id == request_id]
        self._warn(advice_in(requests))

    def warn_of_the_rest(self) -> None:
        """Warn of the advice that no warning was issued for.

        Raises:
            SmartpayAdviceWarning: There is some, and warnings are errors.
        """
        found = advice_in(self._account.requests)
        self._warn([message for message in found if message not in self._issued])

    def _warn(self, messages: Iterable[str]) -> None:
        for message in messages:
            path, line = self._item.reportinfo()[:2]
            place = str(path), (line or 0) + 1
            warnings.warn_explicit(
                message, SmartpayAdviceWarning, *place, registry=self._registry
            )
            self._issued.add(message)


def double_charges_in_code(smartpay: Smartpay) -> list[str]:
    """Return the double charges by the code under test, one text each.

    Orders that the fixture itself created, as set-up, don't count.
    """
    charges = [item for item in smartpay.requests if item.operation in _CHARGING]
    if len(charges) < _TWICE:  # as in most tests: nothing more to read
        return []
    return [
        describe_violation(violation)
        for violation in smartpay.violations()
        if not any(item and item.is_from_test for item in violation.requests)
    ]


def describe_unmatched(fault: Fault) -> str:
    """Return a fault in words, and how many requests got it."""
    times = f"{fault.met} of {fault.times} times" if fault.times else "0 times"
    return f"{fault.describe()}\n  applied {times}"


def describe_violation(violation: Violation) -> str:
    """Return a violation with its requests side by side, within 80 columns."""
    lines = [fill(f"{violation.kind}: {violation.message}.")]
    if violation.orders:
        lines.append(side_by_side(_rows(violation)))
    if violation.kind == "double-charge":
        lines.append(fill(_remedy(violation)))
    return "\n".join(lines)


def _rows(violation: Violation) -> list[tuple[str, list[str]]]:
    orders, requests = violation.orders, violation.requests
    start = min(order["createdAt"] for order in orders)
    cells: dict[str, Callable[[RecordedRequest], str]] = {
        "request": lambda request: f"{request.method} {request.path}",
        "id": lambda request: request.id,
        "key": lambda request: request.idempotency_key or "none",
        "answer": lambda request: str(request.status),
        "fault": lambda request: "; ".join(request.faults) or "none",
    }
    rows = [
        (label, ["?" if item is None else show(item) for item in requests])
        for label, show in cells.items()
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
            "Send an Idempotency-Key with each charge, and the same key with each "
            "retry."
        )
    return "When you retry a charge, send the Idempotency-Key of the first attempt."


def _unmatched_faults(smartpay: Smartpay) -> list[str]:
    unmet = smartpay.faults.unmet()
    requests = smartpay.requests if unmet else []
    return [_unmatched(fault, requests) for fault in unmet]


def _unmatched(fault: Fault, requests: list[RecordedRequest]) -> str:
    count = sum(fault.operation in {"*", item.operation} for item in requests)
    passed = f", of which the first {fault.after} pass" if fault.after else ""
    lines = [
        f"unmatched-fault: {describe_unmatched(fault)}; requests of that operation: "
        f"{count}{passed}.",
        *textwrap.indent(overview(requests), "  ").splitlines(),
    ]
    return "\n".join(lines)


def _double_charges(smartpay: Smartpay) -> list[str]:
    return [describe_violation(violation) for violation in smartpay.violations()]


def _advice(smartpay: Smartpay) -> list[str]:
    return [fill(f"advice: {message}") for message in advice_in(smartpay.requests)]


# name of a check -> finds the reasons to fail a test
CHECKS: dict[str, Callable[[Smartpay], list[str]]] = {
    "double-charge": _double_charges,
    "unmatched-fault": _unmatched_faults,
    "advice": _advice,
}
