"""The account's webhooks, and receivers for them in the test process."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import zip_longest
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack

from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    verify,
)
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.text import whole_number
from smartpay_mock.kernel.waiting import before_waiting
from smartpay_mock.testing.client import AccountClient
from smartpay_mock.testing.text import side_by_side

_OK = 200
_STATUSES = range(200, 600)
_UNAUTHORIZED = 401
_FAILED = 500
# Time between two checks for new events, in seconds.
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One received attempt to deliver an event.

    Attributes:
        id: Id of the event, the same for every attempt.
        type: Event type, such as ``order.authorized``.
        data: The object the event is about.
        body: The bytes that were signed.
        headers: Headers by their documented names, such as ``Smartpay-Signature``.
        is_signature_valid: Whether the secret signed this timestamp and body.
    """

    id: str
    type: str
    data: dict[str, Any]
    body: bytes
    headers: Mapping[str, str]
    is_signature_valid: bool

    def __repr__(self) -> str:
        note = "" if self.is_signature_valid else ", bad signature"
        return f"<{self.type} {self.id}{note}>"


Handler = Callable[[WebhookEvent], int | None]


class Receiver:
    """Receives the account's webhooks and stores them for assertions.

    It answers 401 to a wrong signature, and otherwise 200 or the status that the
    handler returns. Create it with ``smartpay.webhooks.receive()``.

    Attributes:
        url: URL of the receiver and of the webhook endpoint.
        secret: Signing secret of the endpoint.
        endpoint_id: Id of the webhook endpoint.
        errors: Exceptions of the handler.
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
        # Imports the HTTP server, so only here.
        from smartpay_mock.server import Server  # noqa: PLC0415 - imported when it is used

        self._server = Server(self._app).start()
        self.url = f"{self._server.url}/webhooks"

    @property
    def events(self) -> list[WebhookEvent]:
        """Events with a valid signature, in the order of arrival."""
        return [event for event in self._copy() if event.is_signature_valid]

    @property
    def rejected(self) -> list[WebhookEvent]:
        """Events with a wrong signature."""
        return [event for event in self._copy() if not event.is_signature_valid]

    @property
    def types(self) -> list[str]:
        """The types of ``events``."""
        return [event.type for event in self.events]

    def wait_for(self, count: int = 1, *, timeout_s: float = 2.0) -> list[WebhookEvent]:
        """Deliver what is due, and return the events once there are ``count``.

        It only waits while the code under test works in another thread.

        Args:
            count: Total number of valid events.
            timeout_s: Longest wait, in seconds.

        Raises:
            AssertionError: They did not arrive in time; the text lists those that did.
        """
        __tracebackhide__ = True  # pytest shows the test's own line
        pause = threading.Event()
        for _ in range(max(1, round(timeout_s / _PAUSE_S))):
            self._drain()
            self.raise_errors()
            if len(self.events) >= count:
                return self.events
            pause.wait(_PAUSE_S)
        arrived = ", ".join(self.types) or "none"
        if self.rejected:
            arrived += f", and {len(self.rejected)} with a wrong signature"
        raise AssertionError(
            f"{len(self.events)} of {count} webhooks arrived within {timeout_s:g} s: "
            f"{arrived}. Call smartpay.clock.advance() to deliver retries."
        )

    def assert_received(
        self, types: Sequence[str], *, in_any_order: bool = False
    ) -> list[WebhookEvent]:
        """Deliver what is due, and check that exactly these events arrived.

        Args:
            types: Expected event types, each as often as it must arrive.
            in_any_order: Whether to ignore the order.

        Raises:
            AssertionError: Other events arrived, or in another order.
        """
        __tracebackhide__ = True
        self._drain()
        self.raise_errors()
        expected, arrived = list(types), self.types
        if in_any_order:
            expected, arrived = sorted(expected), sorted(arrived)
        if expected != arrived:
            raise AssertionError(_describe_difference(expected, arrived))
        return self.events

    def raise_errors(self) -> None:
        """Raise the first exception of the handler, once.

        Raises:
            Exception: The handler raised it.
        """
        errors = self.take_errors()
        if errors:
            raise errors[0]

    def take_errors(self) -> list[BaseException]:
        """Return the exceptions of the handler since the last call."""
        errors, self.errors = self.errors, []
        return errors

    def close(self) -> None:
        """Stop receiving and keep the events; a second call does nothing."""
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
        before_waiting()  # the handler may wait
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
            chosen = _status(self._handler(event)) if self._handler else None
        except BaseException as error:  # raised in the test, not here
            self.errors.append(error)
            return _FAILED
        return answer or chosen or _OK


def _status(returned: object) -> int | None:
    """Return the status that a handler returned.

    Raises:
        SandboxUsageError: It is not a status, but for example a whole response.
    """
    if returned is None or (isinstance(returned, int) and returned in _STATUSES):
        return returned
    raise SandboxUsageError(
        f"A webhook handler returned {returned!r}. Return the status to answer with, "
        "such as 200, or None."
    )


def _describe_difference(expected: Sequence[str], arrived: Sequence[str]) -> str:
    """Return how two lists of event types differ."""
    missing = Counter(expected) - Counter(arrived)
    surplus = Counter(arrived) - Counter(expected)
    lines = ["The webhooks that arrived are not the expected ones."]
    if missing:
        lines.append(f"  missing: {_counts(missing)}")
    if surplus:
        lines.append(f"  not expected: {_counts(surplus)}")
    if not missing and not surplus:
        lines.append("  the same events, in another order")
    rows: list[tuple[str, Sequence[str]]] = [("", ("expected", "arrived"))]
    pairs = zip_longest(expected, arrived, fillvalue="-")
    rows += [(f"#{number}", pair) for number, pair in enumerate(pairs, start=1)]
    return "\n".join([*lines, side_by_side(rows)])


def _counts(types: Counter[str]) -> str:
    return ", ".join(
        name if count == 1 else f"{name} (x {count})" for name, count in types.items()
    )


def read_event(environ: Mapping[str, Any], body: bytes, secret: str) -> WebhookEvent:
    """Return the event of a WSGI request."""
    names = (SIGNATURE_HEADER, TIMESTAMP_HEADER, SUBSCRIPTION_HEADER, EVENT_HEADER)
    headers = {
        name: str(environ.get(f"HTTP_{name.upper().replace('-', '_')}", ""))
        for name in names
    } | {"Content-Type": str(environ.get("CONTENT_TYPE", ""))}
    timestamp = whole_number(headers[TIMESTAMP_HEADER])
    event = json.loads(body)
    return WebhookEvent(
        id=event["id"],
        type=event["eventData"]["type"],
        data=event["eventData"]["data"],
        body=body,
        headers=headers,
        is_signature_valid=timestamp is not None
        and verify(secret, timestamp, body, signature=headers[SIGNATURE_HEADER]),
    )


class WebhookFaults(TypedDict, total=False):
    """Faults of webhook deliveries.

    Attributes:
        duplicate: Number of copies to send after each delivery.
        reorder: Send the newest due event first.
        delay_ms: Time between signing and arrival, on the account's clock.
        bad_signature: Number of attempts of each delivery to sign wrongly; ``True``
            for all.
        rotated_secret: Secret to sign with, in place of the endpoint's.
    """

    duplicate: int
    reorder: bool
    delay_ms: int
    bad_signature: int | bool
    rotated_secret: str | None


class Webhooks:
    """Receives and delivers the account's webhooks, with faults if asked to.

    Webhooks are only sent when the test calls ``drain()``, waits for them at a
    receiver, or moves the clock past the time they are due.
    """

    def __init__(self, client: AccountClient) -> None:
        self._client = client
        self.made: list[Receiver] = []

    def receive(
        self,
        types: Sequence[str] = (),
        *,
        handler: Handler | None = None,
        answers: Sequence[int] = (),
        **faults: Unpack[WebhookFaults],
    ) -> Receiver:
        """Start a receiver and register it as a webhook endpoint.

        Use it as a context manager; otherwise it is closed at the end of the test::

            with smartpay.webhooks.receive() as inbox:
                shop.pay()
                inbox.assert_received(["token.used", "order.authorized", ...])

        Args:
            types: Event types to subscribe to; all of them if empty.
            handler: Gets each event, also one with a wrong signature, and returns the
                status to answer with. Its exceptions are raised in the test.
            answers: Statuses of the first answers, such as ``[500, 503]``; then 200.
            **faults: Webhook faults until the receiver is closed.
        """
        self.misbehave(**faults)
        receiver = Receiver(
            handler=handler, answers=answers, drain=self.drain, close=self._unregister
        )
        self.made.append(receiver)
        endpoint = self.register(receiver.url, types)
        receiver.secret = endpoint["signingSecret"]
        receiver.endpoint_id = endpoint["id"]
        return receiver

    def register(self, url: str, types: Sequence[str] = ()) -> dict[str, Any]:
        """Register a webhook endpoint and return it.

        Args:
            url: URL to deliver to, on this machine.
            types: Event types to subscribe to; all of them if empty.
        """
        body: dict[str, Any] = {"url": url}
        if types:
            body["eventSubscriptions"] = list(types)
        endpoint: dict[str, Any] = self._client.call("create_webhook_endpoint", body)
        return endpoint

    def drain(self) -> list[dict[str, Any]]:
        """Deliver everything that is due now; return the result of each attempt."""
        outcomes: list[dict[str, Any]] = self._client.admin("POST", "/webhooks/drain")
        return outcomes

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery with its attempts, oldest first."""
        found: list[dict[str, Any]] = self._client.admin("GET", "/webhooks/deliveries")
        return found

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event, oldest first, sent or not: id, type, createdAt, objectId."""
        found: list[dict[str, Any]] = self._client.admin("GET", "/events")
        return found

    def event(self, id_: str) -> dict[str, Any]:
        """Return an event with its body, also one that no endpoint got.

        Raises:
            NotFoundError: The account keeps no such event.
        """
        found: dict[str, Any] = self._client.admin("GET", "/events/{id}", id_=id_)
        return found

    def trigger(
        self,
        type_: str,
        *,
        object_id: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Cause an event, due at once at each endpoint that subscribes; return it.

        Args:
            type_: Any type of the API, such as ``payout.paid``.
            object_id: Id of the object it is about; an example object if not given.
            data: Members of the object to replace.

        Raises:
            NotFoundError: There is no such object.
            SandboxUsageError: The type is unknown, or the object would be invalid.
        """
        body = {
            "type": type_,
            "objectId": object_id,
            "data": None if data is None else dict(data),
        }
        event: dict[str, Any] = self._client.admin("POST", "/events", body)["event"]
        return event

    def deliver(self, id_: str, *, endpoint: str | None = None) -> list[str]:
        """Make an event due again; return the ids of its new deliveries.

        Args:
            id_: Id of the event.
            endpoint: Id of one endpoint; all that subscribe if not given, also those
                that were created after the event.

        Raises:
            NotFoundError: There is no such event or endpoint.
            SandboxUsageError: No endpoint subscribes to the event.
        """
        path, body = "/events/{id}/deliver", {"endpoint": endpoint}
        made = self._client.admin("POST", path, body, id_=id_)
        return list(made["deliveries"])

    def misbehave(self, **faults: Unpack[WebhookFaults]) -> None:
        """Set the webhook faults from now on; without arguments, remove all."""
        self._client.admin("PUT", "/webhooks/faults", body=faults)

    def close(self) -> None:
        """Stop every receiver."""
        for receiver in self.made:
            receiver.close()

    def _unregister(self, receiver: Receiver) -> None:
        self.misbehave()
        with suppress(SandboxUsageError):  # the test may have deleted it
            self._client.call("delete_webhook_endpoint", id=receiver.endpoint_id)
