"""The webhook endpoints and the deliveries to them."""

from __future__ import annotations

from typing import Any

from smartpay_mock.dashboard.parts import Cell, Field, Form, Page, Table
from smartpay_mock.dashboard.visit import Visit, read
from smartpay_mock.events.outbox import DELIVERY_KIND, ENDPOINT_KIND, STATES
from smartpay_mock.storage.base import Row

DELIVER = Form("deliver", "Deliver now")
"""The button that delivers what is due."""

_FORMS = (
    DELIVER,
    Form(
        *("add-endpoint", "Add endpoint"),
        (
            Field("url", "URL", "url", is_required=True),
            Field("eventSubscriptions", "Events (all if empty)"),
        ),
        title="New endpoint",
    ),
)
_FILTERS = (Field("state", "Status", "select", options=("", *STATES)),)
_ENDPOINT_HEADS = ("Endpoint", "URL", "Status", "Events", "Change")
_HEADS = ("Event", "To", "Status", "Attempts", "Next attempt", "Created", "Change")


def webhooks(visit: Visit) -> Page:
    """Return the webhook endpoints and the deliveries, newest first."""
    state = visit.query.get("state", "")

    def matches(row: Row) -> bool:
        return state in {"", read(row)["state"]}

    endpoints, older_endpoints = visit.rows(ENDPOINT_KIND)
    deliveries, older = visit.rows(
        DELIVERY_KIND, needles=(state.encode(),), matches=matches
    )
    endpoint_rows = [(row.id, _endpoint(read(row))) for row in endpoints]
    rows = [(row.id, _delivery(visit, read(row))) for row in deliveries]
    tables = [
        Table(
            *("endpoints", "Endpoints", _ENDPOINT_HEADS, endpoint_rows),
            "No endpoints yet. Events go nowhere until you add one.",
            older=older_endpoints,
        ),
        Table(
            *("deliveries", "Deliveries", _HEADS, rows),
            "No deliveries yet. Add an endpoint and create an order.",
            older=older,
        ),
    ]
    return Page("Webhooks", filters=_FILTERS, forms=_FORMS, tables=tables)


def _endpoint(endpoint: dict[str, Any]) -> list[Cell]:
    remove = Form(
        *("remove-endpoint", "Remove"),
        hidden={"id": endpoint["id"]},
        about=endpoint["url"],
        is_danger=True,
    )
    subscriptions = endpoint.get("eventSubscriptions") or []
    return [
        Cell(endpoint["id"], "code"),
        Cell(endpoint["url"]),
        Cell("active" if endpoint.get("active", True) else "inactive", "status"),
        Cell(", ".join(subscriptions)) if subscriptions else Cell("all", "word"),
        Cell(forms=[remove]),
    ]


def _delivery(visit: Visit, delivery: dict[str, Any]) -> list[Cell]:
    return [
        Cell(delivery["type"], "code", visit.url("webhooks", delivery["id"])),
        Cell(delivery["url"]),
        Cell(delivery["state"], "status"),
        Cell(len(delivery["attempts"]), "number"),
        Cell(delivery["nextAttemptAt"] or "", "time"),
        Cell(delivery["createdAt"], "time"),
        Cell(forms=[send_again(delivery["id"], delivery["type"])]),
    ]


def send_again(id_: str, type_: str) -> Form:
    """Return the button that makes a delivery due again."""
    return Form("send-again", "Send again", hidden={"id": id_}, about=f"{type_} {id_}")
