"""aiohttp: over the socket."""

import asyncio

import aiohttp
import pytest


def test_a_lost_answer(smartpay):
    smartpay.faults.add("create_order", "reset", when="after_commit")
    cart = smartpay.payload()
    headers = {
        "Authorization": f"Basic {smartpay.secret_key}",
        "Idempotency-Key": "k1",
    }

    async def shop():
        async with aiohttp.ClientSession(headers=headers) as session:
            with pytest.raises(aiohttp.ClientError):
                await session.post(f"{smartpay.url}/orders", json=cart)
            async with session.post(f"{smartpay.url}/orders", json=cart) as again:
                return again.headers, await again.json(), smartpay.explain(again)

    answered, order, why = asyncio.run(shop())

    assert answered["Idempotency-Replayed"] == "true"
    assert smartpay.orders == [order]
    assert "the key is known" in why
