"""The HTTP request of one attempt to deliver a webhook.

One deadline limits the whole attempt: connecting, TLS, sending and the answer. An
answer that is not complete by then is no answer. Redirects are not followed and no
proxy is used. Certificates are checked, except on loopback, where a receiver may have
a certificate of its own. *Assumed.*
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache

import httptools

from smartpay_mock.events.destinations import Destination
from smartpay_mock.kernel.clock import SECOND_MS

SEND_ERRORS = (OSError, httptools.HttpParserError)
"""Exceptions of a failed attempt; any other one is a defect of the emulator."""

# How much of an answer is read, interim answers and body included. A receiver can
# finish writing a body of that size.
_ANSWER_BYTES = 65_536
_CHUNK_BYTES = 16_384
_KEPT_BYTES = 1_000

_OK, _SWITCHING = 200, 101


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request, ready to be sent.

    Attributes:
        destination: Where to.
        headers: Names as they are sent.
        body: The bytes that were signed.
        timeout_ms: Limit for the whole attempt.
        spent_ms: The part of it that the look-up of the name took.
        answer: The beginning of the last answer's body.
    """

    destination: Destination
    headers: Mapping[str, str]
    body: bytes
    timeout_ms: int
    spent_ms: int = 0
    answer: bytearray = field(default_factory=bytearray)


Send = Callable[[Post], int]


def send_post(post: Post) -> int:
    """Send one request and return the HTTP status of the final answer.

    Raises:
        OSError: No connection, or no complete answer in time.
        httptools.HttpParserError: The answer is not HTTP.
    """
    destination = post.destination
    deadline = _Deadline((post.timeout_ms - post.spent_ms) / SECOND_MS)
    with ExitStack() as stack:
        connection = stack.enter_context(_connect(destination, deadline))
        if destination.scheme == "https":
            tls = _tls(is_checked=not destination.is_loopback)
            connection.settimeout(deadline.left_s())
            connection = stack.enter_context(
                tls.wrap_socket(connection, server_hostname=destination.host)
            )
        unsent = memoryview(_written(post))
        while unsent:
            connection.settimeout(deadline.left_s())
            unsent = unsent[connection.send(unsent[:_CHUNK_BYTES]) :]
        return _read_status(connection, deadline, post.answer)


def explain_failure(error: BaseException, post: Post) -> str:
    """Return why an attempt got no status."""
    host, port = post.destination.host, post.destination.port
    if isinstance(error, TimeoutError):
        return f"no complete answer within {post.timeout_ms} ms from {host}:{port}"
    if isinstance(error, ConnectionRefusedError):
        return f"connection refused: nothing listens at {host}:{port}"
    if isinstance(error, httptools.HttpParserError):
        return f"the answer from {host}:{port} is not HTTP: {error}"
    return f"{type(error).__name__}: {error}"


class _Deadline:
    """A moment when an attempt ends."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left_s(self) -> float:
        """Return the time that is left, in seconds.

        Raises:
            TimeoutError: None is left.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Answer:
    """Receives what the parser finds.

    Attributes:
        body: The beginning of the body.
        status: The status of the final answer, once its headers are complete.
        is_complete: Whether the final answer ended.
    """

    def __init__(self, body: bytearray) -> None:
        self.body = body
        self.status: int | None = None
        self.is_complete = False
        self.parser = httptools.HttpResponseParser(self)

    def on_headers_complete(self) -> None:
        """Keep a final status; the interim ones, 100 to 199, are skipped."""
        status = self.parser.get_status_code()
        if self.status is None and (status >= _OK or status == _SWITCHING):
            self.status = status

    def on_body(self, data: bytes) -> None:
        """Keep the beginning of the body."""
        self.body += data[: _KEPT_BYTES - len(self.body)]

    def on_message_complete(self) -> None:
        """Note the end of the final answer."""
        self.is_complete = self.status is not None


def _connect(destination: Destination, deadline: _Deadline) -> socket.socket:
    """Connect to one of the addresses that were checked, instead of the name."""
    failure: OSError = OSError(f"{destination.host} has no address")
    for address in destination.addresses:
        left_s = deadline.left_s()
        try:
            return socket.create_connection((address, destination.port), left_s)
        except OSError as error:
            failure = error
    raise failure


@cache
def _tls(*, is_checked: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not is_checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _written(post: Post) -> bytes:
    """Return the bytes of the request."""
    headers = {
        "Host": post.destination.authority,
        "Content-Length": str(len(post.body)),
        **post.headers,
        "Connection": "close",
    }
    lines = [f"POST {post.destination.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise OSError("the request has a header with control or non-ASCII characters")
    return "\r\n".join([*lines, "", ""]).encode() + post.body


def _read_status(
    connection: socket.socket, deadline: _Deadline, body: bytearray
) -> int:
    """Return the status of the final answer. Once it is known, only time can fail."""
    answer = _Answer(body)
    received = 0
    while not answer.is_complete and received < _ANSWER_BYTES:
        connection.settimeout(deadline.left_s())
        try:
            data = connection.recv(_CHUNK_BYTES)
            answer.parser.feed_data(data)
        except TimeoutError:
            raise
        except httptools.HttpParserUpgrade:  # 101: there is no other answer
            break
        except SEND_ERRORS:
            if answer.status is None:
                raise
            break
        if not data:
            break
        received += len(data)
    if answer.status is None:
        raise ConnectionError("the connection ended before the answer did")
    return answer.status
