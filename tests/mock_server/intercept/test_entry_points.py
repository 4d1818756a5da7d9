"""Each way to call without a socket: what the app sees, and what faults raise."""

from __future__ import annotations

import re
from traceback import format_exception
from typing import Any

import pytest
from tests.mock_server.intercept.ways import (
    API,
    by_adapter,
    by_async_transport,
    by_interception,
    by_transport,
)

from probe_app import HTTPX_RAISES, REQUESTS_RAISES
from smartpay_fixtures import order_payload
from smartpay_mock.app import create_app

KINDS = ("reset", "empty", "half", "stall")
STALL_SECONDS = 0.1
KEY = {"Authorization": "Basic sk_test_inProcess"}

OF_REQUESTS, OF_HTTPX = (
    (by_interception, by_adapter),
    (by_transport, by_async_transport),
)
BODY_OF = {**dict.fromkeys(OF_REQUESTS, "data"), **dict.fromkeys(OF_HTTPX, "content")}
RAISED_BY = {
    **dict.fromkeys(OF_REQUESTS, REQUESTS_RAISES),
    **dict.fromkeys(OF_HTTPX, HTTPX_RAISES),
}
ENTRY_POINTS = pytest.mark.parametrize("entry_point", RAISED_BY)


@ENTRY_POINTS
def test_the_guides_order_succeeds_without_a_socket(entry_point: Any) -> None:
    """The address of the real API, answered by the emulator."""
    with entry_point(create_app()) as ask:
        answer = ask("POST", f"{API}/v1/orders", json=order_payload(), headers=KEY)

    assert answer.status_code == 200
    assert answer.json()["status"] == "succeeded"


@ENTRY_POINTS
def test_the_app_sees_the_request_as_it_was_sent(entry_point: Any, probe: Any) -> None:
    """Method, path, query, headers and body arrive unchanged."""
    body = {BODY_OF[entry_point]: "gr\u00fc\u00df".encode()}
    headers = {"Idempotency-Key": "key-1", "Content-Type": "text/plain"}

    with entry_point(probe) as ask:
        url = f"{API}/echo/caf%C3%A9?limit=2&limit=3"
        answer = ask("PUT", url, headers=headers, **body)

    seen = answer.json()
    reason = getattr(answer, "reason", None) or answer.reason_phrase
    assert (answer.status_code, reason) == (201, "CREATED")
    assert answer.headers["request-id"] == "req_test_1"
    assert (seen["method"], seen["host"]) == ("PUT", "api.smartpay.co")
    assert seen["path"].encode("latin-1").decode() == "/echo/caf\u00e9"
    assert (seen["query"], seen["key"]) == ("limit=2&limit=3", "key-1")
    assert (seen["type"], seen["scheme"]) == ("text/plain", "https")
    assert seen["body"].encode("latin-1").decode() == "gr\u00fc\u00df"


@ENTRY_POINTS
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_raises_what_it_raises_on_a_network(
    entry_point: Any, probe: Any, kind: str
) -> None:
    """Class and message are those that the socket makes; see the transport tests."""
    error, message = RAISED_BY[entry_point][kind]

    with entry_point(probe) as ask, pytest.raises(error) as caught:
        ask("POST", f"{API}/fault/{kind}", timeout=STALL_SECONDS)

    assert type(caught.value) is error
    assert re.fullmatch(message, str(caught.value)), str(caught.value)
    request: Any = getattr(caught.value, "request", None)
    assert kind == "half" or request.url == f"{API}/fault/{kind}"


@pytest.mark.parametrize(
    ("entry_point", "timeout"),
    [
        *((x, timeout) for x in OF_REQUESTS for timeout in (None, 3_600, (1, None))),
        *((x, None) for x in OF_HTTPX),
    ],
)
def test_a_stall_without_a_shorter_timeout_says_what_would_have_happened(
    entry_point: Any, probe: Any, timeout: Any
) -> None:
    """It takes no time here; on a network it would hang, and the note says so."""
    error, message = RAISED_BY[entry_point]["empty"]

    with entry_point(probe) as ask, pytest.raises(error) as caught:
        ask("GET", f"{API}/fault/stall", timeout=timeout)

    assert re.fullmatch(message, str(caught.value)), str(caught.value)
    assert "Pass timeout=" in "".join(format_exception(caught.value))
