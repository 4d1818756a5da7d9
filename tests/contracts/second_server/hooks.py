"""Signed webhook deliveries: several at once, retried soon, on this machine only."""

import hmac
import http.client
import json
import queue
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .state import BASE62, Account, Doc, World, base62, now_ms

WORKERS = 4
PAUSES_S = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
REPLY_TIMEOUT_S = 1.0
# Nothing leaves the machine: a test target must not call strangers' endpoints.
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def encoded(value: Any, *, spaced: bool = False, reverse: bool = True) -> bytes:
    """JSON with members in order of name, backwards; compact unless told otherwise."""
    separators = (", ", ": ") if spaced else (",", ":")
    return json.dumps(_sorted(value, reverse), separators=separators).encode()


def _sorted(value: Any, reverse: bool) -> Any:
    if isinstance(value, dict):
        names = sorted(value, reverse=reverse)
        return {name: _sorted(value[name], reverse) for name in names}
    if isinstance(value, list):
        return [_sorted(entry, reverse) for entry in value]
    return value


def signature(secret: str, timestamp: str, body: bytes, *, decode: bool = True) -> str:
    """HMAC-SHA256 over ``timestamp.body``, keyed with the base62-decoded secret."""
    number = 0
    for character in secret:
        number = number * 62 + BASE62.index(character)
    key = number.to_bytes((number.bit_length() + 7) // 8, "big")
    message = timestamp.encode() + b"." + body
    return hmac.new(key if decode else secret.encode(), message, "sha256").hexdigest()


@dataclass(slots=True)
class Delivery:
    """One event on its way to one endpoint."""

    account: Account
    endpoint: str
    event: str
    body: bytes
    attempt: int = 0


@dataclass(slots=True)
class Hooks:
    """Turns events into deliveries until told to stop."""

    world: World
    closing: threading.Event
    waiting: "queue.SimpleQueue[Delivery | None]" = field(
        default_factory=queue.SimpleQueue
    )
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start the workers."""
        self.threads = [threading.Thread(target=self._work) for _ in range(WORKERS)]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """Give up what is still waiting and end the workers."""
        for _ in self.threads:
            self.waiting.put(None)
        for thread in self.threads:
            thread.join()

    def emit(self, account: Account, event_type: str, data: Doc) -> None:
        """Send an event to each active endpoint that asked for it."""
        if "webhook-never-sent" in self.world.breaks:
            return
        event: Doc = {
            "id": f"evt_test_{base62(21)}",
            "object": "event",
            "createdAt": now_ms(),
            "test": True,
            "livemode": False,
            "eventData": {
                "type": event_type,
                "version": "2023-05-31",
                "data": account.show(data),
            },
        }
        for endpoint in account.shelves["webhookEndpoint"].values():
            wanted = endpoint["eventSubscriptions"] or [event_type]
            if endpoint["active"] and event_type in wanted:
                self.waiting.put(
                    Delivery(account, endpoint["id"], event["id"], encoded(event))
                )

    def _work(self) -> None:
        while (delivery := self.waiting.get()) is not None:
            endpoint = delivery.account.shelves["webhookEndpoint"].get(
                delivery.endpoint
            )
            if self.closing.is_set() or not endpoint or not endpoint["active"]:
                continue
            if not self._is_taken(endpoint, delivery):
                self._again(delivery)

    def _again(self, delivery: Delivery) -> None:
        delivery.attempt += 1
        if delivery.attempt >= len(PAUSES_S):
            return
        timer = threading.Timer(
            PAUSES_S[delivery.attempt], self.waiting.put, (delivery,)
        )
        timer.daemon = True  # a retry that is not due yet never holds up the end
        timer.start()

    def _is_taken(self, endpoint: Doc, delivery: Delivery) -> bool:
        try:
            url = urlsplit(endpoint["url"])
            host, port = url.hostname, url.port
        except ValueError:
            return True
        if url.scheme != "http" or host not in LOOPBACK:
            return True
        timestamp = str(now_ms())
        decode = "webhook-signed-wrong" not in self.world.breaks
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "second-hooks",
            "Smartpay-Signature": signature(
                endpoint["signingSecret"], timestamp, delivery.body, decode=decode
            ),
            "Smartpay-Signature-Timestamp": timestamp,
            "Smartpay-Subscription-Id": delivery.endpoint,
            "Smartpay-Event-Id": delivery.event,
        }
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        return _posted(host, port, path, headers, delivery.body) == 200


def _posted(
    host: str, port: int | None, path: str, headers: dict[str, str], body: bytes
) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=REPLY_TIMEOUT_S)
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
