"""One HTTP POST with the standard library: no redirect followed, no proxy asked.

Certificates are checked, except on loopback: there nobody but this machine can
answer, and a local receiver's certificate is its own. *Assumed.*
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException

from smartpay_mock.events.destinations import Destination
from smartpay_mock.kernel.clock import SECOND_MS

# What a sender may raise; anything else is a defect of the sandbox.
SEND_ERRORS = (OSError, HTTPException)

# So much of an answer is read and thrown away, lest the receiver's write fails.
_ANSWER_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Post:
    """One attempt, ready to be sent.

    Attributes:
        destination: Where to.
        headers: Names as they are sent.
        body: The bytes that were signed.
        timeout_ms: How long connecting, and then each wait for bytes, may take.
    """

    destination: Destination
    headers: Mapping[str, str]
    body: bytes
    timeout_ms: int


Send = Callable[[Post], int]


def send_post(post: Post) -> int:
    """Send one attempt and return the HTTP status of the answer.

    Raises:
        OSError: There is no connection, or no answer in time.
        HTTPException: The answer is not HTTP.
    """
    destination = post.destination
    timeout_s = post.timeout_ms / SECOND_MS
    connection = HTTPConnection(destination.host, destination.port, timeout=timeout_s)
    # The socket is made here, so that the address that was judged is the one used.
    with _connect(destination, timeout_s) as connection.sock:
        headers = {
            "Host": destination.authority,
            **post.headers,
            "Connection": "close",
        }
        connection.request("POST", destination.target, post.body, headers)
        with connection.getresponse() as response:
            with suppress(*SEND_ERRORS):  # the status is what counts
                response.read(_ANSWER_BYTES)
            return response.status


def explain_failure(error: BaseException, post: Post) -> str:
    """Return in words why an attempt got no status."""
    host, port = post.destination.host, post.destination.port
    if isinstance(error, TimeoutError):
        return f"no answer within {post.timeout_ms} ms from {host}:{port}"
    if isinstance(error, ConnectionRefusedError):
        return f"connection refused: nothing listens at {host}:{port}"
    return f"{type(error).__name__}: {error}"


def _connect(destination: Destination, timeout_s: float) -> socket.socket:
    sock = _connect_any(destination, timeout_s)
    if destination.scheme == "http":
        return sock
    try:
        return _tls(is_checked=not destination.is_loopback).wrap_socket(
            sock, server_hostname=destination.host
        )
    except BaseException:
        sock.close()
        raise


def _connect_any(destination: Destination, timeout_s: float) -> socket.socket:
    failure: OSError = OSError(f"{destination.host} has no address")
    for address in destination.addresses:
        try:
            return socket.create_connection((address, destination.port), timeout_s)
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
