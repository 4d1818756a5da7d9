"""The baseline: granian answers fixed bytes over WSGI. ``fixed_bytes.py PORT``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from granian import Granian
from granian.constants import Interfaces

ANSWER = Path("answer.json").read_bytes() if Path("answer.json").exists() else b"{}"
HEADERS = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(ANSWER))),
]


def app(
    environ: dict[str, Any], start_response: Callable[..., object]
) -> Iterable[bytes]:
    """Read the request, then send the same response as always."""
    environ["wsgi.input"].read()
    start_response("200 OK", HEADERS)
    return (ANSWER,)


if __name__ == "__main__":
    Granian(
        target="fixed_bytes:app",
        address="127.0.0.1",
        port=int(sys.argv[1]),
        interface=Interfaces.WSGI,
        blocking_threads=1,
    ).serve()
