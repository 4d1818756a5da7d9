"""``serve`` prints each call with its result and advice."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from http.client import HTTPConnection
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import requests

from smartpay_fixtures import SAMPLES
from smartpay_mock.cli.console import line_of_call
from smartpay_mock.cli.log import lines_of_delivery
from smartpay_mock.cli.printer import Printer
from smartpay_mock.kernel.exchange import Answer, TransportFault
from smartpay_mock.kernel.text import printable

Serve = Callable[..., Any]
KEY = {"Authorization": "Basic sk_test_console"}
IN = " " * 13  # the indent of advice


def masked(text: str) -> str:
    """Return lines of a log with ``T`` in place of each time and duration."""
    return re.sub(r"^\d\d:\d\d:\d\d|(?<= )\d+ ms", "T", text, flags=re.MULTILINE)


def calls_printed_by(served: Any) -> list[str]:
    """Stop an emulator; return the lines of its log."""
    said = masked(served.stop())
    return said[said.index("T ") :].splitlines()


def printed(
    environ: dict[str, Any], status: str, headers: dict[str, str], *body: bytes
) -> list[str]:
    """Return the lines that are printed of a call."""
    line = line_of_call(
        environ, body, status=status, headers=list(headers.items()), took_ms=1.2
    )
    return masked(line.to_text()).splitlines()


def test_each_call_is_a_line_above_its_advice(serve: Serve) -> None:
    """Order status, id and advice are on the console, at 80 columns."""
    served = serve()
    sample = SAMPLES["guide/python"]
    headers = {**KEY, "Content-Type": "application/json", "Idempotency-Key": "k"}
    url = f"{served.root_url}/v1/orders"

    order = requests.post(url, sample.body, headers=headers, timeout=10).json()
    requests.post(url, sample.body, headers=headers, timeout=10)
    requests.get(f"{url}/{order['id']}", headers=KEY, timeout=10)
    requests.get(url, headers={"Authorization": "Basic pk_test_a"}, timeout=10)
    requests.get(f"{served.root_url}/__admin/clock", headers=KEY, timeout=10)

    calls = calls_printed_by(served)
    assert " ".join(" ".join(calls).split()) == " ".join(
        [
            f"T 200 POST /v1/orders T succeeded {order['id']}",
            "customerInfo.email is unknown; did you mean emailAddress?",
            f"T 200 POST /v1/orders T succeeded {order['id']} replayed",
            f"T 200 GET /v1/orders/{order['id']} T succeeded",  # the id is not repeated
            "T 401 GET /v1/orders T",
            "a public key cannot authenticate; send the secret key",
            "Stopped.",
        ]
    )
    assert max(map(len, calls)) <= 80


def test_the_problems_of_a_refused_request_are_printed(serve: Serve) -> None:
    """Each problem of a refused request is printed."""
    served = serve()
    url = f"{served.root_url}/v1/orders"
    sample = SAMPLES["guide/curl"]
    broken = {**sample.payload, "amount": 0, "currency": "USD"}

    requests.post(url, json=broken, headers=KEY, timeout=10)
    requests.get(f"{url}/order_test_none", headers=KEY, timeout=10)

    calls = calls_printed_by(served)
    assert calls == [
        "T 400 POST /v1/orders T request.invalid",
        f"{IN}amount: 0 is less than the minimum of 1; send a whole number from 1",
        f"{IN}  to 4294967295",
        f'{IN}currency: "USD" is not one of the values; send "JPY"',
        "T 404 GET /v1/orders/order_test_none T order.not-found",
        f"{IN}No order order_test_none exists for this key. Use the right id, and",
        f"{IN}  test objects with test keys.",
        "Stopped.",
    ]


def test_each_advice_has_a_line_of_its_own(serve: Serve) -> None:
    """In strict mode, too; each only once."""
    served = serve("--strict")
    headers = {**KEY, "Content-Type": "application/json"}
    body = SAMPLES["guide/curl"].body

    requests.post(f"{served.root_url}/v1/orders", body, headers=headers, timeout=10)

    calls = calls_printed_by(served)
    assert calls == [
        "T 400 POST /v1/orders T request.invalid",
        f"{IN}amount is 1500, items and fee add up to 500",
        f"{IN}items[0].quantity is 0, so the item adds nothing to the total; send",
        f"{IN}  1 or more",
        f"{IN}customerInfo.emailAddress is what a web page shows in place of a",
        f"{IN}  hidden address; send the customer's",
        "Stopped.",
    ]


@pytest.mark.parametrize("server", ["threads", "granian"])
def test_the_log_as_json_has_an_object_per_line(serve: Serve, server: str) -> None:
    """For its start, each call, each attempt of a webhook, and its end."""
    served = serve("--log-format", "json", "--server", server)
    root = served.root_url
    hook = {"url": f"{root}/nobody", "eventSubscriptions": ["order.rejected"]}
    requests.post(f"{root}/v1/webhook-endpoints", json=hook, headers=KEY, timeout=10)
    body = {**SAMPLES["guide/python"].payload, "token": "paytok_test_declined"}
    requests.post(f"{root}/v1/orders", json=body, headers=KEY, timeout=10)
    requests.post(f"{root}/__admin/webhooks/drain", headers=KEY, timeout=10)

    lines = [json.loads(text) for text in served.stop().splitlines()]

    assert lines[0]["rootUrl"] == root
    order = next(line for line in lines if line.get("path") == "/v1/orders")
    hook = next(line for line in lines if line["kind"] == "webhook")
    assert lines[-1] == {"kind": "stopped"}
    assert (order["method"], order["status"]) == ("POST", 200)
    assert order["result"][0] == "rejected"
    assert order["notes"][0].startswith("declined: ")
    assert order["durationMs"] > 0
    assert (hook["type"], hook["failure"]) == ("order.rejected", "not delivered")


def test_quiet_prints_nothing(serve: Serve) -> None:
    """``--quiet`` is for pipes."""
    served = serve("--quiet")

    requests.get(f"{served.root_url}/v1/orders", headers=KEY, timeout=10)

    assert served.stop() == ""


@pytest.mark.parametrize(
    "body",
    [b'{"errorCode":7,"details":5}', b'{"id":5}', b"[1]", b"{half", b'{"details":[]}'],
)
def test_a_response_of_any_form_is_printed(body: bytes) -> None:
    """An injected fault may return any body."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/v1/orders"}

    line, *_ = printed(environ, "503 Injected", {}, body)

    assert "503" in line
    assert "GET /v1/orders" in line


@pytest.mark.parametrize("server", ["threads", "granian"])
def test_a_fault_and_a_decline_say_what_happened(serve: Serve, server: str) -> None:
    """On both servers; with -v calls of the control plane are printed, too."""
    served = serve("--server", server, "-v")
    url = f"{served.root_url}/v1/orders"
    order = {**SAMPLES["guide/python"].payload, "customerInfo": {}}
    plan = {"operation": "create_order", "kind": "broken_json", "when": "after_commit"}
    requests.post(
        f"{served.root_url}/__admin/faults", json=plan, headers=KEY, timeout=10
    )

    lost = requests.post(url, json=order, headers=KEY, timeout=10)
    token = "paytok_test_declined"
    requests.post(url, json={**order, "token": token}, headers=KEY, timeout=10)

    said = masked(served.stop())
    assert "T 200 POST /__admin/faults T" in said
    id_ = lost.text.partition('"id":"')[2].partition('"')[0]
    changed = f"charged {id_}, answer cut in half (broken_json after commit)"
    assert f"T 200 POST /v1/orders T {changed[:20]}" in said
    assert changed in re.sub(r"\n +", " ", said)
    assert "T rejected order_test_" in said
    assert f"{IN}declined: consumer consumer_test_declined is set to decline\n" in said


def test_a_lost_answer_is_red() -> None:
    """It has no status, since the client saw none."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/orders",
        "smartpay.answer": Answer(
            200,
            result="charged order_1, answer lost (reset)",
            transport=TransportFault("reset"),
        ),
    }

    line, *_ = printed(environ, "200 OK", {})

    assert line.startswith("T \x1b[31m--- POST")
    assert line.endswith("charged order_1, answer lost (reset)\x1b[0m")


def test_deliveries_of_webhooks_are_printed(serve: Serve) -> None:
    """A failure says what the receiver did, and that it goes on."""
    served = serve()
    nobody = f"{served.root_url}/nobody"  # answers 404
    endpoint = {"url": nobody, "eventSubscriptions": ["order.authorized"]}
    root = served.root_url
    requests.post(
        f"{root}/v1/webhook-endpoints", json=endpoint, headers=KEY, timeout=10
    )
    order = SAMPLES["guide/python"].payload
    requests.post(f"{root}/v1/orders", json=order, headers=KEY, timeout=10)
    requests.post(f"{root}/__admin/webhooks/drain", headers=KEY, timeout=10)

    said = masked(served.stop())

    assert f"T 404 order.authorized {nobody} T\n" in said
    assert f"{IN}pending: the next attempt follows\n" in said


def test_a_delivered_webhook_is_one_line_for_each_attempt() -> None:
    """Not red, whatever the URL contains."""
    delivery = {
        "event": "evt_1",
        "type": "order.succeeded",
        "url": "http://a/\x1b[2J",
        "state": "delivered",
        "reason": None,
    }

    lines = lines_of_delivery(delivery, [{"status": 200, "ms": 2}] * 2, at=0)

    about = "order.succeeded http://a/\\x1b[2J 2 ms evt_1"
    texts = [click.unstyle(line.to_text()) for line in lines]
    assert [text[9:] for text in texts] == [f"200 {about}"] * 2


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("/v1/a%0aPOST", r"/v1/a\nPOST"),
        ("/v1/a%0d%1b[2J", r"/v1/a\r\x1b[2J"),
        ("/v1/%c2%9b2J", r"/v1/\x9b2J"),
        ("/v1/%e2%80%ae%e2%81%a6", r"/v1/\u202e\u2066"),
        ("/v1/%e2%80%a8%c2%85", r"/v1/\u2028\x85"),
        ("/v1/%ff%00", "/v1/\ufffd\\x00"),
        ("/v1/%e8%8a%b1", "/v1/花"),
    ],
)
def test_a_path_cannot_forge_a_line_or_repaint_the_terminal(
    serve: Serve, sent: str, shown: str
) -> None:
    """What is not printable is escaped, in the path and in the message about it."""
    served = serve()
    connection = HTTPConnection(urlsplit(served.root_url).netloc, timeout=10)
    connection.request("GET", sent, headers=KEY)
    connection.getresponse().read()
    connection.close()

    said = masked(served.stop())

    assert f"T 404 GET {shown} T" in said
    lines = said[said.index("T 404") :].splitlines()
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if not line.startswith(" ")][1:] == ["Stopped."]


@pytest.mark.parametrize("member", ["errorCode", "status", "id", "message"])
def test_no_member_of_an_answer_can_forge_a_line(member: str) -> None:
    """Nor a header of it."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    document = {"errorCode": "x", member: "a\nGET /forged\x1b[2J\u202e"}
    headers = {"smartpay-sandbox-advice": "b\nc\x9b"}

    lines = printed(environ, "400 Bad", headers, json.dumps(document).encode())
    lines = [click.unstyle(line) for line in lines]

    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if not line.startswith(" ")] == lines[:1]


def test_a_long_text_is_cut() -> None:
    """A path may have 64 KB."""
    assert printable("a" * 65_536, 10) == "a" * 10 + "..."


@pytest.mark.parametrize("state", ["gone", "full", "closed", "slow"])
def test_the_reader_of_the_log_does_not_change_answers(
    serve: Serve, state: str
) -> None:
    """Its process ended, the disk is full, the stream is closed, nobody reads."""
    reader, writer = os.pipe()
    if state == "full":
        writer = os.open("/dev/full", os.O_WRONLY)
    if state in {"gone", "closed"}:
        os.close(reader)
    served = serve("-v", stdout=writer)
    calls = 400 if state == "slow" else 3  # far more than a pipe holds

    answers = [
        requests.get(
            f"{served.root_url}/v1/{'long-' * 60}", headers=KEY, timeout=10
        ).status_code
        for _ in range(calls)
    ]
    order = SAMPLES["guide/python"].payload
    paid = requests.post(
        f"{served.root_url}/v1/orders", json=order, headers=KEY, timeout=10
    )

    assert answers == [404] * calls
    assert (paid.status_code, paid.json()["status"]) == (200, "succeeded")
    served.stop()
    assert served.process.returncode == 0


def test_lines_for_a_slow_reader_are_lost_and_counted() -> None:
    """Memory is bounded; the next line says so."""
    is_open, said = Event(), list[str]()

    def write(text: str) -> None:
        is_open.wait(10)
        said.append(text)

    printer = Printer(write)
    for number in range(10_010):
        printer(str(number))
    is_open.set()
    printer.close()

    printer_says = [text for text in said if "were not printed" in text]
    assert len(said) < 10_010
    assert printer_says
