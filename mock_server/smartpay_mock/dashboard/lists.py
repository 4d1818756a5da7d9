"""The orders and the requests, which one can filter and search."""

from __future__ import annotations

import re
from typing import Any

from smartpay_mock.api import journal
from smartpay_mock.dashboard.curl import order_curl
from smartpay_mock.dashboard.parts import Cell, Field, Form, Page, Table, money
from smartpay_mock.dashboard.visit import Visit, read
from smartpay_mock.kernel.json import encode
from smartpay_mock.storage.base import Row
from smartpay_schemas import LIFECYCLES, OPERATIONS

_ORDER_ID = re.compile(r"order_test_[0-9A-Za-z]+")
_ORDER_FILTERS = (
    Field(*("status", "Status", "select"), options=("", *LIFECYCLES["order"].states)),
    Field("reference", "Reference"),
    Field("token", "Token"),
    Field("id", "Id of order, payment, refund", "search"),
)
_REQUEST_FILTERS = (
    Field("operation", "Operation", "select", options=("", *OPERATIONS)),
    Field("status", "Status", "select", options=("", "2xx", "4xx", "5xx")),
    Field("text", "Text", "search"),
)
_CLEAR = Form("clear-requests", "Delete all requests", is_danger=True)


def orders(visit: Visit) -> Page:
    """Return the orders, newest first."""
    query = visit.query
    wanted = {
        "status": query.get("status", ""),
        "reference": query.get("reference", "").strip(),
        "tokenId": query.get("token", "").strip(),
    }
    wanted = {name: text for name, text in wanted.items() if text}

    def matches(row: Row) -> bool:
        order = read(row)
        return all(order.get(name) == text for name, text in wanted.items())

    rows, older = visit.rows(
        "order", needles=[*map(encode, wanted.values())], matches=matches
    )
    table = Table(
        *("orders", ""),
        ("Order", "Status", "Amount", "Reference", "Token", "Created"),
        [(row.id, _order(visit, read(row))) for row in rows],
        "No order matches these filters." if wanted else "No orders yet.",
        curl="" if wanted else order_curl(visit),
        older=older,
    )
    return Page("Orders", filters=_ORDER_FILTERS, tables=[table])


def _order(visit: Visit, order: dict[str, Any]) -> list[Cell]:
    return [
        Cell(order["id"], "code", visit.url("orders", order["id"])),
        Cell(order["status"], "status"),
        money(order["amount"], order["currency"]),
        Cell(order.get("reference", "")),
        Cell(order.get("tokenId", ""), "code"),
        Cell(order["createdAt"], "time"),
    ]


def requests(visit: Visit) -> Page:
    """Return the calls of the API, newest first."""
    operation, status = visit.query.get("operation", ""), visit.query.get("status", "")
    text = visit.query.get("text", "").strip()
    needles = (operation.encode(), text.encode())

    def matches(row: Row) -> bool:
        entry = read(row)
        is_wanted = str(entry["status"]).startswith(status.rstrip("x"))
        return is_wanted and operation in {"", entry["operation"]}

    rows, older = visit.rows(journal.KIND, needles=needles, matches=matches)
    is_filtered = bool(operation or status or text)
    table = Table(
        *("requests", ""),
        ("Time", "Call", "Status", "Operation", "Why", "Order"),
        [(row.id, _request(visit, journal.read(row))) for row in rows],
        "No request matches these filters." if is_filtered else "No requests yet.",
        curl="" if is_filtered else order_curl(visit),
        older=older,
    )
    return Page("Requests", filters=_REQUEST_FILTERS, tables=[table], forms=[_CLEAR])


def _request(visit: Visit, entry: dict[str, Any]) -> list[Cell]:
    order = order_of(entry)
    call = f"{entry['method']} {entry['path']}"
    return [
        Cell(entry["at"], "time"),
        Cell(call, "code", visit.url("requests", entry["id"])),
        status_of(entry),
        Cell(entry["operation"], "code"),
        Cell(why(entry)),
        Cell("Open" if order else "", "word", visit.url("orders", order)),
    ]


def status_of(entry: dict[str, Any]) -> Cell:
    """Return the status of a request, or that a fault changed it."""
    if entry["result"]:
        return Cell("fault", "status")
    return Cell(f"{entry['status']}{' replayed' * entry['replayed']}", "status")


def why(entry: dict[str, Any]) -> str:
    """Return the rule that decided a request, in its own words."""
    found = {step["rule"]: step["found"] for step in entry["trace"]}
    decisive = ("fault", "idempotency", "refusal", "authorization", "lifecycle")
    reasons = (found[rule] for rule in decisive if rule in found)
    return str(entry["result"] or next(reasons, ""))


def order_of(entry: dict[str, Any]) -> str:
    """Return the id of the order that a request is about, if it is about one."""
    if entry["operation"].startswith("list_"):
        return ""
    texts = (entry["path"], entry["body"], entry["answer"])
    found = (_ORDER_ID.search(text) for text in texts)
    return next((match[0] for match in found if match), "")
