"""Calls to an emulator in this process, as a WSGI server makes them."""

from __future__ import annotations

import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from peer_files import files

from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store

KEY = "sk_test_bench"
BODY: bytes = files()["order.json"].encode()
_numbers = itertools.count()


class Emulator:
    """An emulator to call.

    Attributes:
        app: The WSGI application.
        store: Its state.
    """

    def __init__(self, state: str) -> None:
        self.store = open_store(state)
        self.app = create_app(Settings(), store=self.store)

    def __call__(
        self, method: str, path: str, query: str = "", *, key: str | None = None
    ) -> bytes:
        """Return the body of the answer to a call; POST sends the guide's order."""
        body = BODY if method == "POST" else b""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            "HTTP_AUTHORIZATION": f"Basic {KEY}",
            "HTTP_HOST": "127.0.0.1",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
        }
        if key is not None:
            environ["HTTP_IDEMPOTENCY_KEY"] = key
        said = ""

        def start(status: str, *_: object) -> Callable[[bytes], object]:
            nonlocal said
            said = status
            return len

        answer = b"".join(self.app(environ, start))
        if not said.startswith("2"):
            raise SystemExit(f"{method} {path}: {said} {answer.decode()}")
        return answer

    def create(self) -> Any:
        """Charge with a new idempotency key; return the order."""
        return json.loads(self("POST", "/v1/orders", key=f"key-{next(_numbers)}"))


@contextmanager
def emulator(state: str = "memory:") -> Iterator[Emulator]:
    """Yield an emulator on a store."""
    made = Emulator(state)
    try:
        yield made
    finally:
        made.store.close()


def times_us(
    work: Callable[[], object],
    *,
    rounds: int = 9,
    calls: int = 50,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Return the mean time of a call in each round, in microseconds."""
    means = []
    for _ in range(rounds):
        start = clock()
        for _ in range(calls):
            work()
        means.append((clock() - start) / calls * 1e6)
    return means
