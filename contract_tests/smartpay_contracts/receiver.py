"""A webhook receiver on this machine, for one test, and the signature of webhooks.

Source of the signature: docs:/reference/receive-webhooks; every official SDK.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from smartpay_contracts.exchange import ContractFailure, Doc
from smartpay_contracts.values import now_ms

BASE62 = string.ascii_uppercase + string.ascii_lowercase + string.digits
TIMEOUT_S = 10.0
"""How long an event may take to arrive, in seconds."""

SILENCE = 0
"""In place of a status: close the connection without an answer."""


def decode_base62(text: str) -> bytes:
    """Return the bytes that ``text`` stands for: one large number, big end first.

    Raises:
        ValueError: A character is none of A-Z, a-z, 0-9.
    """
    number = 0
    for character in text:
        number = number * 62 + BASE62.index(character)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature, in lower-case hexadecimal.

    Args:
        secret: The endpoint's signing secret, in base62.
        timestamp: As the header has it, milliseconds since the epoch.
        body: The raw bytes of the delivery.
    """
    message = timestamp.encode("ascii") + b"." + body
    return hmac.new(decode_base62(secret), message, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One call of the receiver.

    Attributes:
        method: Should be POST.
        path: Which of the receiver's addresses was called.
        headers: Names in lower case.
        body: The raw bytes, which are what is signed.
        answered: The status the receiver gave, or ``SILENCE``.
        at_ms: When it arrived, in milliseconds since the epoch.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    answered: int
    at_ms: int

    @property
    def event(self) -> Doc:
        """The event; a member that is missing is the server's fault."""
        value = json.loads(self.body, object_pairs_hook=Doc)
        if not isinstance(value, Doc):
            raise ContractFailure("an event, a JSON object", found=repr(self.body[:80]))
        return value

    @property
    def type(self) -> str:
        """The type of the event, such as ``order.authorized``."""
        return str(self.event["eventData"]["type"])

    @property
    def data(self) -> Doc:
        """The object that the event is about."""
        data: Doc = self.event["eventData"]["data"]
        return data

    def is_signed_with(self, secret: str) -> bool:
        """Return whether it carries the right signature, in lower-case hex."""
        stamp = self.headers.get("smartpay-signature-timestamp", "")
        wanted = sign(secret, stamp, self.body)
        return self.headers.get("smartpay-signature") == wanted


class Receiver:
    """Receives deliveries and lets a test wait for them.

    Args:
        timeout_s: How long a delivery may take, in seconds.
        deliver_due: Delivers what is due, if the server has a control plane.
        host: The address to listen at.
        tls: The server's side of TLS, for a receiver with HTTPS.
    """

    def __init__(
        self,
        timeout_s: float = TIMEOUT_S,
        deliver_due: Callable[[], None] | None = None,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._deliver_due = deliver_due
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        """Statuses to give next, or ``SILENCE``, one per delivery; 200 after them."""
        self.ending = ""
        """What ends an answer: its length and the connection; ``open``: its length, and
        the connection stays open; ``close``: the end of the connection only."""
        self._changed = threading.Condition()
        self._scheme = "https" if tls else "http"
        self._server = _Server(self, host, tls)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="kit-receiver"
        )

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, path: str = "/hook", *, host: str = "127.0.0.1") -> str:
        """Return an address of the receiver."""
        return f"{self._scheme}://{host}:{self._server.server_address[1]}{path}"

    def deliver_due(self) -> None:
        """Have everything delivered that is due, on the emulator.

        Other servers cannot be asked to: there a test waits for what should come, and
        cannot prove that something does not.
        """
        if self._deliver_due is not None:
            self._deliver_due()

    def take(self, method: str, path: str, headers: Any, body: bytes) -> int:
        """Keep a delivery and return the status to answer with."""
        with self._changed:
            status = self.answers.pop(0) if self.answers else 200
            names = {name.lower(): value for name, value in headers.items()}
            delivery = Delivery(method, path, names, body, status, now_ms())
            self.deliveries.append(delivery)
            self._changed.notify_all()
            return status

    def wait_for(
        self, type_: str, *, path: str = "/hook", count: int = 1
    ) -> list[Delivery]:
        """Return the deliveries of an event type once there are ``count``.

        Raises:
            ContractFailure: They did not come in time.
        """
        self.deliver_due()
        with self._changed:
            if not self._changed.wait_for(
                lambda: len(self.of(type_, path=path)) >= count, self._timeout_s
            ):
                raise ContractFailure(
                    f"{count} delivery of {type_} at {path} within "
                    f"{self._timeout_s:.0f} s",
                    found=f"these: {', '.join(self.types(path=path)) or 'none'}",
                )
            return self.of(type_, path=path)

    def data_of(self, type_: str, id_: str) -> Doc:
        """Return the object in an event of this type about this id.

        Raises:
            ContractFailure: It did not come in time.
        """
        self.wait_until(
            lambda: any(d.data["id"] == id_ for d in self.of(type_)),
            f"{type_} of {id_}",
        )
        return next(d.data for d in self.of(type_) if d.data["id"] == id_)

    def of(self, type_: str, *, path: str = "/hook") -> list[Delivery]:
        """Return the deliveries of an event type so far."""
        return [d for d in self.at(path) if d.type == type_]

    def at(self, path: str) -> list[Delivery]:
        """Return the deliveries at one address so far."""
        return [d for d in self.deliveries if d.path == path]

    def types(self, *, path: str = "/hook") -> list[str]:
        """Return the event types that arrived at an address, in order of arrival."""
        return [d.type for d in self.at(path)]

    def wait_until(self, is_so: Callable[[], bool], what: str) -> None:
        """Return once ``is_so``.

        Raises:
            ContractFailure: It did not become so in time.
        """
        self.deliver_due()
        with self._changed:
            if not self._changed.wait_for(is_so, self._timeout_s):
                raise ContractFailure(
                    f"{what} within {self._timeout_s:.0f} s",
                    found=f"{len(self.deliveries)} deliveries",
                )


class _Server(ThreadingHTTPServer):
    # The server stops without waiting for open connections.
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, receiver: Receiver, host: str, tls: ssl.SSLContext | None
    ) -> None:
        self.receiver = receiver
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Handler)
        if tls is not None:
            # The thread of a connection shakes hands when it first reads.
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing; a test misses the delivery."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    server: _Server

    def do_POST(self) -> None:
        """Keep a delivery."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        status = self.server.receiver.take(self.command, self.path, self.headers, body)
        if status == SILENCE:
            return
        self.send_response(status)
        if self.server.receiver.ending != "close":
            self.send_header("Content-Length", "0")
        self.end_headers()
        self.close_connection = self.server.receiver.ending != "open"

    do_PUT = do_POST  # noqa: N815 - the names http.server looks for
    do_GET = do_POST  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
        """Log nothing."""
