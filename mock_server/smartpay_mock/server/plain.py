"""Plain requests, served without cheroot: parsed, answered and sent in one go.

A request is plain if it is what every client library sends: HTTP/1.1, a path without
escapes, headers that come once, a body of a stated and small length. cheroot's way,
which knows all of HTTP, costs twice what the app takes. Whatever is not plain is left
to it untouched. Both ways serve alike (``tests/mock_server/doors``), but that here an
answer is sent when it is whole.
"""

from __future__ import annotations

import io
import re
import sys
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from smartpay_mock.server.protocol import DRAIN_BYTES, REPORT_KEY, SOFTWARE
from smartpay_mock.server.streams import ClientGoneError, Reader
from smartpay_mock.server.transport import ENVIRON_KEY, Transport, carry_out

if TYPE_CHECKING:
    from smartpay_mock.server.connection import Connection

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

_END = b"\r\n\r\n"
_LONGEST_HEAD = 16_384
_REQUEST_LINE = re.compile(
    r"(DELETE|GET|PATCH|POST|PUT) ((/[\w.~:@!$&'()*+,;=/-]*)(?:\?([!-~]*))?) HTTP/1\.1",
    re.ASCII,
)
_NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
# Headers that change how a request is read or a connection goes on.
_NOT_PLAIN = {"TRANSFER_ENCODING", "EXPECT", "UPGRADE", "TRAILER", "KEEP_ALIVE"}
_UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}
_WITHOUT_BODY = ("1", "204", "304")
_FAILED = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n"
    b"Content-Type: text/plain\r\n\r\n"
)


def environ_of(connection: Connection) -> Environ:
    """Return what the environ of every request on a connection has in common."""
    server = connection.server
    host, port = server.bind_addr[:2]
    return {
        "ACTUAL_SERVER_PROTOCOL": server.protocol,
        "REMOTE_ADDR": connection.remote_addr or "",
        "REMOTE_PORT": str(connection.remote_port or ""),
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": SOFTWARE,
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": False,
        "wsgi.multiprocess": False,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": "https" if connection.ssl_env else "http",
        "wsgi.version": (1, 0),
        **(connection.ssl_env or {}),
        REPORT_KEY: server.report,
    }


def read_plain(reader: Reader, common: Environ) -> Environ | None:
    """Return the environ of the next request, or ``None`` if it is not plain.

    What is plain is taken from the reader; anything else stays there.

    Args:
        reader: Of the connection.
        common: What ``environ_of`` returned.

    Raises:
        ClientGoneError: The client reset the connection or kept silent too long.
    """
    end = reader.find(_END, _LONGEST_HEAD)
    environ = None if end < 0 else _read_head(reader.peek(end), common)
    if environ is None:
        return None
    length = environ.get("CONTENT_LENGTH", "0")
    if not (length.isascii() and length.isdigit() and int(length) <= DRAIN_BYTES):
        return None
    if not reader.has(end + len(_END) + int(length)):
        return None
    reader.read(end + len(_END))
    environ["wsgi.input"] = io.BytesIO(reader.read(int(length)))
    return environ


def _read_head(head: bytes, common: Environ) -> Environ | None:
    line, *lines = head.decode("latin-1").split("\r\n")
    match = _REQUEST_LINE.fullmatch(line)
    if match is None or head.count(b"\n") + head.count(b"\r") != 2 * len(lines):
        return None
    environ = common.copy()
    method, environ["REQUEST_URI"], environ["PATH_INFO"], query = match.groups()
    environ["REQUEST_METHOD"], environ["QUERY_STRING"] = method, query or ""
    for line in lines:
        name, _, value = line.partition(":")
        key = _key_of(name)
        if not key or key in environ:
            return None
        environ[key] = value.strip(" \t")
    if environ.get("HTTP_CONNECTION", "keep-alive").lower() != "keep-alive":
        return None
    return environ


@lru_cache(maxsize=256)
def _key_of(name: str) -> str:
    """Return a header's name in the environ; empty if it makes a request unplain."""
    key = name.upper().replace("-", "_")
    if key in _NOT_PLAIN or not _NAME.fullmatch(name) or "_" in name:
        return ""
    return key if key in _UNPREFIXED else f"HTTP_{key}"


class _Answer:
    """What the app says through ``start_response`` and ``write``."""

    __slots__ = ("headers", "status", "written")

    def __init__(self) -> None:
        self.status = ""
        self.headers: Headers = []
        self.written: list[bytes] = []

    def start(
        self, status: str, headers: Headers, _exc_info: object = None
    ) -> Callable[[bytes], object]:
        """Note status and headers: ``start_response`` of PEP 3333."""
        self.status, self.headers = status, headers
        return self.written.append


def serve_plain(connection: Connection, environ: Environ) -> bool:
    """Answer one request; return whether the connection stays open.

    Args:
        connection: Whose.
        environ: What ``read_plain`` returned.

    Raises:
        ClientGoneError: The client did not wait for its answer.
    """
    environ[ENVIRON_KEY] = transport = Transport()
    try:
        stays = _answer(connection, environ, transport)
    except ClientGoneError:
        raise
    except Exception as error:
        connection.server.report(error)
        connection.send(_FAILED)
        return False
    if transport.order is not None:
        carry_out(connection, transport.order)
        return False
    return stays


def _answer(connection: Connection, environ: Environ, transport: Transport) -> bool:
    """Call the app and send its answer, unless it asks for a fault instead."""
    answer = _Answer()
    chunks: Iterable[bytes] = connection.server.wsgi_app(environ, answer.start)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    if transport.order is not None:
        return False
    return _send(connection, answer, b"".join([*answer.written, body]))


def _send(connection: Connection, answer: _Answer, body: bytes) -> bool:
    """Send an answer; return whether the connection stays open."""
    if not answer.status:
        raise RuntimeError("the WSGI app answered without calling start_response")
    said = {name.lower(): value for name, value in answer.headers}
    if "content-length" in said:
        if int(said["content-length"]) != len(body):
            raise ValueError(f"Content-Length is not the body's length, {len(body)}")
    elif not answer.status.startswith(_WITHOUT_BODY):
        answer.headers.append(("Content-Length", str(len(body))))
    connection.send(_head(answer, said) + body)
    return said.get("connection", "").lower() != "close"


def _head(answer: _Answer, said: dict[str, str]) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in answer.headers]
    if "date" not in said:
        lines.append(_date_line(int(time.monotonic())))
    if "server" not in said:
        lines.append(f"Server: {SOFTWARE}\r\n")
    return f"HTTP/1.1 {answer.status}\r\n{''.join(lines)}\r\n".encode("latin-1")


@lru_cache(maxsize=1)
def _date_line(_second: int) -> str:
    """Return the Date header, made once a second."""
    return f"Date: {formatdate(usegmt=True)}\r\n"
