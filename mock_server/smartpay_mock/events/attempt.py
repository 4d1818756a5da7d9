"""One attempt to deliver a webhook: the HTTP request, and what its result changes.

Nothing here reads or writes the store. Redirects are not followed and no proxy is
used. Certificates are checked, except on loopback, where a receiver may have a
certificate of its own. *Assumed.*
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any

from smartpay_mock.events.destinations import (
    Destination,
    Destinations,
    UndeliverableError,
)
from smartpay_mock.events.faults import KIND as FAULTS_MEMBER
from smartpay_mock.events.faults import WebhookFaults
from smartpay_mock.events.outbox import BLOCKED, DELIVERED, DROPPED, FAILED, PENDING
from smartpay_mock.events.schedule import TIMEOUT_MS
from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    sign,
)
from smartpay_mock.kernel.clock import SECOND_MS

Document = dict[str, Any]

SEND_ERRORS = (OSError, HTTPException)
"""Exceptions of a failed attempt; any other one is a defect of the emulator."""

# How much of a response body is read, so that the receiver can finish writing.
_ANSWER_BYTES = 65_536


# -- sending ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Post:
    """One HTTP request, ready to be sent.

    Attributes:
        destination: Where to.
        headers: Names as they are sent.
        body: The bytes that were signed.
        timeout_ms: Limit for connecting and for each wait for bytes.
    """

    destination: Destination
    headers: Mapping[str, str]
    body: bytes
    timeout_ms: int


Send = Callable[[Post], int]


def send_post(post: Post) -> int:
    """Send one request and return the HTTP status of the answer.

    Raises:
        OSError: No connection, or no answer in time.
        HTTPException: The answer is not HTTP.
    """
    destination = post.destination
    timeout_s = post.timeout_ms / SECOND_MS
    connection = HTTPConnection(destination.host, destination.port, timeout=timeout_s)
    with ExitStack() as stack:
        # The socket is made here, so that it connects to the address that was checked.
        connection.sock = stack.enter_context(_connect(destination, timeout_s))
        if destination.scheme == "https":
            tls = _tls(is_checked=not destination.is_loopback)
            secure = tls.wrap_socket(connection.sock, server_hostname=destination.host)
            connection.sock = stack.enter_context(secure)
        headers = {
            "Host": destination.authority,
            **post.headers,
            "Connection": "close",
        }
        connection.request("POST", destination.target, post.body, headers)
        with connection.getresponse() as response:
            with suppress(*SEND_ERRORS):  # only the status counts
                response.read(_ANSWER_BYTES)
            return response.status


def explain_failure(error: BaseException, post: Post) -> str:
    """Return why an attempt got no status."""
    host, port = post.destination.host, post.destination.port
    if isinstance(error, TimeoutError):
        return f"no answer within {post.timeout_ms} ms from {host}:{port}"
    if isinstance(error, ConnectionRefusedError):
        return f"connection refused: nothing listens at {host}:{port}"
    return f"{type(error).__name__}: {error}"


def _connect(destination: Destination, timeout_s: float) -> socket.socket:
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


# -- attempts --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """A due delivery with everything that an attempt needs.

    Attributes:
        account: The account.
        delivery: The delivery's document.
        body: The bytes to send.
        endpoint: The current webhook endpoint, ``None`` if it was deleted.
        faults: The account's webhook faults.
        retry_after_ms: The account's pauses between attempts; ``None`` for the
            emulator's.
    """

    account: str
    delivery: Document
    body: bytes
    endpoint: Document | None
    faults: WebhookFaults
    retry_after_ms: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of an attempt.

    Attributes:
        changes: New values of the delivery's members.
        attempts: Records to append to the delivery's attempts.
        is_outcome: Whether a drain reports it; a delay is not reported.
    """

    changes: Document
    attempts: list[Document] = field(default_factory=list)
    is_outcome: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes attempts.

    Attributes:
        clock_of: Returns the time of an account, in milliseconds since the epoch.
        send: Sends one request and returns the HTTP status.
        destinations: Decides which URLs are allowed.
        retry_after_ms: Pauses between attempts.
    """

    clock_of: Callable[[str], int]
    send: Send
    destinations: Destinations
    retry_after_ms: Sequence[int]

    def make(self, job: Job) -> AttemptResult:
        """Make one attempt, unless the delivery is dropped, blocked or delayed.

        An attempt that is due later than the account's clock shows, as in a drain
        ahead of time, happens at its due time.
        """
        at = max(self.clock_of(job.account), job.delivery["nextAttemptAt"])
        endpoint = job.endpoint
        if endpoint is None:
            return AttemptResult(_next(DROPPED, "the webhook endpoint was deleted"))
        if not endpoint.get("active", True):
            reason = "the webhook endpoint is not active; activate it and replay"
            return AttemptResult(_next(DROPPED, reason))
        if job.faults.delay_ms and job.delivery["_signedAt"] is None:
            later = {"nextAttemptAt": at + job.faults.delay_ms, "_signedAt": at}
            return AttemptResult(later, is_outcome=False)
        url = {"url": endpoint["url"]}
        try:
            destination = self.destinations.find(endpoint["url"])
        except UndeliverableError as error:
            return AttemptResult(_next(BLOCKED, str(error)) | url)
        except OSError as error:
            attempts = [{"at": at, "error": f"no address: {error}", "ms": 0}]
        else:
            attempts = self._send(job, endpoint, destination, at=at)
        tries = job.delivery["_tries"] + 1
        changes = self._after(job, tries, attempts[0]) | url | {"_tries": tries}
        return AttemptResult(changes, attempts)

    def _send(
        self, job: Job, endpoint: Document, destination: Destination, *, at: int
    ) -> list[Document]:
        """Send one attempt, and its duplicates if it was acknowledged."""
        signed_at = job.delivery["_signedAt"] or at
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: _signature(job, endpoint, signed_at),
            TIMESTAMP_HEADER: str(signed_at),
            SUBSCRIPTION_HEADER: endpoint["id"],
            EVENT_HEADER: job.delivery["event"],
        }
        post = Post(destination, headers, job.body, TIMEOUT_MS)
        faults = job.faults.of_attempt(job.delivery["_tries"])
        attempts = [self._send_once(job.account, post, at=at, faults=faults)]
        if _is_acknowledged(attempts[0]):
            faults = [*faults, "duplicate"]
            attempts += [
                self._send_once(job.account, post, at=at, faults=faults)
                for _ in range(job.faults.duplicate)
            ]
        return attempts

    def _send_once(
        self, account: str, post: Post, *, at: int, faults: list[str]
    ) -> Document:
        started = self.clock_of(account)
        answer: Document
        try:
            answer = {"status": self.send(post)}
        except SEND_ERRORS as error:
            answer = {"error": explain_failure(error, post)}
        answer["ms"] = self.clock_of(account) - started
        return {"at": at, **answer, **({FAULTS_MEMBER: faults} if faults else {})}

    def _after(self, job: Job, tries: int, attempt: Document) -> Document:
        """Return what the last of ``tries`` attempts changes in the delivery."""
        if _is_acknowledged(attempt):
            return _next(DELIVERED)
        pauses = job.retry_after_ms
        if pauses is None:
            pauses = self.retry_after_ms
        if tries <= len(pauses):
            return _next(PENDING, due=attempt["at"] + pauses[tries - 1])
        reason = f"none of {tries} attempts was answered with 200"
        return _next(FAILED, f"{reason}; fix the receiver and replay")


def _next(state: str, reason: str | None = None, *, due: int | None = None) -> Document:
    return {"state": state, "reason": reason, "nextAttemptAt": due, "_signedAt": None}


def _is_acknowledged(attempt: Document) -> bool:
    """Return whether the receiver answered exactly 200.

    Source: docs:/reference/webhooks-overview.
    """
    return bool(attempt.get("status") == HTTPStatus.OK)


def _signature(job: Job, endpoint: Document, signed_at: int) -> str:
    secret = job.faults.rotated_secret or endpoint["signingSecret"]
    signature = sign(secret, signed_at, job.body)
    if job.faults.has_bad_signature(job.delivery["_tries"]):
        # Every digit changes: still 64 hex digits, but never the right ones.
        return signature.translate(
            str.maketrans("0123456789abcdef", "123456789abcdef0")
        )
    return signature
