"""What the forms do: calls of the API and of the control plane, from one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from smartpay_mock.control.admin import call_route
from smartpay_mock.control.calls import call_operation
from smartpay_mock.dashboard.visit import Visit
from smartpay_mock.kernel.clock import SECOND_MS, wall_ms
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.faults import KINDS
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.kernel.text import whole_number

Inputs = Mapping[str, str]
Body = Callable[[Inputs], dict[str, Any]]

_REFUSED = 400


def _members(*names: str) -> Body:
    """Return what makes a body of these inputs; empty ones are left out."""

    def make(inputs: Inputs) -> dict[str, Any]:
        texts = {name: inputs.get(name, "").strip() for name in names}
        return {name: _value(name, text) for name, text in texts.items() if text}

    return make


def _value(name: str, text: str) -> Any:
    """Return an input as JSON; the schema refuses what is no number."""
    if name == "eventSubscriptions":
        return text.replace(",", " ").split()
    if name == "active":
        return text == "true"
    number = whole_number(text) if name in _NUMBERS else None
    return text if number is None else number


_NUMBERS = {"amount", "times", "after", "status", "ms", "retry_after"}


def _token(inputs: Inputs) -> dict[str, Any]:
    """Return the changes that make a token active, disabled or declining."""
    return {
        "status": "disabled" if inputs["state"] == "disabled" else "active",
        "decision": "declined" if inputs["state"] == "declining" else "approved",
    }


def _fault(inputs: Inputs) -> dict[str, Any]:
    """Return a fault plan; inputs of other kinds are left out."""
    kind = inputs.get("kind", "")
    plan = _members("operation", "kind", "when", "times", "after")(inputs)
    plan |= _members(*KINDS.get(kind, ()))(inputs)
    reference = inputs.get("reference", "").strip()
    return {**plan, **({"matching": {"reference": reference}} if reference else {})}


def _clock(inputs: Inputs) -> dict[str, Any]:
    """Return a change of the clock."""
    change = inputs.get("change")
    if change == "advance":
        text = inputs.get("amount", "")
        amount = whole_number(text)
        if amount is None:
            raise SandboxUsageError(f"{text[:40]!r} is no time. Enter a number.")
        return {"advance": {inputs.get("unit", "days"): amount}}
    if change == "set":
        return {"at": _moment(inputs.get("at", ""))}
    if change == "reset":
        return {"at": wall_ms(), "freeze": False}
    return {"freeze": change == "freeze"}


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SandboxUsageError(
            f"{text[:40]!r} is no date with a time. Enter one such as "
            "2026-04-01T09:30, in UTC."
        ) from None
    return int(moment.replace(tzinfo=UTC).timestamp()) * SECOND_MS


_NO_MEMBERS = _members()


class Action(NamedTuple):
    """What a form does.

    Attributes:
        call: An operation id, or method and path of a route of the control plane.
        done: English text for the user when it is done.
        body: Makes the JSON body from the inputs; ``None`` sends the file as it is.
    """

    call: str
    done: str
    body: Body | None = _NO_MEMBERS


ACTIONS: dict[str, Action] = {
    "capture": Action(
        "create_payment",
        "Captured.",
        _members("order", "amount", "currency", "cancelRemainder"),
    ),
    "refund": Action(
        "create_refund",
        "Refunded.",
        _members("payment", "amount", "currency", "reason"),
    ),
    "cancel": Action("cancel_order", "Canceled."),
    "set-token": Action("PATCH /tokens/{id}", "Token changed.", _token),
    "add-token": Action(
        "POST /tokens", "Token added.", _members("consumer", "decision", "reference")
    ),
    "set-consumer": Action(
        "PATCH /consumers/{id}", "Customer changed.", _members("active", "decision")
    ),
    "add-consumer": Action(
        "POST /consumers", "Customer added.", _members("emailAddress", "decision")
    ),
    "add-endpoint": Action(
        "create_webhook_endpoint",
        "Webhook endpoint added.",
        _members("url", "eventSubscriptions"),
    ),
    "remove-endpoint": Action("delete_webhook_endpoint", "Webhook endpoint removed."),
    "send-again": Action("POST /webhooks/deliveries/{id}/replay", "Due again, now."),
    "deliver": Action("POST /webhooks/drain", "Delivered what was due."),
    "add-fault": Action("POST /faults", "Fault plan added.", _fault),
    "remove-fault": Action("DELETE /faults/{id}", "Fault plan removed."),
    "remove-faults": Action("DELETE /faults", "Fault plans removed."),
    "set-clock": Action("POST /clock", "Clock changed.", _clock),
    "run-scenario": Action("POST /scenarios/{id}", "Scenario run."),
    "load-scenario": Action("POST /scenarios", "Scenario run.", None),
    "restore": Action("PUT /snapshots", "Snapshot restored.", None),
    "reset": Action("POST /reset", "Account reset."),
    "clear-requests": Action("DELETE /requests", "Requests deleted."),
}
"""Name of each form -> what it does."""


def perform(visit: Visit, inputs: Inputs, file: bytes) -> tuple[int, str]:
    """Do what a form asks for.

    Args:
        visit: The page with the form.
        inputs: What the form sent; ``action`` names the action.
        file: The file it sent, if it has one.

    Returns:
        The HTTP status, and why it is not done; empty if it is.
    """
    name = inputs.get("action", "")
    try:
        if name not in ACTIONS:
            raise NotFoundError.among("action", name[:40], list(ACTIONS))
        answer = _call(visit, ACTIONS[name], inputs, file)
    except SandboxUsageError as error:
        return _REFUSED, str(error)
    if answer.status < _REFUSED:
        return answer.status, ""
    return answer.status, _reason(answer)


def _call(visit: Visit, action: Action, inputs: Inputs, file: bytes) -> Answer:
    body = action.body(inputs) if action.body else None
    id_ = inputs.get("id", "")
    method, _, path = action.call.rpartition(" ")
    if not method:
        return call_operation(
            visit.application,
            path,
            account=visit.account,
            params={"id": id_},
            body=body or None,
            headers={"user-agent": "dashboard"},
            base_url=visit.base_url,
        )
    call = Call(
        method,
        path,
        body=file if body is None else encode(body) if body else b"",
        base_url=visit.base_url,
        breaks_connections=visit.breaks_connections,
    )
    if "/" in id_ or not id_:
        path = path.replace("{id}", "-")
    return call_route(visit.application, path.replace("{id}", id_), visit.account, call)


def _reason(answer: Answer) -> str:
    """Return why a call was refused, from either kind of error document."""
    try:
        document = decode(answer.body)
    except ValueError:  # a fault may have any body
        document = None
    if not isinstance(document, dict):
        return f"HTTP {answer.status} {answer.result}"
    parts = [str(document.get("detail") or document.get("message") or answer.result)]
    details = document.get("details")
    parts += map(str, details) if isinstance(details, list) else []
    return " ".join(parts) or f"HTTP {answer.status}"
