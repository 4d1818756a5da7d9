"""RSGI in front of a WSGI application: what no test over a socket can wait for."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from smartpay_mock.server.rsgi import to_rsgi

HEADERS = {"host": "localhost", "content-length": "3"}


class StalledClient:
    """A client that never sends its body, and records the answer."""

    def __init__(self) -> None:
        self.answer: tuple[Any, ...] = ()

    async def __call__(self) -> bytes:
        """Wait for ever."""
        await asyncio.Event().wait()
        return b""

    def response_bytes(self, *answer: Any) -> None:
        """Take the answer."""
        self.answer = answer


def test_a_body_that_does_not_arrive_in_time_is_refused() -> None:
    """The application never sees the request; the answer has the API's shape."""
    scope = SimpleNamespace(
        http_version="1.1",
        server="127.0.0.1:80",
        scheme="http",
        method="POST",
        path="/v1/orders",
        query_string="",
        authority=None,
        headers=HEADERS,
    )
    called: list[object] = []

    def app(*request: object) -> list[bytes]:
        called.append(request)
        return []

    client = StalledClient()
    asyncio.run(to_rsgi(app, lambda _: 10, body_seconds=0.01)(scope, client))

    status, headers, body = client.answer
    assert (status, called) == (408, [])
    assert ("Connection", "close") in headers
    assert "did not arrive in time" in json.loads(body)["message"]
