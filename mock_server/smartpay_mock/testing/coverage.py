"""Payment-path coverage: which paths through the API a suite has seen.

A path is an outcome of an operation, an error code of it, a replay of its answer, a
step of a lifecycle, or a fault at a commit point. What there is comes from the tables;
what was seen from journals. Counts add up, so workers' counts can be merged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import KINDS, WHENS
from smartpay_mock.kernel.lifecycle import NEW
from smartpay_mock.testing.journal import RecordedRequest
from smartpay_schemas import LIFECYCLES, OPERATIONS, Operation, Transition

REPLAYED = "replayed"
_ANSWERED = "answered"
_STEP = re.compile(r"(\w+) (\w+) -(\w+)-> (\w+)")
_FAULT = re.compile(rf"(\w+) on \S+ ({'|'.join(WHENS)})")
_REFUSED = 400
# Who logs in belongs to no account, so no account's journal shows it.
_UNSEEN_SIDE = "consumer-login"

# resource, state and action -> the operations that take this step. Time takes the
# steps of an authorization that was made and not captured.
MAKERS: Mapping[tuple[str, str, str], tuple[str, ...]] = {
    ("order", NEW, "open"): ("create_checkout_session",),
    ("order", NEW, "charge"): ("create_order",),
    ("order", NEW, "reserve"): ("create_order",),
    ("order", NEW, "decline"): ("create_order",),
    ("order", "requires_authorization", "charge"): ("authorize_order",),
    ("order", "requires_authorization", "reserve"): ("authorize_order",),
    ("order", "requires_authorization", "decline"): ("authorize_order",),
    ("order", "requires_authorization", "decline_softly"): ("authorize_order",),
    ("order", "requires_capture", "capture_part"): ("create_payment",),
    ("order", "requires_capture", "capture_last"): ("create_payment",),
    ("order", "requires_capture", "cancel"): ("cancel_order",),
    ("order", "canceled", "cancel"): ("cancel_order",),
    ("order", "requires_capture", "release"): ("cancel_order",),
    ("order", "requires_capture", "expire"): ("create_payment", "cancel_order"),
    ("order", "requires_capture", "expire_captured"): ("create_payment",),
    ("token", NEW, "open"): ("create_checkout_session",),
    ("token", "requires_authorization", "approve"): ("approve_token",),
    ("token", "active", "approve"): ("approve_token",),
    ("token", "requires_authorization", "reject"): ("approve_token",),
    ("token", "active", "disable"): ("disable_token",),
    ("token", "disabled", "disable"): ("disable_token",),
    ("token", "disabled", "enable"): ("enable_token",),
    ("token", "active", "enable"): ("enable_token",),
    ("token", "active", "delete"): ("delete_token",),
    ("token", "disabled", "delete"): ("delete_token",),
    ("payment", NEW, "capture"): ("create_order", "create_payment"),
    ("payment", "processed", "refund_part"): ("create_refund",),
    ("payment", "processed", "refund_last"): ("create_refund",),
    ("refund", NEW, "refund"): ("create_refund",),
}
# Steps that only time takes, and the status they lead to.
_BY_TIME = {"canceled": "expire", "succeeded": "expire_captured"}


class Path(NamedTuple):
    """One path.

    Attributes:
        area: ``operation``, ``lifecycle`` or ``fault``.
        subject: An operation id, a resource, or a kind of fault.
        name: Such as ``succeeded``, ``new -charge-> succeeded``, ``after_commit``.
    """

    area: str
    subject: str
    name: str


def paths_seen(
    entries: Iterable[Mapping[str, Any]],
    orders: Sequence[Mapping[str, Any]],
    *,
    skip: Collection[str] = (),
) -> Counter[Path]:
    """Return how often each path was taken by the code under test.

    Args:
        entries: The account's journal.
        orders: Its orders as they are now: what time did shows in them only.
        skip: Ids of entries and orders that were counted before.
    """
    seen: Counter[Path] = Counter()
    ended = Counter(str(row["status"]) for row in orders if row["id"] not in skip)
    for entry in entries:
        if entry["id"] in skip:
            continue
        request = RecordedRequest.of(entry)
        steps = list(_steps(request))
        ended.subtract(_order_ends(steps))
        if not request.is_from_test:
            seen.update([*_outcomes(request), *steps, *_faults(request)])
    for status, action in _BY_TIME.items():
        # Ended, and no request ended it: time did.
        if ended[status] > 0:
            step = f"requires_capture -{action}-> {status}"
            seen[Path("lifecycle", "order", step)] += ended[status]
    return seen


def counted_ids(
    entries: Iterable[Mapping[str, Any]], orders: Iterable[Mapping[str, Any]]
) -> set[str]:
    """Return what ``paths_seen`` is to skip, once it has counted these."""
    ended = {order["id"] for order in orders if order["status"] in _BY_TIME}
    return ended | {entry["id"] for entry in entries}


def paths_there_are(operations: Collection[str]) -> list[Path]:
    """Return every path through some operations, in the order of the tables.

    Args:
        operations: Operation ids.
    """
    paths = [
        path
        for operation in OPERATIONS.values()
        if operation.id in operations
        for path in _paths_of(operation)
    ]
    paths += [
        Path("lifecycle", resource, _step_name(step))
        for resource, lifecycle in LIFECYCLES.items()
        for step in lifecycle.transitions
        if not set(MAKERS[resource, step.from_state, step.action]).isdisjoint(
            operations
        )
    ]
    if operations:
        paths += [Path("fault", kind, when) for kind in KINDS for when in WHENS]
    return paths


def operations_in(seen: Iterable[Path]) -> frozenset[str]:
    """Return the operations that were called; paths the API does not have are none."""
    called = {path.subject for path in seen if path.area == "operation"}
    return frozenset(called & OPERATIONS.keys())


def check_operations(names: Iterable[str]) -> frozenset[str]:
    """Return the operations named, or those of a family named by its tag.

    Raises:
        SandboxUsageError: A name is neither.
    """
    chosen: set[str] = set()
    for name in names:
        family = {row.id for row in OPERATIONS.values() if name in {row.id, row.tag}}
        if not family:
            tags = sorted({row.tag for row in OPERATIONS.values()})
            raise SandboxUsageError(
                f"smartpay coverage: there is no operation {name!r}. Name operations, "
                f"such as create_order, or families: {', '.join(tags)}."
            )
        chosen |= family
    return frozenset(chosen)


def _paths_of(operation: Operation) -> list[Path]:
    if operation.side == _UNSEEN_SIDE:
        return []
    names = [*outcomes_of(operation), *operation.errors]
    if operation.idempotent:
        names.append(REPLAYED)
    return [Path("operation", operation.id, name) for name in names]


def outcomes_of(operation: Operation) -> list[str]:
    """Return what an operation's success can come to."""
    states = [
        step.to_state
        for step in LIFECYCLES["order"].transitions
        if step.from_state == NEW
        and MAKERS["order", NEW, step.action] == (operation.id,)
    ]
    return states if len(states) > 1 else [_ANSWERED]


def _outcomes(request: RecordedRequest) -> list[Path]:
    answer = request.answer if isinstance(request.answer, dict) else {}
    if request.replayed:
        name = REPLAYED
    elif request.status >= _REFUSED:
        name = str(answer.get("errorCode", request.status))
    else:
        outcomes = outcomes_of(OPERATIONS[request.operation])
        status = str(answer.get("status"))
        name = status if status in outcomes else outcomes[0]
    return [Path("operation", request.operation, name)]


def _steps(request: RecordedRequest) -> Iterable[Path]:
    for finding in request.trace:
        match = _STEP.fullmatch(finding.found)
        if finding.rule == "lifecycle" and match:
            resource, before, action, after = match.groups()
            yield Path("lifecycle", resource, f"{before} -{action}-> {after}")


def _order_ends(steps: Iterable[Path]) -> Iterable[str]:
    for step in steps:
        before, _, after = step.name.split(" ")
        if step.subject == "order" and after in _BY_TIME and before != after:
            yield after


def _faults(request: RecordedRequest) -> Iterable[Path]:
    for text in request.faults:
        match = _FAULT.match(text)
        if match:
            yield Path("fault", *match.groups())


def _step_name(step: Transition) -> str:
    return f"{step.from_state} -{step.action}-> {step.to_state}"
