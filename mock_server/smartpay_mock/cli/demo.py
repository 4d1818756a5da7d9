"""``demo``: create orders over HTTP and show the results as a table."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import click

from smartpay_fixtures import SAMPLES, sandbox_values
from smartpay_mock.cli.output import print_table
from smartpay_mock.cli.serve import running
from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.kernel.settings import Settings

_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Line:
    """One call of the demo.

    Attributes:
        what: A description of the request.
        status: The expected HTTP status.
        order_status: The expected order status or error code.
        changes: Members of the guide's payload to replace; ``None`` removes one.
        key: Idempotency key; empty sends none.
        check: Further expectations; returns the first that is not met, or nothing.
    """

    what: str
    status: int
    order_status: str
    changes: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    check: Callable[[Seen, list[Seen]], str] = lambda _seen, _before: ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The response to a line.

    Attributes:
        status: The HTTP status.
        headers: The response headers, names in lower case.
        text: The body as text.
        body: The body as JSON.
        why: The emulator's explanation; of a refusal, each problem.
        advice: The emulator's advice about the payload.
    """

    status: int
    headers: dict[str, str]
    text: str
    body: dict[str, Any]
    why: list[str]
    advice: list[str]

    @property
    def order_status(self) -> str:
        """The order's status, or the error code."""
        return str(self.body.get("status") or self.body.get("errorCode") or "")


def guide_payload(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of the guide's curl command with some changes."""
    payload = {**SAMPLES["guide/curl"].payload, **changes}
    return {name: value for name, value in payload.items() if value is not None}


def _is_replay(seen: Seen, before: list[Seen]) -> str:
    if seen.headers.get("idempotency-replayed") != "true":
        return "the response is not marked as replayed"
    return (
        ""
        if seen.text == before[-1].text
        else "the response differs from the first one"
    )


def _names_every_problem(seen: Seen, _before: list[Seen]) -> str:
    details = " ".join(map(str, seen.body.get("details", [])))
    missing = [name for name in _BROKEN if name not in details]
    return f"no problem names {', '.join(missing)}" if missing else ""


_TOKENS = {name: token.id for name, token in sandbox_values().tokens.items()}
_BROKEN: dict[str, Any] = {
    "amount": -5,
    "currency": "USD",
    "items": [],
    "shippingInfo": None,
}

LINES = (
    Line("the guide's curl", 200, "succeeded"),
    Line("manual capture", 200, "requires_capture", {"captureMethod": "manual"}),
    Line("a token that declines", 200, "rejected", {"token": _TOKENS["declined"]}),
    Line("a disabled token", 200, "rejected", {"token": _TOKENS["disabled"]}),
    Line(
        "an inactive consumer",
        200,
        "rejected",
        {"token": _TOKENS["consumer_inactive"]},
    ),
    Line("idempotency key demo-1", 200, "succeeded", key="demo-1"),
    Line("demo-1, same body", 200, "succeeded", key="demo-1", check=_is_replay),
    Line(
        "demo-1, another body",
        409,
        "idempotency.key-reused",
        {"amount": 1600},
        key="demo-1",
    ),
    Line(
        "a broken payload",
        400,
        "request.invalid",
        _BROKEN,
        check=_names_every_problem,
    ),
)
# Orders that the lines create; a replay and a refusal create none.
_ORDERS = 6


@click.command()
def command() -> None:
    """Create orders on an emulator of its own and show the results.

    Exits with 1 if a result is not as expected.
    """
    with running(Settings(port=0)) as sandbox:
        client = _Client(sandbox.root_url)
        seen: list[Seen] = []
        unmet = []
        for number, line in enumerate(LINES, start=1):
            found = client.send(line)
            reason = _unmet(line, found, seen)
            if reason:
                unmet.append(f"request {number}, {line.what}: {reason}")
            seen.append(found)
        orders = client.get("/v1/orders?maxResults=100")["results"]
        client.close()
    if orders != _ORDERS:
        unmet.append(f"{orders} orders are stored, expected {_ORDERS}")
    _show(seen, orders)
    for problem in unmet:
        click.echo(f"NOT AS EXPECTED: {problem}")
    raise SystemExit(1 if unmet else 0)


class _Client:
    """A connection to the emulator with an account of its own."""

    def __init__(self, root_url: str) -> None:
        self._connection = HTTPConnection(urlsplit(root_url).netloc, timeout=10)
        self._headers = {"Authorization": f"Basic {new_secret_key()}"}

    def send(self, line: Line) -> Seen:
        """Send an order; return the response and the explanation of it."""
        headers = {**self._headers, "Content-Type": "application/json"}
        if line.key:
            headers["Idempotency-Key"] = line.key
        body = json.dumps(guide_payload(line.changes), ensure_ascii=False).encode()
        self._connection.request("POST", "/v1/orders", body, headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        received = {name.lower(): value for name, value in response.getheaders()}
        entry = self.get(f"/__admin/requests/{received['request-id']}")
        return Seen(
            status=response.status,
            headers=received,
            text=text,
            body=json.loads(text),
            why=_why(entry),
            advice=[item["message"] for item in entry["advice"]],
        )

    def get(self, path: str) -> Any:
        """Return the JSON value at ``path``."""
        self._connection.request("GET", path, headers=self._headers)
        return json.loads(self._connection.getresponse().read())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _unmet(line: Line, seen: Seen, before: list[Seen]) -> str:
    expected = (line.status, line.order_status)
    if (seen.status, seen.order_status) != expected:
        return (
            f"expected {expected[0]} {expected[1]}, "
            f"got {seen.status} {seen.order_status}"
        )
    return line.check(seen, before)


# Rules of the explanation, the most specific first.
_RULES = ("idempotency", "refusal", "authorization")


def _why(entry: dict[str, Any]) -> list[str]:
    found = {step["rule"]: step["found"] for step in entry["trace"]}
    rule = next(rule for rule in _RULES if rule in found)
    details: list[str] = json.loads(entry["answer"]).get("details", [])
    return details or [found[rule]]


def _show(seen: list[Seen], orders: int) -> None:
    click.echo(f"POST /v1/orders, {len(LINES)} times over HTTP:\n")
    rows = [
        [str(number), line.what, str(found.status), found.order_status]
        for number, (line, found) in enumerate(zip(LINES, seen, strict=True), start=1)
    ]
    print_table(("#", "request", "HTTP", "order status or error code"), rows)
    click.echo("\nWhy:\n")
    for number, found in enumerate(seen, start=1):
        _list(found.why, f"{number}  ")
    click.echo("\nAdvice about request 1, the guide's payload as printed:\n")
    _list(seen[0].advice, "   ")
    click.echo(f"\n{orders} orders are stored: a replay and a refusal create none.")


def _list(items: list[str], head: str) -> None:
    """Print each item on a line of its own, the first one after ``head``."""
    below = " " * len(head)
    for start, item in zip([head, *[below] * len(items)], items, strict=False):
        click.echo(
            textwrap.fill(
                item, _WIDTH, initial_indent=start, subsequent_indent=below + "  "
            )
        )
