"""``listen``: forward the webhooks of an account to a program."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException
from time import perf_counter
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from smartpay_mock.cli.emulator import on_emulator
from smartpay_mock.cli.events import event_type
from smartpay_mock.cli.log import Line
from smartpay_mock.cli.output import json_option
from smartpay_mock.cli.stopping import until_stopped
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.hosts import is_loopback
from smartpay_mock.kernel.json import decode
from smartpay_mock.kernel.wsgi import TIMEOUT
from smartpay_mock.server import Server
from smartpay_mock.testing.client import AccountClient
from smartpay_mock.testing.remote import RemoteEmulator

_TIMEOUT_S = 9.5  # the emulator waits for 10 seconds


@dataclass(frozen=True, slots=True)
class Forwarder:
    """A WSGI app that sends each webhook on to a URL, and prints the answer.

    Attributes:
        url: Where to send them.
        format: ``text`` or ``json``.
    """

    url: str
    format: str

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Forward a webhook with its headers; answer what the program answers."""
        body = environ["wsgi.input"].read()
        parts, started = urlsplit(self.url), perf_counter()
        environ |= {
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path or "/", "latin-1"),
            "QUERY_STRING": parts.query,
            "wsgi.input": io.BytesIO(body),
            TIMEOUT: _TIMEOUT_S,
        }
        del environ["HTTP_HOST"]  # the program has another one
        answered: list[Any] = []
        relay = RemoteEmulator(f"{parts.scheme}://{parts.netloc}").app
        failed = ""
        try:
            content = relay(environ, lambda *answer: answered.extend(answer))
        except (OSError, HTTPException) as error:
            failed = str(getattr(error, "strerror", None) or error)
            answered, content = ["502 Bad Gateway", []], []
        start_response(*answered)
        status = 0 if failed else int(answered[0][:3])
        took = (perf_counter() - started) * 1000
        click.echo(_line(body, status, took, failed).show(self.format))
        return content


def _line(body: bytes, status: int, took_ms: float, failed: str) -> Line:
    event = decode(body)
    about = (event["eventData"]["type"],)
    ids = (event["id"],)
    return Line(wall_ms(), status, about, took_ms, ids, failed=failed, kind="webhook")


@click.command()
@click.option(
    "--forward-to",
    "target",
    required=True,
    metavar="URL",
    help="URL of your program, such as http://127.0.0.1:3000/webhooks.",
)
@click.option(
    "--event",
    "types",
    type=event_type,
    multiple=True,
    metavar="TYPE",
    help="Only events of this type; repeatable [default: all].",
)
@json_option
@on_emulator
def command(
    *, client: AccountClient, target: str, types: tuple[str, ...], as_json: bool
) -> None:
    """Forward the webhooks of the account to a program, until Ctrl-C.

    Adds a webhook endpoint, sends each webhook on as it is, with its signature, and
    prints what the program answered. Removes the endpoint at the end.
    """
    url = _url(target)
    _check_reach(client)
    should_stop = until_stopped()
    forwarder = Forwarder(url, "json" if as_json else "text")
    server = Server(forwarder).start()
    try:
        with _endpoint(client, server.url, types) as endpoint:
            click.echo(_intro(client, url, endpoint, as_json=as_json))
            should_stop(-1)
    finally:
        server.stop()


def _url(target: str) -> str:
    """Return the URL to forward to; it may be given without scheme."""
    url = target if re.match(r"\w+:/", target) else f"http://{target}"
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_url = is_url and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise SandboxUsageError(
            f"--forward-to {target!r} is not a URL. Write it as in "
            "http://127.0.0.1:3000/webhooks."
        )
    return url


def _check_reach(client: AccountClient) -> None:
    """Check that the emulator can send webhooks to this command.

    Raises:
        SandboxUsageError: It can't.
    """
    root_url = client.emulator.root_url
    if not is_loopback(urlsplit(root_url).hostname or ""):
        raise SandboxUsageError(
            f"The emulator at {root_url} runs elsewhere, so it can't send webhooks "
            "here. Run listen on that machine, or create a webhook endpoint."
        )
    settings = client.admin("GET", "/settings")
    if not is_loopback(settings["host"]) and not settings["webhooks_loopback"]:
        raise SandboxUsageError(
            f"The emulator at {root_url} sends no webhooks to this machine. Start it "
            "with --webhooks-loopback."
        )


@contextmanager
def _endpoint(
    client: AccountClient, url: str, types: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Create a webhook endpoint for the time of a block."""
    body: dict[str, Any] = {
        "url": f"{url}/webhooks",
        "description": "smartpay-sandbox listen",
    }
    if types:
        body["eventSubscriptions"] = list(types)
    endpoint = client.call("create_webhook_endpoint", body)
    try:
        yield endpoint
    finally:
        with suppress(SandboxUsageError):  # the emulator may have ended
            client.call("delete_webhook_endpoint", id=endpoint["id"])


def _intro(
    client: AccountClient, url: str, endpoint: dict[str, Any], *, as_json: bool
) -> str:
    secret = endpoint["signingSecret"]
    if as_json:
        members = {"forwardTo": url, "endpoint": endpoint["id"], "secret": secret}
        return json.dumps({"kind": "ready", **members})
    return (
        f"Webhooks of {client.emulator.root_url} go to {url}\n"
        f"Signing secret {secret}\n"
        "Press Ctrl-C to stop."
    )
