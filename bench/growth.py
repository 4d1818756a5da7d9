"""Does a list page, or a charge, cost more when an account holds more orders?

Fills one account of an emulator in this process with 1,000, 10,000 and 100,000 orders
(``--most`` for more) and measures, in the same run, a charge and three pages: the
first, one in the middle, the last. Prints medians and their ratio to those at 1,000.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from smartpay_fixtures import SAMPLES
from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ROUNDS = 7
CALLS = 40
KEY = "Basic sk_test_growth"


def call(app: Any, method: str, path: str, query: str = "", body: bytes = b"") -> Any:
    """Call the app as a WSGI server does and return the JSON answered."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": KEY,
        "HTTP_HOST": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
    }
    answer = b"".join(app(environ, lambda *_: None))
    return json.loads(answer)


def cost(work: Callable[[], Any]) -> float:
    """Return the median cost of a call in microseconds of this process's CPU time."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(CALLS):
            work()
        rounds.append((time.process_time() - start) / CALLS * 1e6)
    return statistics.median(rounds)


def tokens_of_pages(app: Any, size: int) -> tuple[str, str]:
    """Return the page tokens of a page in the middle and of the last one."""
    token, pages = "", []
    for _ in range(size // 100 - 1):
        token = call(app, "GET", "/v1/orders", f"maxResults=100&pageToken={token}")[
            "nextPageToken"
        ]
        pages.append(token)
    return pages[len(pages) // 2], pages[-1]


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000)
    parser.add_argument("--state", default="memory:")
    options = parser.parse_args()
    app = create_app(Settings(state=options.state))
    body = SAMPLES["guide/python"].body
    print(f"{'orders':>9}  {'charge':>14}  {'first page':>14}  {'middle':>14}  last")
    base: list[float] = []
    held = 0
    for size in (size for size in SIZES if size <= options.most):
        while held < size:
            call(app, "POST", "/v1/orders", body=body)
            held += 1
        middle, last = tokens_of_pages(app, size)
        figures = [cost(lambda: call(app, "POST", "/v1/orders", body=body))]
        held += ROUNDS * CALLS
        for token in ("", middle, last):
            query = f"pageToken={token}"
            figures.append(cost(partial(call, app, "GET", "/v1/orders", query)))
        base = base or figures
        cells = [
            f"{f:7.0f} us {f / b:4.2f}" for f, b in zip(figures, base, strict=True)
        ]
        print(f"{size:>9,}  " + "  ".join(cells))


if __name__ == "__main__":
    main()
