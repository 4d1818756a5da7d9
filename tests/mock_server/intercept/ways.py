"""Ways to call an app without a socket, each as a function that asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import requests

from smartpay_mock.intercept import (
    SmartpayAdapter,
    async_smartpay_transport,
    intercept,
    smartpay_transport,
)

API = "https://api.smartpay.co"
Ask = Callable[..., Any]


@contextmanager
def by_interception(app: Any) -> Iterator[Ask]:
    """Ask with a plain function of ``requests``."""
    with intercept(app):
        yield requests.request


@contextmanager
def by_adapter(app: Any) -> Iterator[Ask]:
    """Ask with a session of ``requests`` that has the adapter mounted."""
    with requests.Session() as session:
        session.mount(API, SmartpayAdapter(app))
        yield session.request


@contextmanager
def by_transport(app: Any) -> Iterator[Ask]:
    """Ask with a client of ``httpx``."""
    with httpx.Client(transport=smartpay_transport(app)) as client:
        yield client.request


@contextmanager
def by_async_transport(app: Any) -> Iterator[Ask]:
    """Ask with an asynchronous client of ``httpx``."""

    async def call(*args: Any, **options: Any) -> httpx.Response:
        transport = async_smartpay_transport(app)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(*args, **options)

    yield lambda *args, **options: asyncio.run(call(*args, **options))
