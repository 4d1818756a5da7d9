"""A receiver of webhooks inside the test: a real socket on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    verify,
)
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.server import ThreadServer
from smartpay_mock.testing.arrivals import describe_difference

_OK = 200
_STATUSES = range(200, 600)
_UNAUTHORIZED = 401
_FAILED = 500
# Between two looks for what may have come due meanwhile, in seconds.
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One attempt to deliver an event, as it arrived.

    Attributes:
        id: The event's id; the same on every attempt.
        type: Such as ``order.authorized``.
        data: The object the event is about.
        body: The bytes that were signed.
        headers: Names as they are documented, such as ``Smartpay-Signature``.
        is_signature_valid: Whether signature, timestamp and body fit the secret.
    """

    id: str
    type: str
    data: dict[str, Any]
    body: bytes
    headers: Mapping[str, str]
    is_signature_valid: bool

    def __repr__(self) -> str:
        doubt = "" if self.is_signature_valid else ", bad signature"
        return f"<{self.type} {self.id}{doubt}>"


Handler = Callable[[WebhookEvent], int | None]


class Receiver:
    """Receives the account's webhooks and keeps them for assertions.

    It answers like a good receiver: 401 to a wrong signature, else 200 or what the
    handler says. Made by ``smartpay.webhooks.receive()``.

    Attributes:
        url: Where it listens; what the webhook endpoint points to.
        secret: The endpoint's signing secret.
        endpoint_id: Id of the webhook endpoint.
        errors: What the handler raised.
    """

    def __init__(
        self,
        *,
        handler: Handler | None,
        answers: Sequence[int],
        drain: Callable[[], object],
        close: Callable[[Receiver], object],
    ) -> None:
        self.secret = ""
        self.endpoint_id = ""
        self.errors: list[BaseException] = []
        self._handler = handler
        self._answers = list(answers)
        self._drain = drain
        self._on_close = close
        self._arrived: list[WebhookEvent] = []
        self._lock = threading.Lock()
        self._server = ThreadServer(self._app).start()
        self.url = f"{self._server.url}/webhooks"

    @property
    def events(self) -> list[WebhookEvent]:
        """What arrived with a valid signature, in the order it arrived."""
        return [event for event in self._copy() if event.is_signature_valid]

    @property
    def rejected(self) -> list[WebhookEvent]:
        """What arrived with a wrong signature and was answered with 401."""
        return [event for event in self._copy() if not event.is_signature_valid]

    @property
    def types(self) -> list[str]:
        """The types of ``events``."""
        return [event.type for event in self.events]

    def wait_for(self, count: int = 1, *, timeout_s: float = 2.0) -> list[WebhookEvent]:
        """Deliver what is due and return the events, once there are ``count``.

        Nothing sleeps when they are due already; only when the code under test works
        in another thread is there anything to wait for.

        Args:
            count: How many events, valid ones, in all.
            timeout_s: How long to wait, in seconds.

        Raises:
            AssertionError: They did not come in time; the text says what came.
        """
        __tracebackhide__ = True  # pytest shows the test's own line
        pause = threading.Event()
        for _ in range(max(1, round(timeout_s / _PAUSE_S))):
            self._drain()
            self.raise_errors()
            if len(self.events) >= count:
                return self.events
            pause.wait(_PAUSE_S)
        came = ", ".join(self.types) or "none"
        spoilt = f", {len(self.rejected)} with a wrong signature" * bool(self.rejected)
        raise AssertionError(
            f"{len(self.events)} of {count} webhooks came within {timeout_s:g} s: "
            f"{came}{spoilt}. Retries come with smartpay.clock.advance()."
        )

    def assert_received(
        self, types: Sequence[str], *, in_any_order: bool = False
    ) -> list[WebhookEvent]:
        """Deliver what is due and check that exactly these events arrived.

        Args:
            types: The types of the events, each as often as it must arrive.
            in_any_order: Whether their order does not matter.

        Raises:
            AssertionError: Others arrived, or in another order, or not as often.
        """
        __tracebackhide__ = True
        self._drain()
        self.raise_errors()
        wanted, came = list(types), self.types
        if in_any_order:
            wanted, came = sorted(wanted), sorted(came)
        if wanted != came:
            text = describe_difference(wanted, came, in_any_order=in_any_order)
            raise AssertionError(text)
        return self.events

    def raise_errors(self) -> None:
        """Raise what the handler raised, once.

        Raises:
            Exception: Whatever the handler raised first.
        """
        errors = self.take_errors()
        if errors:
            raise errors[0]

    def take_errors(self) -> list[BaseException]:
        """Return what the handler raised and nobody has seen yet."""
        errors, self.errors = self.errors, []
        return errors

    def close(self) -> None:
        """Stop receiving; what arrived stays. Again does nothing."""
        if self._server.is_running:
            self._server.stop()
            self._on_close(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None:
            self.raise_errors()

    def _copy(self) -> list[WebhookEvent]:
        with self._lock:
            return list(self._arrived)

    def _app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status = self._receive(read_event(environ, body, self.secret))
        start_response(f"{status} Answered", [("Content-Length", "0")])
        return [b""]

    def _receive(self, event: WebhookEvent) -> int:
        with self._lock:
            self._arrived.append(event)
            answer = self._answers.pop(0) if self._answers else None
        if not event.is_signature_valid and self._handler is None:
            return _UNAUTHORIZED
        try:
            said = _status(self._handler(event)) if self._handler else None
        except BaseException as error:  # raised in the test
            self.errors.append(error)
            return _FAILED
        return answer or said or _OK


def _status(said: object) -> int | None:
    """Return what a handler said.

    Raises:
        SandboxUsageError: It is no status, a whole response say.
    """
    if said is None or (isinstance(said, int) and said in _STATUSES):
        return said
    raise SandboxUsageError(
        f"A handler of webhooks returned {said!r}; return the status to answer with, "
        "such as 200, or nothing."
    )


def read_event(environ: Mapping[str, Any], body: bytes, secret: str) -> WebhookEvent:
    """Return the event of a WSGI request."""
    names = (SIGNATURE_HEADER, TIMESTAMP_HEADER, SUBSCRIPTION_HEADER, EVENT_HEADER)
    headers = {
        name: str(environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))
        for name in names
    } | {"Content-Type": str(environ.get("CONTENT_TYPE", ""))}
    timestamp = headers[TIMESTAMP_HEADER]
    event = json.loads(body)
    return WebhookEvent(
        id=event["id"],
        type=event["eventData"]["type"],
        data=event["eventData"]["data"],
        body=body,
        headers=headers,
        is_signature_valid=timestamp.isdigit()
        and verify(secret, int(timestamp), body, signature=headers[SIGNATURE_HEADER]),
    )
