"""``httpx`` without a socket, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from smartpay_mock.intercept import async_smartpay_transport, smartpay_transport

API = "https://api.smartpay.co"


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
