"""Commands that run until they are stopped: ``listen`` and ``logs -f``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest
import requests
from tests.cli.conftest import COMMAND

from smartpay_fixtures import SAMPLES
from smartpay_mock.events.signing import verify
from smartpay_mock.server import Server

Serve = Callable[..., Any]
KEY = "sk_test_following"
HEADERS = {"Authorization": f"Bearer {KEY}"}
DECLINED = {**SAMPLES["guide/python"].payload, "token": "paytok_test_declined"}


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command in the background for the time of a block."""
    process = subprocess.Popen(
        [*COMMAND, *arguments, "--secret-key", KEY],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    """Return the next line that a command prints, without ids and times."""
    assert process.stdout is not None
    text = process.stdout.readline()
    text = re.sub(r"(?<=_test_)[0-9A-Za-z]{22}", "x", text)
    return re.sub(r"^\d\d:\d\d:\d\d|\d+ ms", "T", text, count=2)


def order(url: str) -> None:
    """Create an order that is declined; it has one event."""
    requests.post(f"{url}/v1/orders", json=DECLINED, headers=HEADERS, timeout=10)


def endpoints(url: str) -> list[Any]:
    """Return the webhook endpoints of the account."""
    answer = requests.get(f"{url}/v1/webhook-endpoints", headers=HEADERS, timeout=10)
    found: list[Any] = answer.json()["data"]
    return found


@pytest.fixture
def program() -> Iterator[tuple[str, Queue[Any]]]:
    """Return the URL of a program that takes webhooks, and what it got."""
    got: Queue[Any] = Queue()

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        got.put((environ, environ["wsgi.input"].read()))
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    server = Server(app).start()
    yield server.url, got
    server.stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_listen_forwards_webhooks_as_they_are(
    serve: Serve, program: tuple[str, Queue[Any]], number: signal.Signals
) -> None:
    """With headers, signature and query; its endpoint is removed at the end."""
    url, (target, got) = serve().root_url, program
    only = ("--event", "order.rejected")
    where = ("--forward-to", f"{target}/a%20b?c=d", "--url", url)

    with running("listen", *where, *only) as listening:
        intro = [line(listening) for _ in range(3)]
        order(url)
        environ, body = got.get(timeout=10)
        printed = line(listening)
        listening.send_signal(number)
        code = listening.wait(timeout=10)

    secret = intro[1].split()[-1]
    assert intro[0] == f"Webhooks of {url} go to {target}/a%20b?c=d\n"
    assert printed == "T 200 order.rejected T evt_test_x\n"
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == ("/a b", "c=d")
    assert environ["HTTP_HOST"] == target.removeprefix("http://")
    timestamp = int(environ["HTTP_SMARTPAY_SIGNATURE_TIMESTAMP"])
    signature = environ["HTTP_SMARTPAY_SIGNATURE"]
    assert verify(secret, timestamp, body, signature=signature)
    assert (code, endpoints(url)) == (0, [])


def test_listen_says_that_the_program_does_not_answer(serve: Serve) -> None:
    """The emulator gets 502, so it will send again."""
    url = serve().root_url

    with running("listen", "--forward-to", "127.0.0.1:1/x", "--url", url) as listening:
        for _ in range(3):
            line(listening)
        order(url)
        printed = line(listening)
        # Waits for the attempt under way; the retry is due later.
        requests.post(f"{url}/__admin/webhooks/drain", headers=HEADERS, timeout=10)

    deliveries = requests.get(
        f"{url}/__admin/webhooks/deliveries", headers=HEADERS, timeout=10
    ).json()
    assert printed.startswith("T --- order.rejected T evt_test_x Connection")
    assert [one["status"] for one in deliveries[0]["attempts"]] == [502]


def test_listen_prints_json_for_programs(
    serve: Serve, program: tuple[str, Queue[Any]]
) -> None:
    """One line for its start, with the secret, and one for each webhook."""
    url = serve().root_url
    where = ("--forward-to", program[0], "--url", url)

    with running("listen", *where, "--json") as listening:
        assert listening.stdout is not None
        ready = json.loads(listening.stdout.readline())
        order(url)
        webhook = json.loads(listening.stdout.readline())

    assert ready["secret"] == endpoints(url)[0]["signingSecret"]
    assert (webhook["status"], webhook["type"]) == (200, "order.rejected")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--host", "127.1"), "sends no webhooks to this machine. Start it with"),
        (("--host", "127.1", "--webhooks-loopback"), "Press Ctrl-C to stop."),
    ],
)
def test_listen_needs_an_emulator_that_reaches_this_machine(
    serve: Serve, flags: tuple[str, ...], message: str
) -> None:
    """Beyond loopback, webhooks to this machine are blocked by default."""
    served = serve(*flags, "--admin-token", "secret")
    where = ("--forward-to", "127.0.0.1:1", "--url", served.root_url)

    with running("listen", *where, "--admin-token", "secret") as listening:
        lines = iter(lambda: line(listening), "")
        found = next(text for text in lines if message in text)

    assert found


def test_logs_are_followed_until_a_signal(serve: Serve) -> None:
    """First the newest calls, then each one as it arrives, once."""
    url = serve().root_url
    order(url)

    with running("logs", "-f", "-n", "1", "--status", "2xx", "--url", url) as logs:
        first = [line(logs) for _ in range(3)]
        requests.get(f"{url}/v1/orders/x", headers=HEADERS, timeout=10)
        order(url)
        second = [line(logs) for _ in range(3)]
        logs.send_signal(signal.SIGTERM)
        rest, code = logs.communicate(timeout=10)[0], logs.returncode

    assert first == second
    assert first[:2] == [
        "T 200 POST /v1/orders rejected order_test_x\n",
        "             declined: consumer consumer_test_declined is set to decline\n",
    ]
    assert (rest, code) == ("", 0)
