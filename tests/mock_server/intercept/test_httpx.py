"""``httpx`` without a socket, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from probe_app import HTTPX_RAISES
from smartpay_fixtures import order_payload
from smartpay_mock.app import create_app
from smartpay_mock.intercept import async_smartpay_transport, smartpay_transport

API = "https://api.smartpay.co"
KINDS = ("reset", "empty", "half", "stall")
STALL_SECONDS = 0.1
KEY = {"Authorization": "Basic sk_test_inProcess"}


def ask(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
    """Return the answer to a call of a synchronous client."""
    transport = smartpay_transport(app)
    with httpx.Client(base_url=API, transport=transport) as client:
        return client.request(method, path, **options)


def ask_async(app: Any, method: str, path: str, **options: Any) -> httpx.Response:
    """Return the answer to the same call of an asynchronous client."""

    async def call() -> httpx.Response:
        transport = async_smartpay_transport(app)
        async with httpx.AsyncClient(base_url=API, transport=transport) as client:
            return await client.request(method, path, **options)

    return asyncio.run(call())


ENTRY_POINTS = pytest.mark.parametrize("entry_point", [ask, ask_async])


@ENTRY_POINTS
def test_the_guides_order_succeeds_without_a_socket(entry_point: Any) -> None:
    """The address of the real API, answered by the emulator."""
    answer = entry_point(
        create_app(), "POST", "/v1/orders", json=order_payload(), headers=KEY
    )

    assert answer.status_code == 200
    assert answer.json()["status"] == "succeeded"


@ENTRY_POINTS
def test_the_app_sees_the_request_as_it_was_sent(entry_point: Any, probe: Any) -> None:
    """Method, path, query, headers and body arrive unchanged."""
    answer = entry_point(
        probe,
        "PUT",
        "/echo/caf%C3%A9?limit=2&limit=3",
        content="gr\u00fc\u00df".encode(),
        headers={"Idempotency-Key": "key-1", "Content-Type": "text/plain"},
    )

    seen = answer.json()
    assert (answer.status_code, answer.reason_phrase) == (201, "CREATED")
    assert answer.headers["Request-Id"] == "req_test_1"
    assert (seen["method"], seen["host"]) == ("PUT", "api.smartpay.co")
    assert seen["path"].encode("latin-1").decode() == "/echo/caf\u00e9"
    assert (seen["query"], seen["key"]) == ("limit=2&limit=3", "key-1")
    assert seen["body"].encode("latin-1").decode() == "gr\u00fc\u00df"


@ENTRY_POINTS
@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_raises_what_it_raises_on_a_network(
    entry_point: Any, probe: Any, kind: str
) -> None:
    """Class and message are those that the socket makes; see the transport tests."""
    error, message = HTTPX_RAISES[kind]

    with pytest.raises(error) as caught:
        entry_point(probe, "POST", f"/fault/{kind}", timeout=STALL_SECONDS)

    assert type(caught.value) is error
    assert re.fullmatch(message, str(caught.value)), str(caught.value)


@ENTRY_POINTS
def test_a_stall_without_a_shorter_timeout_says_what_would_have_happened(
    entry_point: Any, probe: Any
) -> None:
    """It takes no time here; on a network it would hang, and the note says so."""
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        entry_point(probe, "GET", "/fault/stall", timeout=None)

    assert "Pass timeout=" in caught.value.__notes__[0]


def test_half_a_body_can_be_streamed_up_to_the_cut(probe: Any) -> None:
    """What arrived before the cut can be read, as on a network."""
    with (
        httpx.Client(transport=smartpay_transport(probe)) as client,
        client.stream("GET", f"{API}/fault/half") as answer,
    ):
        chunks = answer.iter_raw()
        received = next(chunks)
        with pytest.raises(httpx.RemoteProtocolError):
            next(chunks)

    assert answer.status_code == 200
    assert received == b'{"id":"order_'


def test_held_calls_do_not_hold_up_the_event_loop(probe: Any) -> None:
    """Fifty calls wait at one hold, and the loop still runs to release it."""

    async def race() -> list[int]:
        transport = async_smartpay_transport(probe)
        async with httpx.AsyncClient(base_url=API, transport=transport) as client:
            calls = [asyncio.create_task(client.get("/held")) for _ in range(50)]
            for _ in calls:
                await asyncio.to_thread(probe.arrived.acquire, timeout=5)
            probe.hold.set()
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert asyncio.run(race()) == [200] * 50


def test_a_transport_serves_one_event_loop_after_another(probe: Any) -> None:
    """A fixture may outlive the loop of a test."""
    transport = async_smartpay_transport(probe)

    async def call() -> int:
        client = httpx.AsyncClient(base_url=API, transport=transport)
        return (await client.get("/ok")).status_code

    assert [asyncio.run(call()), asyncio.run(call())] == [200, 200]
