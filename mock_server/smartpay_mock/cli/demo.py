"""``demo``: the main job over real HTTP, as a table; fails on a broken promise."""

from __future__ import annotations

import json
import textwrap
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import click

from smartpay_mock.cli.demo_lines import LINES, Line, Seen, guide_payload
from smartpay_mock.cli.serving import running
from smartpay_mock.cli.tables import table
from smartpay_mock.kernel.ids import new_secret_key
from smartpay_mock.kernel.settings import Settings

_WIDTH = 80
# Orders that the lines above make: replays and refusals make none.
_ORDERS = 6


@click.command()
def command() -> None:
    """Start an emulator on a free port, drive it through its main job, show a table.

    Exits with 1 if any line is not as promised.
    """
    with running(Settings(port=0)) as sandbox:
        client = _Client(sandbox.root_url)
        seen: list[Seen] = []
        broken = []
        for number, line in enumerate(LINES, start=1):
            found = client.send(line)
            reason = _broken_promise(line, found, seen)
            if reason:
                broken.append(f"line {number}, {line.what}: {reason}")
            seen.append(found)
        orders = client.get("/v1/orders?maxResults=100")["results"]
        client.close()
    if orders != _ORDERS:
        broken.append(f"{orders} orders are stored, {_ORDERS} were promised")
    _show(seen, orders)
    for problem in broken:
        click.echo(f"NOT AS PROMISED: {problem}")
    raise SystemExit(1 if broken else 0)


class _Client:
    """One keep-alive connection to the emulator, with an account of its own."""

    def __init__(self, root_url: str) -> None:
        self._connection = HTTPConnection(urlsplit(root_url).netloc, timeout=10)
        self._headers = {"Authorization": f"Basic {new_secret_key()}"}

    def send(self, line: Line) -> Seen:
        """Send a line's order and return what came back, with its explanation."""
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


def _broken_promise(line: Line, seen: Seen, before: list[Seen]) -> str:
    promised = (line.status, line.order_status)
    if (seen.status, seen.order_status) != promised:
        return (
            f"promised {promised[0]} {promised[1]}, "
            f"got {seen.status} {seen.order_status}"
        )
    return line.check(seen, before)


# Which rule of the explanation says most, the most telling first.
_TELLING = ("idempotency", "refusal", "authorization")


def _why(entry: dict[str, Any]) -> list[str]:
    found = {step["rule"]: step["found"] for step in entry["trace"]}
    rule = next(rule for rule in _TELLING if rule in found)
    details: list[str] = json.loads(entry["answer"]).get("details", [])
    return details or [found[rule]]


def _show(seen: list[Seen], orders: int) -> None:
    click.echo(f"POST /v1/orders, {len(LINES)} times, over HTTP to a free port:\n")
    rows = [
        [str(number), line.what, str(found.status), found.order_status]
        for number, (line, found) in enumerate(zip(LINES, seen, strict=True), start=1)
    ]
    click.echo(table(["#", "sent", "HTTP", "order status or error"], rows))
    click.echo("\nWhy:\n")
    for number, found in enumerate(seen, start=1):
        _list(found.why, f"{number}  ")
    click.echo("\nAdvice on line 1, which sends the guide's payload as printed:\n")
    _list(seen[0].advice, "   ")
    click.echo(f"\n{orders} orders are stored: a replay and a refusal make none.")


def _list(items: list[str], head: str) -> None:
    """Show each item on a line of its own, the first one after ``head``."""
    below = " " * len(head)
    for start, item in zip([head, *[below] * len(items)], items, strict=False):
        click.echo(
            textwrap.fill(
                item, _WIDTH, initial_indent=start, subsequent_indent=below + "  "
            )
        )
