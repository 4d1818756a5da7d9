"""``demo``: create orders over HTTP and show the result of each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import click

from smartpay_fixtures import SAMPLES, sandbox_values
from smartpay_mock.cli.emulator import client_of
from smartpay_mock.cli.log import line_of_entry
from smartpay_mock.cli.output import json_option, print_json
from smartpay_mock.cli.serve import running
from smartpay_mock.cli.servers import RunningServer
from smartpay_mock.intercept.wsgi import Request, call
from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.testing.client import API_ADDRESS, AccountClient

_TOKENS = {name: token.id for name, token in sandbox_values().tokens.items()}
_BROKEN: dict[str, Any] = {
    "amount": -5,
    "currency": "USD",
    "items": [],
    "shippingInfo": None,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One call of the demo.

    Attributes:
        what: A description of the request.
        status: The expected HTTP status.
        order_status: The expected order status or error code.
        changes: Members of the guide's payload to replace; ``None`` removes one.
        key: Idempotency key; empty sends none.
        is_replay: Whether the earlier answer is expected again.
        problems: Members that the refusal must name.
    """

    what: str
    status: int
    order_status: str
    changes: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    is_replay: bool = False
    problems: tuple[str, ...] = ()

    def unmet(self, entry: dict[str, Any]) -> str:
        """Return what of an entry of the journal is not as expected, or nothing."""
        answer = json.loads(entry["answer"])
        details = " ".join(map(str, answer.get("details", [])))
        found = (
            entry["status"],
            answer.get("status") or answer.get("errorCode"),
            "replayed" if entry["replayed"] else "new",
            *(name for name in self.problems if name in details),
        )
        state = "replayed" if self.is_replay else "new"
        expected = (self.status, self.order_status, state, *self.problems)
        if found == expected:
            return ""
        return (
            f"expected {' '.join(map(str, expected))}, got {' '.join(map(str, found))}"
        )


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
    Line("demo-1, same body", 200, "succeeded", key="demo-1", is_replay=True),
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
        problems=("amount", "currency", "items", "shippingInfo"),
    ),
)
# Orders that the lines create; a replay and a refusal create none.
_ORDERS = 6


@click.command()
@json_option
def command(*, as_json: bool) -> None:
    """Create orders on an emulator of its own and show the results.

    Exits with 1 if a result is not as expected.
    """
    with running(Settings(port=0)) as sandbox:
        client = client_of(RunningServer(sandbox.root_url), new_secret_key())
        entries = []
        for number, line in enumerate(LINES, start=1):
            entries.append(_send(client, line))
            if not as_json:
                click.echo(f"{number}  {line.what}")
                click.echo(line_of_entry(entries[-1]).to_text() + "\n")
        orders = len(client.admin("GET", "/orders"))
    pairs = zip(LINES, entries, strict=True)
    unmet = [f"{line.what}: {line.unmet(entry)}" for line, entry in pairs]
    unmet = [text for text in unmet if not text.endswith(": ")]
    if orders != _ORDERS:
        unmet.append(f"{orders} orders are stored, expected {_ORDERS}")
    if as_json:
        print_json(entries)
    else:
        click.echo(f"{orders} orders are stored: a replay and a refusal create none.")
    for problem in unmet:
        click.echo(f"NOT AS EXPECTED: {problem}", err=True)
    raise SystemExit(1 if unmet else 0)


def guide_payload(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of the guide's curl command with some changes."""
    payload = {**SAMPLES["guide/curl"].payload, **changes}
    return {name: value for name, value in payload.items() if value is not None}


def _send(client: AccountClient, line: Line) -> dict[str, Any]:
    """Send an order over HTTP; return its entry in the journal."""
    headers = {
        "authorization": f"Basic {client.secret_key}",
        "content-type": "application/json",
        **({"idempotency-key": line.key} if line.key else {}),
    }
    body = json.dumps(guide_payload(line.changes), ensure_ascii=False).encode()
    url = f"{API_ADDRESS}/v1/orders"
    answer = call(client.emulator.app, Request("POST", url, headers.items(), body))
    received = {name.lower(): value for name, value in answer.headers}
    id_ = received["request-id"]
    entry: dict[str, Any] = client.admin("GET", "/requests/{id}", id_=id_)
    return entry
