"""RSGI in front of a WSGI application: what no test over a socket can wait for."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from smartpay_mock.server import rsgi

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


def test_a_body_that_does_not_arrive_in_time_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The application never sees the request; the answer has the API's shape."""
    monkeypatch.setattr(rsgi, "BODY_SECONDS", 0.01)
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

    async def answer(environ: object) -> tuple[int, list[Any], bytes]:
        called.append(environ)
        return 200, [], b""

    client = StalledClient()
    asyncio.run(rsgi.to_rsgi(answer, lambda _: 10)(scope, client))

    status, headers, body = client.answer
    assert (status, called) == (408, [])
    assert ("Connection", "close") in headers
    assert "did not arrive in time" in json.loads(body)["message"]
