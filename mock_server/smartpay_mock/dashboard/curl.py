"""Command lines that repeat a call with curl."""

from __future__ import annotations

from shlex import quote
from typing import Any
from urllib.parse import quote_plus

from smartpay_fixtures import load
from smartpay_mock.api.wsgi import MOUNT
from smartpay_mock.dashboard.visit import Visit
from smartpay_mock.kernel.json import encode
from smartpay_schemas import OPERATIONS

_SENT = ("content-type", "idempotency-key", "smartpay-sandbox-fault")
_APPROVED = "paytok_test_approved"


def order_curl(visit: Visit) -> str:
    """Return a command that creates an order."""
    body = {**load("requests/order-create@minimal"), "token": _APPROVED}
    return _command(visit, "POST", _path_of("create_order"), encode(body).decode())


def get_order_curl(visit: Visit, id_: str) -> str:
    """Return a command that retrieves an order."""
    return _command(visit, "GET", _path_of("get_order", id_), "")


def request_curl(visit: Visit, entry: dict[str, Any]) -> str:
    """Return a command that repeats a request of the journal."""
    query = "&".join(
        f"{quote_plus(name)}={quote_plus(text)}"
        for name, text in entry["query"].items()
    )
    target = f"{entry['path']}?{query}" if query else entry["path"]
    sent = {name: entry["headers"].get(name, "") for name in _SENT}
    operation = OPERATIONS.get(entry["operation"])
    if operation is not None and operation.side != "merchant":
        sent["authorization"] = "Bearer ACCESS_TOKEN"  # which the journal never has
    return _command(visit, entry["method"], target, entry["body"], **sent)


def _path_of(operation: str, id_: str = "") -> str:
    """Return the path of an operation of merchants."""
    return MOUNT + OPERATIONS[operation].path.format(id=id_)


def _command(visit: Visit, method: str, target: str, body: str, **headers: str) -> str:
    lines = [f"curl {quote(visit.base_url + target)}"]
    if method != ("POST" if body else "GET"):
        lines.append(f"-X {method}")
    headers.setdefault("authorization", f"Basic {visit.key}")
    if body:
        headers.setdefault("content-type", "application/json")
    lines += [
        f"-H {quote(f'{name}: {text}')}" for name, text in headers.items() if text
    ]
    if body:
        lines.append(f"--data-raw {quote(body)}")
    return " \\\n  ".join(lines)
