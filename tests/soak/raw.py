"""Bytes that are hardly HTTP, sent over sockets to the emulator's own server.

Each connection gets well-formed responses or is closed in time, nothing fails in the
server, and the next client is served.
"""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPException, parse_headers
from random import Random
from typing import Any, BinaryIO

from tests.mock_server.account import payload
from tests.soak.figures import Figures, for_seconds

from smartpay_mock.server import Sandbox

TIMEOUT_S = 10.0
"""How long an answer, or the end of the connection, may take."""

_BODY = json.dumps(payload()).encode()
_HEAD = b"Host: localhost\r\nAuthorization: Basic sk_test_raw\r\n"
_TYPE = b"Content-Type: application/json\r\n"
_LENGTH = b"Content-Length: %d\r\n" % len(_BODY)
_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_POST = b"POST /v1/orders HTTP/1.1\r\n" + _HEAD + _TYPE
SEEDS = [
    _POST + _LENGTH + b"\r\n" + _BODY,
    _POST + _CHUNKED + b"\r\n%x\r\n%b\r\n0\r\nX-A: 1\r\n\r\n" % (len(_BODY), _BODY),
    _POST + _LENGTH + b"Expect: 100-continue\r\n\r\n" + _BODY,
    b"GET /v1/orders?maxResults=1&expand=all HTTP/1.1\r\n" + _HEAD + b"\r\n",
    b"GET /__admin/clock HTTP/1.1\r\nConnection: close\r\n" + _HEAD + b"\r\n",
    b"PUT /__admin/snapshots HTTP/1.0\r\n" + _HEAD + _TYPE + _LENGTH + b"\r\n" + _BODY,
    b"GET /checkout/checkout_test_1 HTTP/1.1\r\n" + _HEAD + b"\r\n",
]
PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\xff", b"0\r\n\r\n", b"\r\n\r\n"),
    *(b"HTTP/9.9", b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", _CHUNKED),
    *(b"ffffffffffffffff\r\n", b"A" * 70_000, b"X: y\r\n z\r\n", b"Upgrade: h2c\r\n"),
    *(b"Connection: keep-alive, close\r\n", b"Host: a b\r\n", b"%", b"..", b"//"),
]


_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def mutated(random: Random, data: bytes) -> bytes:
    """Return ``data`` with one place removed, repeated, replaced or added to."""
    at = random.randrange(len(data) + 1)
    end = min(len(data), at + random.choice([1, 1, 4, 40, 400]))
    match random.randrange(5):
        case 0:
            return data[:at] + data[end:]
        case 1:
            return data[:end] + data[at:]
        case 2:
            return data[:at] + random.randbytes(end - at) + data[end:]
        case 3:
            return data[:at] + random.choice(PIECES) + data[at:]
    return data[:at] + random.choice(SEEDS)


def read_response(received: BinaryIO) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the next response.

    Raises:
        HTTPException: It is no response, or is cut off.
    """
    line = received.readline().split(maxsplit=2)
    if len(line) < 2 or not line[0].startswith(b"HTTP/1."):
        raise HTTPException(f"no status line: {line!r}")
    headers = {name.lower(): value for name, value in parse_headers(received).items()}
    body = received.read(length := int(headers.get("content-length", 0)))
    if len(body) < length:
        raise HTTPException(f"{len(body)} of {length} bytes: {line!r}")
    return int(line[1]), headers, body


def responses(data: bytes) -> Iterator[tuple[int, dict[str, str], bytes]]:
    """Yield status, headers and body of each response in ``data``."""
    # The client may end while it is asked to go on.
    received = io.BytesIO(data := data.replace(_CONTINUE, b""))
    while received.tell() < len(data):
        yield read_response(received)


def send(port: int, data: bytes, random: Random) -> bytes:
    """Send bytes in up to three pieces and return what comes until the end."""
    with closing(socket.create_connection(("127.0.0.1", port), TIMEOUT_S)) as client:
        cuts = sorted(random.randrange(len(data) + 1) for _ in range(2))
        received = b""
        try:
            for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
                client.sendall(data[start:end])
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(65_536):
                received += part
        except TimeoutError:
            raise
        except OSError:
            pass  # it was refused, and closed, before all was sent
        return received


def fuzz_bytes(seconds: float) -> Figures:
    """Send mutated requests for so long."""
    figures = Figures.of("5xx", "unexpected shapes", "slow calls", connections=0)
    random = Random(5)  # noqa: S311 - repeatable on purpose
    with Sandbox() as sandbox:
        port = int(sandbox.root_url.rpartition(":")[2])
        for _ in for_seconds(seconds):
            data = random.choice(SEEDS)
            for _ in range(random.randint(1, 3)):
                data = mutated(random, data)
            _try(figures, port, data, random)
        figures.fail_each("5xx", map(repr, sandbox.errors))
        if [status for status, _, _ in responses(send(port, SEEDS[0], random))] != [
            200
        ]:
            figures.fail("5xx", "a plain charge after all that")
    return figures


def _try(figures: Figures, port: int, data: bytes, random: Random) -> None:
    figures.done["connections"] += 1
    try:
        for status, headers, body in responses(send(port, data, random)):
            figures.done["responses"] += 1
            is_json = headers.get("content-type", "").endswith("json")
            if status >= 500:
                figures.fail("5xx", (data, status, body))
            elif status >= 400 and is_json and not _is_error(status, json.loads(body)):
                figures.fail("unexpected shapes", (data, status, body))
    except TimeoutError:
        figures.fail("slow calls", data)
    except (HTTPException, ValueError) as error:
        figures.fail("unexpected shapes", (data, error))


def _is_error(status: int, body: Any) -> bool:
    """Return whether a body is an error of the API or of the control plane."""
    return status in (body.get("status"), body.get("statusCode"))
