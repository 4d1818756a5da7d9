"""Requests and responses as WSGI has them, for servers and in-process clients.

The keys of an environ that servers and the application share are here, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from smartpay_mock.kernel.exchange import TransportFault

Environ = dict[str, Any]
WSGIApp = Callable[[Environ, Any], Iterable[bytes]]
Headers = Sequence[tuple[str, str]]

TRANSPORT = "smartpay.transport"
"""A callable that takes a transport fault and the response that the fault spoils.

``transport(fault, status_line, headers, body)`` returns the response body to send.
A server that cannot break connections does not set it.
"""

REPORT = "smartpay.report"
"""A callable that takes each unexpected exception, so that a test can fail for it."""

HEADER_NAMES = "smartpay.header_names"
"""The headers' names in lower case as the client sent them, a repeated one twice.

In the other members of an environ, ``_`` and ``-`` are one character, and the values of
a repeated header are joined. Only servers and clients of ours set this.
"""

TIMEOUT = "smartpay.timeout"
"""The client's timeout in seconds, or ``None``; in-process clients set it."""

ANSWER = "smartpay.answer"
"""The ``Answer`` that the API returned; the application sets it, for logs."""

SOFTWARE = "smartpay-sandbox"
_UNPREFIXED = {"CONTENT_TYPE", "CONTENT_LENGTH"}


class Response:
    """What the application answers, or the fault that replaces the answer.

    Attributes:
        status: The status line without the protocol; empty until ``start``.
        headers: In the order given.
        body: The whole body.
        fault: The fault that the client sees in place of this response.
    """

    __slots__ = ("body", "fault", "headers", "status")

    def __init__(self, fault: TransportFault | None = None) -> None:
        self.status = ""
        self.headers: Headers = ()
        self.body = b""
        self.fault = fault

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status.partition(" ")[0])

    @property
    def reason(self) -> str:
        """The phrase behind the status."""
        return self.status.partition(" ")[2]

    def start(
        self, status: str, headers: Headers, _exc_info: object = None
    ) -> Callable[[bytes], None]:
        """Take status and headers: WSGI's ``start_response``."""
        self.status, self.headers = status, headers
        return self.write

    def write(self, part: bytes) -> None:
        """Add a part of the body."""
        self.body += part

    def take(self, chunks: Iterable[bytes]) -> None:
        """Add the body that the application returned."""
        try:
            self.body += b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()

    def lose(
        self, fault: TransportFault, status: str, headers: Headers, body: bytes
    ) -> Iterable[bytes]:
        """Take a fault and the answer that it replaces.

        The application finds this function under ``environ["smartpay.transport"]``
        and returns the result. The fault is applied after the application has
        returned, so an ``after_commit`` fault never undoes the commit.
        """
        self.fault = fault
        self.status, self.headers, self.body = status, headers, body
        return ()


def common_environ(host: str, port: int, *, scheme: str) -> Environ:
    """Return what the WSGI environments of all requests to a server share."""
    environ = {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_SOFTWARE": SOFTWARE,
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multiprocess": False,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.url_scheme": scheme,
        "wsgi.version": (1, 0),
    }
    if scheme == "https":
        environ["HTTPS"] = "on"
    return environ


def put_headers(environ: Environ, headers: Headers) -> None:
    """Put headers, in the order sent, into an environment; join repeated ones."""
    names = []
    for name, value in headers:
        key, lower = _names_of(name)
        text = value.strip(" \t")
        environ[key] = f"{environ[key]}, {text}" if key in environ else text
        names.append(lower)
    environ.pop("", None)
    environ[HEADER_NAMES] = tuple(names)


@lru_cache(maxsize=256)
def _names_of(name: str) -> tuple[str, str]:
    """Return a header's name in the environment, and in lower case.

    One with an underscore could pass for one with a hyphen, so it is empty.
    """
    key = name.upper().replace("-", "_")
    if key not in _UNPREFIXED:
        key = f"HTTP_{key}"
    return "" if "_" in name else key, name.lower()
