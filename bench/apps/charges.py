"""Print the CPU time of a whole charge within this process, in microseconds.

What bench/before.py runs with the Python of each version: it uses only names that every
version has.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from pathlib import Path

from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings

ROUNDS = 15
CALLS = 200


def main() -> None:
    """Charge, and print the median of the rounds."""
    body = Path(sys.argv[1]).read_bytes()
    app = create_app(Settings())
    times = []
    for number in range(ROUNDS):
        start = time.process_time()
        for call in range(CALLS):
            charge(app, body, f"key-{number}-{call}")
        times.append((time.process_time() - start) / CALLS * 1e6)
    print(statistics.median(times))


def charge(app: object, body: bytes, key: str) -> None:
    """Charge once, as a WSGI server does."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/orders",
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": "Basic sk_test_bench",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_IDEMPOTENCY_KEY": key,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
    }
    statuses: list[str] = []
    b"".join(app(environ, lambda status, *_: statuses.append(status)))  # type: ignore[operator]  # typed as object
    if not statuses[0].startswith("200"):
        raise SystemExit(f"a charge was answered {statuses[0]}")


if __name__ == "__main__":
    main()
