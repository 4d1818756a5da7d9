"""httpx: synchronous and asynchronous, over the socket and in-process."""

import asyncio

import httpx
import pytest

API = "https://api.smartpay.co/v1"


def headers_of(smartpay):
    return {"Authorization": f"Basic {smartpay.secret_key}", "Idempotency-Key": "k1"}


@pytest.mark.parametrize("way", ["socket", "in-process"])
def test_a_lost_answer(smartpay, way):
    smartpay.faults.add("create_order", "reset", when="after_commit")
    cart = smartpay.payload()
    options = {"transport": smartpay.transport()} if way == "in-process" else {}
    url = API if way == "in-process" else smartpay.url

    with httpx.Client(headers=headers_of(smartpay), **options) as client:
        with pytest.raises(httpx.TransportError):
            client.post(f"{url}/orders", json=cart)
        again = client.post(f"{url}/orders", json=cart)

    assert again.headers["Idempotency-Replayed"] == "true"
    assert smartpay.orders == [again.json()]


@pytest.mark.parametrize("way", ["socket", "in-process"])
def test_a_race_of_coroutines(smartpay, way):
    cart = smartpay.payload()
    options = {"transport": smartpay.async_transport()} if way == "in-process" else {}
    url = API if way == "in-process" else smartpay.url

    async def race():
        async with httpx.AsyncClient(headers=headers_of(smartpay), **options) as client:
            with smartpay.hold("create_order") as hold:
                calls = [
                    asyncio.create_task(client.post(f"{url}/orders", json=cart))
                    for _ in range(5)
                ]
                await asyncio.to_thread(hold.wait_for, 5)
                hold.release()
                return await asyncio.gather(*calls)

    answers = asyncio.run(race())

    assert len({answer.content for answer in answers}) == 1
    assert len(smartpay.orders) == 1
