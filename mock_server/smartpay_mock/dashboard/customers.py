"""The tokens and their customers."""

from __future__ import annotations

from typing import Any

from smartpay_mock.dashboard.parts import Cell, Field, Form, Page, Table
from smartpay_mock.dashboard.visit import Visit, read
from smartpay_mock.storage.base import Unit

_DECISION = Field(
    *("decision", "Decision", "select"),
    options=("approved", "declined", "declined_softly"),
)
_FORMS = (
    Form(
        *("add-token", "Add token"),
        (
            Field("consumer", "Id of its customer (a new one if empty)"),
            _DECISION,
            Field("reference", "Reference"),
        ),
        title="New token",
    ),
    Form(
        *("add-consumer", "Add customer"),
        (Field("emailAddress", "Email address with +test before the @"), _DECISION),
        title="New customer",
    ),
)
_TOKEN_STATES = {"active": "Activate", "disabled": "Disable", "declining": "Decline"}
_TOKEN_HEADS = ("Token", "Status", "Change", "Customer", "Created")
_HEADS = ("Customer", "Email address", "Status", "Decision", "Change", "Created")


def customers(visit: Visit) -> Page:
    """Return the tokens and the consumers, newest first."""
    tokens, older_tokens = visit.rows("token")
    consumers, older = visit.rows("consumer")
    with visit.read() as (unit, _account):
        token_rows = [(row.id, _token(unit, read(row))) for row in tokens]
    rows = [(row.id, _consumer(read(row))) for row in consumers]
    tables = [
        Table(
            *("tokens", "Tokens", _TOKEN_HEADS, token_rows, "No tokens yet."),
            older=older_tokens,
        ),
        Table(
            *("consumers", "Customers", _HEADS, rows, "No customers yet."), older=older
        ),
    ]
    return Page("Customers", tables=tables, forms=_FORMS)


def _token(unit: Unit, token: dict[str, Any]) -> list[Cell]:
    decision, state = token.get("_decision", "approved"), token["status"]
    owner = unit.row("consumer", token.get("_consumer") or "")
    if state == "active" and decision != "approved":
        state = "declining"
    return [
        Cell(token["id"], "code"),
        Cell(state, "status"),
        Cell(forms=_token_forms(token["id"], state)),
        Cell(read(owner)["emailAddress"] if owner else ""),
        Cell(token["createdAt"], "time"),
    ]


def _token_forms(id_: str, state: str) -> list[Form]:
    return [
        Form(
            *("set-token", button),
            hidden={"id": id_, "state": name},
            is_pressed=state == name,
            about=id_,
        )
        for name, button in _TOKEN_STATES.items()
    ]


def _consumer(consumer: dict[str, Any]) -> list[Cell]:
    is_active, declines = consumer["active"], consumer["decision"] != "approved"
    changes = (
        ("Deactivate", "active", "false")
        if is_active
        else ("Activate", "active", "true"),
        ("Approve", "decision", "approved")
        if declines
        else ("Decline", "decision", "declined"),
    )
    forms = [
        Form(
            *("set-consumer", button),
            hidden={"id": consumer["id"], name: value},
            about=consumer["emailAddress"],
        )
        for button, name, value in changes
    ]
    return [
        Cell(consumer["id"], "code"),
        Cell(consumer["emailAddress"]),
        Cell("active" if is_active else "inactive", "status"),
        Cell(consumer["decision"], "status"),
        Cell(forms=forms),
        Cell(consumer["createdAt"], "time"),
    ]
