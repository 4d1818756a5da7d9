"""HTTP/1.1 as bytes: requests parsed by httptools, responses written out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

import httptools

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.ids import SUFFIX_LENGTH, random_base62
from smartpay_mock.kernel.json import encode
from smartpay_mock.kernel.wsgi import (
    HEADER_NAMES,
    SOFTWARE,
    Environ,
    Headers,
    Response,
    WSGIApp,
    put_headers,
)

HEADER_BYTES = 65_536

_VERSIONS = {"1.0", "1.1"}
_WITHOUT_BODY = ("1", "204", "304")
FAILED = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n"
    b"Content-Type: text/plain\r\nConnection: close\r\n\r\n"
)


@dataclass(slots=True)
class Request:
    """A request to answer.

    Attributes:
        environ: The WSGI environment.
        keeps_alive: Whether the connection stays open after the response.
        is_whole: ``False`` if the request was not read to its end, so that it can only
            be refused.
        refusal: What answers in place of the application, if anything does.
    """

    environ: Environ
    keeps_alive: bool
    is_whole: bool = True
    refusal: WSGIApp | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A WSGI app that refuses a request in the API's shape.

    Attributes:
        status: The status of the response.
        reason: What is wrong, for the message.
    """

    status: int
    reason: str

    def __call__(self, _environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Refuse a request; the connection closes after it."""
        body = encode(
            {
                "details": [],
                "errorCode": ApiError("request.malformed", reason=self.reason).code,
                "message": f"The request is not valid HTTP: {self.reason}.",
                "statusCode": self.status,
            }
        )
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Request-Id", f"req_test_{random_base62(SUFFIX_LENGTH)}"),
            ("Connection", "close"),
        ]
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return (body,)


def refused(status: int, reason: str) -> Request:
    """Return a request that the application never sees."""
    environ = {"REQUEST_METHOD": "", "SERVER_PROTOCOL": "HTTP/1.1"}
    refusal = Refusal(status, reason)
    return Request(environ, keeps_alive=False, is_whole=False, refusal=refusal)


class _Stop(Exception):  # noqa: N818 - ends parsing, is no error
    """Raised in a callback to stop the parser."""


class RequestParser:
    """Parses the bytes of one connection as they arrive.

    Args:
        common: Members that the WSGI environments of all requests share.
        body_limit: Returns the largest body in bytes that is read for a path.

    Attributes:
        ready: Requests that wait for their response, oldest first.
        began_at: When the request that is arriving began, in monotonic seconds;
            ``None`` between two requests.
        is_ended: Whether no further request is read from this connection.
        wants_continue: Whether the client waits for ``100 Continue``.
    """

    def __init__(self, common: Environ, body_limit: Callable[[str], int]) -> None:
        self.ready: deque[Request] = deque()
        self.began_at: float | None = None
        self.is_ended = False
        self.wants_continue = False
        self._common = common
        self._body_limit = body_limit
        self._parser = httptools.HttpRequestParser(self)
        self._pending_bytes = 0  # since the last byte of a body or end of a message

    def feed(self, data: bytes) -> None:
        """Parse ``data``; complete requests are in ``ready`` afterwards."""
        if self.is_ended:
            return
        self._pending_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._read_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            if not self.is_ended:
                raise
        except httptools.HttpParserError as error:
            self.refuse(400, str(error))
        if self.began_at is not None and self._pending_bytes > HEADER_BYTES:
            self.refuse(431, f"the headers have more than {HEADER_BYTES} bytes")

    def refuse(self, status: int, reason: str) -> None:
        """Refuse the current request and read no further one."""
        if not self.is_ended:
            self.is_ended, self.began_at = True, None
            self.ready.append(refused(status, reason))

    def on_message_begin(self) -> None:
        """Start a request."""
        self.began_at = time.monotonic()
        self._is_head = True
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._body_size = 0

    def on_url(self, part: bytes) -> None:
        """Collect the request target."""
        self._url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header; trailers behind a chunked body are ignored."""
        if self._is_head:
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Check the head and make the WSGI environment."""
        self._is_head = False
        method = self._parser.get_method()
        if self._parser.should_upgrade() and method != b"CONNECT":
            return  # on_message_complete follows at once, then HttpParserUpgrade
        if self._pending_bytes > HEADER_BYTES and self._head_size() > HEADER_BYTES:
            self.refuse(431, f"the headers have more than {HEADER_BYTES} bytes")
            raise _Stop
        problem = self._read_head(method.decode("ascii"))
        if problem:
            self.refuse(400, problem)
            raise _Stop
        self._limit = self._body_limit(self._environ["PATH_INFO"])
        if int(self._environ.get("CONTENT_LENGTH", "0")) > self._limit:
            self._give_up_body()
        expected = self._environ.get("HTTP_EXPECT", "").lower()
        self.wants_continue = expected == "100-continue"

    def on_body(self, part: bytes) -> None:
        """Collect the body, up to the limit."""
        self._pending_bytes = 0
        self._body.append(part)
        self._body_size += len(part)
        if self._body_size > self._limit:
            self._give_up_body()

    def on_message_complete(self) -> None:
        """Add the request to ``ready``."""
        self._pending_bytes = 0
        if self._parser.should_upgrade():
            return
        self.began_at, self.wants_continue = None, False
        if "HTTP_TRANSFER_ENCODING" in self._environ:
            self._environ["CONTENT_LENGTH"] = str(self._body_size)
        self._environ["wsgi.input"] = BytesIO(b"".join(self._body))
        keeps_alive = self._parser.should_keep_alive()
        self.ready.append(Request(self._environ, keeps_alive))
        self.is_ended = not keeps_alive

    def _give_up_body(self) -> None:
        """Pass on a request whose body is over the limit, and stop reading."""
        self._environ["wsgi.input"] = BytesIO(b"".join(self._body))
        self.ready.append(Request(self._environ, keeps_alive=False, is_whole=False))
        self.is_ended, self.began_at = True, None
        raise _Stop

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Read a request again as if it did not ask for another protocol.

        The parser skips the body of a request that asks for an upgrade; a server
        that ignores ``Upgrade`` has to read it (RFC 9110, 7.8).
        """
        start = self._parser.get_method() + b" " + self._url + b" HTTP/1.1\r\n"
        kept = [row for row in self._headers if row[0].lower() != "upgrade"]
        lines = "".join(f"{name}: {value}\r\n" for name, value in kept)
        self._parser = httptools.HttpRequestParser(self)
        self.feed(start + lines.encode("latin-1") + b"\r\n" + rest)

    def _head_size(self) -> int:
        headers = sum(len(name) + len(value) + 4 for name, value in self._headers)
        return len(self._url) + headers

    def _read_head(self, method: str) -> str:
        """Make the environment from the head; return what is wrong, or ''."""
        version = self._parser.get_http_version()
        if version not in _VERSIONS:
            return f"HTTP/{version} is not supported"
        environ = self._environ = self._common.copy()
        environ["REQUEST_METHOD"] = method
        problem = read_headers(environ, version, self._headers)
        return problem or _read_target(self._url.decode("latin-1"), environ)


def read_headers(environ: Environ, version: str, headers: Headers) -> str:
    """Put the headers into the environment; return what is wrong with them, or ''.

    Args:
        environ: The WSGI environment of the request.
        version: Of HTTP, ``1.0`` or ``1.1``.
        headers: In the order sent.
    """
    environ["SERVER_PROTOCOL"] = f"HTTP/{version}"
    put_headers(environ, headers)
    hosts = environ[HEADER_NAMES].count("host")
    if hosts > 1:
        return "it has two Host headers"
    if version == "1.1" and not hosts:
        return "it has no Host header"
    coding = environ.get("HTTP_TRANSFER_ENCODING")
    if coding is not None and (coding.lower() != "chunked" or version == "1.0"):
        return f"Transfer-Encoding {coding!r} is not supported"
    return ""


def _read_target(target: str, environ: Environ) -> str:
    """Put path and query into the environment; return what is wrong, or ''."""
    environ["REQUEST_URI"] = target
    if not target.startswith("/") and target != "*":
        scheme, _, rest = target.partition("://")
        if scheme.lower() not in {"http", "https"} or not rest:
            return f"its target {target[:80]!r} is neither a path nor a URL"
        environ["HTTP_HOST"], slash, path = rest.partition("/")
        target = slash + path or "/"
    if "#" in target:
        return "its target has a fragment"
    path, _, environ["QUERY_STRING"] = target.partition("?")
    environ["PATH_INFO"] = _unquote(path) if "%" in path else path
    return ""


def _unquote(path: str) -> str:
    """Return a path decoded as WSGI has it; ``%2F`` stays, as it is no separator."""
    atoms = path.replace("%2f", "%2F").split("%2F")
    return "%2F".join(unquote_to_bytes(atom).decode("latin-1") for atom in atoms)


def half_of(response: Response) -> bytes:
    """Return the head and half of the body; half of the head if there is no body.

    The head states the length of the whole body, so that every client can detect
    the cut.
    """
    body = response.body
    kept = [
        f"{name}: {value}\r\n"
        for name, value in response.headers
        if name.lower() not in {"content-length", "transfer-encoding"}
    ]
    text = f"HTTP/1.1 {response.status}\r\n{''.join(kept)}"
    head = f"{text}Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
    return head + body[: len(body) // 2] if body else head[: len(head) // 2]


def encode_response(response: Response, request: Request) -> tuple[bytes, bool]:
    """Return a response as bytes, and whether the connection stays open.

    Raises:
        RuntimeError: The application did not call ``start_response``.
        ValueError: Its Content-Length is not the length of its body.
    """
    if not response.status:
        raise RuntimeError("the WSGI app answered without calling start_response")
    given = {name.lower(): value for name, value in response.headers}
    length, body = _framing(response, given, request.environ["REQUEST_METHOD"])
    keeps_alive = request.keeps_alive and given.get("connection", "").lower() != "close"
    lines = [f"HTTP/1.1 {response.status}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in response.headers]
    lines.append(length)
    if not keeps_alive and "connection" not in given:
        lines.append("Connection: close\r\n")
    elif request.environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        lines.append("Connection: keep-alive\r\n")
    if "date" not in given:
        lines.append(_date_line(int(time.monotonic())))
    if "server" not in given:
        lines.append(f"Server: {SOFTWARE}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode("latin-1") + body, keeps_alive


def _framing(
    response: Response, given: dict[str, str], method: str
) -> tuple[str, bytes]:
    """Return a Content-Length header where one is missing, and the body to send."""
    if response.status.startswith(_WITHOUT_BODY):
        return "", b""
    body = response.body
    length = ""
    if "content-length" not in given:
        length = f"Content-Length: {len(body)}\r\n"
    elif method != "HEAD" and int(given["content-length"]) != len(body):
        raise ValueError(f"Content-Length is not the body's length, {len(body)}")
    return length, b"" if method == "HEAD" else body


@lru_cache(maxsize=1)
def _date_line(_second: int) -> str:
    """Return the Date header, made once a second."""
    return f"Date: {formatdate(usegmt=True)}\r\n"
